/** Whose commit it was, when the hook did not run inside a session. */

import { type LiveClient, liveClients } from '../claude/live.ts'
import { findSession, type SessionFile, sessionsOfWorktree } from '../claude/locate.ts'
import { type MessageAt, messagesAt } from '../claude/message-at.ts'
import { isInside } from '../claude/platform-path.ts'
import { startedAtMs } from '../claude/process-start.ts'
import type { SessionId } from '../model.ts'
import { sessionWindowMs } from './automation.ts'
import type { Workspace } from './workspace.ts'

export interface Moment {
  /** Known from the hook's environment. */
  readonly session: SessionId | null
  /** Top of the work tree that was committed in. */
  readonly top: string
  readonly timeMs: number
}

export interface Author {
  readonly session: SessionId
  /** uuid of its last message then; null when its transcript is not here, or holds nothing that old. */
  readonly message: string | null
}

/** For each moment the session that made the commit, or null. Each transcript is looked through once. */
export async function authorsOf(
  ws: Workspace,
  moments: readonly Moment[],
): Promise<readonly (Author | null)[]> {
  const authors: (Author | null)[] = moments.map(() => null)
  const groups = new Map<string, number[]>()
  for (const [index, { session, top }] of moments.entries()) {
    const key = session ?? `in ${top}`
    groups.set(key, [...(groups.get(key) ?? []), index])
  }
  for (const group of groups.values()) {
    const here = group.flatMap((index) => moments[index] ?? [])
    const [first] = here
    if (!first) continue
    const times = here.map(({ timeMs }) => timeMs)
    const found =
      first.session === null
        ? await authorsIn(ws, first.top, times)
        : await messagesOf(ws, first.session, times)
    for (const [at, index] of group.entries()) authors[index] = found[at] ?? null
  }
  return authors
}

async function messagesOf(
  ws: Workspace,
  session: SessionId,
  times: readonly number[],
): Promise<readonly Author[]> {
  const [file] = await findSession(ws.claude, session)
  const found = file ? await messagesAt(file, times) : []
  return times.map((_time, at) => ({ session, message: found[at]?.uuid ?? null }))
}

/**
 * A client that was open in this work tree then, else the session that was written last within the window. A session
 * counts by what it had said until then, whatever became of it since.
 */
async function authorsIn(
  ws: Workspace,
  top: string,
  times: readonly number[],
): Promise<readonly (Author | null)[]> {
  const windowMs = await sessionWindowMs(ws)
  const open = await openClients(ws, top)
  const earliest = Math.min(...times)
  const files = (await sessionsOfWorktree(ws.claude, top)).filter(
    (file) => open.has(file.session) || file.mtimeMs >= earliest - windowMs,
  )
  const candidates = await Promise.all(files.map((file) => candidate(file, times, open.get(file.session))))
  return times.map((timeMs, at) => {
    const alive = candidates.filter(({ sinceMs }) => sinceMs <= timeMs)
    const recent = candidates.filter(({ found }) => timeMs - (found[at]?.timeMs ?? -Infinity) <= windowMs)
    return newest(alive, at) ?? newest(recent, at)
  })
}

interface Candidate {
  readonly file: SessionFile
  readonly found: readonly (MessageAt | null)[]
  /** Since when a client has it open. */
  readonly sinceMs: number
}

async function candidate(
  file: SessionFile,
  times: readonly number[],
  sinceMs: number | undefined,
): Promise<Candidate> {
  return { file, found: await messagesAt(file, times), sinceMs: sinceMs ?? Number.POSITIVE_INFINITY }
}

function newest(candidates: readonly Candidate[], at: number): Author | null {
  const said = candidates.flatMap(({ file, found }) => {
    const message = found[at]
    return message ? [{ session: file.session, message: message.uuid, timeMs: message.timeMs }] : []
  })
  const [last] = said.sort((a, b) => b.timeMs - a.timeMs)
  return last ? { session: last.session, message: last.message } : null
}

/** The system's clock of processes is a second more or less. */
const clockSlackMs = 1500

/** Since when each session is open in a client of this work tree. Where nobody can tell, since ever. */
async function openClients(ws: Workspace, top: string): Promise<ReadonlyMap<SessionId, number>> {
  const here = (client: LiveClient) => isInside(client.cwd, top, ws.claude.platform)
  const open = new Map<SessionId, number>()
  for (const client of (await liveClients(ws.claude)).filter(here)) {
    open.set(client.session, ((await startedAtMs(client.pid)) ?? 0) - clockSlackMs)
  }
  return open
}
