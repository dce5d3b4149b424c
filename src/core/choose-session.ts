/** Which session of this machine a command is about. */

import { type LiveClient, liveClients } from '../claude/live.ts'
import { findSession, findSessionsByPrefix, type SessionFile, sessionsOfWorktree } from '../claude/locate.ts'
import { TeleportError } from '../errors.ts'
import { isSessionId, isSessionPrefix, parseSessionId, type SessionId } from '../model.ts'
import { askForLocal } from './session-choice.ts'
import type { Workspace } from './workspace.ts'

/**
 * The id given; else the one this runs inside; else the only one that is open in this work tree; else the newest of it,
 * or with `ask` the one that a person chooses. Throws `no-session` or `ambiguous-session`.
 */
export async function chooseSession(
  ws: Workspace,
  wanted: string | undefined,
  ask = false,
): Promise<SessionFile> {
  if (wanted !== undefined) return sessionNamed(ws, wanted)
  const inside = ws.world.env['CLAUDE_CODE_SESSION_ID']
  if (inside && isSessionId(inside)) {
    const [file] = await findSession(ws.claude, inside)
    if (file) return file
  }
  return newestSession(ws, ask)
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

async function newestSession(ws: Workspace, ask: boolean): Promise<SessionFile> {
  const files = await sessionsOfWorktree(ws.claude, ws.repo.top)
  const [newest] = files
  if (!newest) {
    throw new TeleportError('no-session', `no Claude Code session was started in ${ws.repo.top}`, {
      hint: 'start one with: claude',
    })
  }
  const open = openHere(await liveClients(ws.claude), files)
  if (open.size === 1) return files.find((file) => open.has(file.session)) ?? newest
  if (open.size > 1) {
    const several = files.filter((file) => open.has(file.session))
    const chosen = await askForLocal(ws, 'Several sessions are open here. Which one?', several, open)
    if (chosen) return chosen
    throw ambiguous('several sessions are open in this work tree', open)
  }
  const ids = new Set(files.map((file) => file.session))
  const asked = ask && ids.size > 1 ? await askForLocal(ws, 'Which session?', files, open) : undefined
  return asked ?? newest
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
