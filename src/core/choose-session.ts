/** Which session of this machine a command is about. */

import { type LiveClient, liveClients } from '../claude/live.ts'
import { findSession, findSessionsByPrefix, type SessionFile, sessionsOfWorktree } from '../claude/locate.ts'
import { TeleportError } from '../errors.ts'
import { isSessionId, isSessionPrefix, parseSessionId, type SessionId } from '../model.ts'
import type { Workspace } from './workspace.ts'

/**
 * The id given; else the one this runs inside; else the newest of this work tree.
 * Throws `no-session` or `ambiguous-session`.
 */
export async function chooseSession(ws: Workspace, wanted: string | undefined): Promise<SessionFile> {
  if (wanted !== undefined) return sessionNamed(ws, wanted)
  const inside = ws.world.env['CLAUDE_CODE_SESSION_ID']
  if (inside && isSessionId(inside)) {
    const [file] = await findSession(ws.claude, inside)
    if (file) return file
  }
  return newestSession(ws)
}

async function sessionNamed(ws: Workspace, wanted: string): Promise<SessionFile> {
  const prefix = wanted.toLowerCase()
  if (!isSessionPrefix(prefix)) parseSessionId(wanted)
  const files = isSessionId(prefix)
    ? await findSession(ws.claude, prefix)
    : await findSessionsByPrefix(ws.claude, prefix)
  const [newest] = files
  if (!newest) {
    throw new TeleportError('no-session', `no session ${wanted} on this machine`, {
      hint: `git teleport pull ${wanted}`,
    })
  }
  const ids = new Set(files.map((file) => file.session))
  if (ids.size > 1) throw ambiguous(`"${wanted}" fits ${ids.size} sessions`, ids)
  return newest
}

async function newestSession(ws: Workspace): Promise<SessionFile> {
  const files = await sessionsOfWorktree(ws.claude, ws.repo.top)
  const [newest] = files
  if (!newest) {
    throw new TeleportError('no-session', `no Claude Code session was started in ${ws.repo.top}`, {
      hint: 'start one with: claude',
    })
  }
  const open = openHere(await liveClients(ws.claude), files)
  const wanted = open.size > 1 ? await askWhich(ws, open) : [...open][0]
  return files.find((file) => file.session === wanted) ?? newest
}

async function askWhich(ws: Workspace, open: ReadonlySet<SessionId>): Promise<string> {
  const choices = [...open].map((session) => ({ value: session, label: session }))
  const chosen = await ws.world.choose('Several sessions are open here. Which one?', choices)
  if (chosen !== undefined) return chosen
  throw ambiguous('several sessions are open in this work tree', open)
}

function openHere(clients: readonly LiveClient[], files: readonly SessionFile[]): ReadonlySet<SessionId> {
  const known = new Set(files.map((file) => file.session))
  return new Set(clients.map((client) => client.session).filter((session) => known.has(session)))
}

/** Throws nothing: makes the error that names the candidates. */
export function ambiguous(what: string, sessions: Iterable<SessionId>): TeleportError {
  const ids = [...sessions]
  return new TeleportError(
    'ambiguous-session',
    `${what}: ${ids.slice(0, 5).join(' ')}${ids.length > 5 ? ' …' : ''}`,
    {
      hint: 'name one of them, or see: git teleport list',
      data: { sessions: ids },
    },
  )
}
