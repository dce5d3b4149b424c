/** `status`: how the sessions of this work tree stand to the remote, by what this machine knows; nothing is fetched. */

import { parseProblem } from '../bundle/worker-state.ts'
import { type Collected, collectSession } from '../claude/collect.ts'
import { liveClients } from '../claude/live.ts'
import { type SessionFile, sessionsOfWorktree } from '../claude/locate.ts'
import { hasCode } from '../errors.ts'
import { storeSize } from '../git-store/maintenance.ts'
import { readProblem } from '../git-store/worker-files.ts'
import type { Oid, SessionId, SessionRecord } from '../model.ts'
import { changesSince } from './classify.ts'
import { drainQueue } from './hook-queue.ts'
import { type Automation, automationOf } from './hook-status.ts'
import { keyState } from './key.ts'
import { readRecord } from './records.ts'
import { type Workspace, withWorkspace } from './workspace.ts'
import type { World } from './world.ts'

export interface StatusOptions {
  readonly remote?: string | undefined
}

export interface SessionStatus {
  readonly session: SessionId
  readonly title: string | null
  readonly messages: number
  readonly sizeBytes: number
  /** `never`: not pushed to this remote from here. `unsure`: a push was cut off; the next command finds out. */
  readonly state: 'never' | 'pushed' | 'local-ahead' | 'unsure'
  /** Bytes that a push would add. */
  readonly pendingBytes: number
  readonly seq: number
  readonly commit: Oid | null
  readonly expires: string | null
  readonly live: boolean
}

export interface Status {
  readonly remote: { readonly name: string; readonly url: string }
  readonly device: string | null
  readonly storeBytes: number
  readonly automation: Automation
  readonly sessions: readonly SessionStatus[]
}

export async function readStatus(world: World, options: StatusOptions): Promise<Status> {
  return withWorkspace(world, options, async (ws) => {
    const problem = parseProblem(await readProblem(ws.store))
    await drainQueue(ws, { waitMs: 0 })
    const live = new Set((await liveClients(ws.claude)).map((client) => client.session))
    const sessions: SessionStatus[] = []
    for (const file of await sessionsOfWorktree(ws.claude, ws.repo.top)) {
      const status = await statusOf(ws, file, live.has(file.session))
      if (status) sessions.push(status)
    }
    return {
      remote: { name: ws.remote.name, url: ws.remote.url },
      device: await keyState(world),
      storeBytes: (await storeSize(ws.store.dir)).bytes,
      automation: await automationOf(ws, problem),
      sessions,
    }
  })
}

/** Null for a session without conversation. */
async function statusOf(ws: Workspace, file: SessionFile, live: boolean): Promise<SessionStatus | null> {
  const record = await readRecord(ws, file.session)
  try {
    const previousScan = record.current?.scan ?? null
    const collected = await collectSession(ws.claude, file, { top: ws.repo.top, previousScan })
    return { ...(await standing(record, collected)), ...about(file, collected), live }
  } catch (error) {
    if (hasCode(error, 'empty-session')) return null
    throw error
  }
}

function about(
  file: SessionFile,
  collected: Collected,
): Pick<SessionStatus, 'session' | 'title' | 'messages' | 'sizeBytes'> {
  const { title, messages } = collected.scan
  return { session: file.session, title, messages, sizeBytes: file.sizeBytes }
}

async function standing(
  record: SessionRecord,
  collected: Collected,
): Promise<Pick<SessionStatus, 'state' | 'pendingBytes' | 'seq' | 'commit' | 'expires'>> {
  const { current, pending } = record
  if (!current) {
    const pendingBytes = collected.files.reduce((sum, file) => sum + file.size, 0)
    return { state: pending ? 'unsure' : 'never', pendingBytes, seq: 0, commit: null, expires: null }
  }
  const { delta, changed } = await changesSince(collected, current)
  const state = pending ? 'unsure' : changed ? 'local-ahead' : 'pushed'
  return {
    state,
    pendingBytes: delta.bytes,
    seq: current.seq,
    commit: current.commit,
    expires: current.expires,
  }
}
