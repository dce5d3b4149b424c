/** `status`: how the sessions of this work tree stand to the remote, by what this machine knows; nothing is fetched. */

import { codeNames } from '../bundle/code-state.ts'
import { parseProblem } from '../bundle/worker-state.ts'
import { type Collected, collectSession } from '../claude/collect.ts'
import { liveClients } from '../claude/live.ts'
import { type SessionFile, sessionsOfWorktree } from '../claude/locate.ts'
import { hasCode, TeleportError } from '../errors.ts'
import { storeSize } from '../git-store/maintenance.ts'
import { readProblem } from '../git-store/worker-files.ts'
import type { Holder, Oid, SessionId, SessionRecord, SessionState } from '../model.ts'
import { hasExpired } from '../trust/binding.ts'
import { isShared, readerNames, readersChanged } from './audience.ts'
import { type AutoStatus, autoStatus } from './auto.ts'
import { changesSince, hasShrunk } from './classify.ts'
import { loadDevice } from './device.ts'
import { drainQueue } from './hook-queue.ts'
import { type Automation, automationOf } from './hook-status.ts'
import { keyState } from './key.ts'
import { knownPeople, type People } from './people.ts'
import { travelling } from './push-audience.ts'
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
  /** `never`: not pushed to this remote from here. `older`: shorter than what was pushed. `unsure`: a push was cut off; the next command finds out. */
  readonly state: 'never' | 'pushed' | 'local-ahead' | 'older' | 'unsure'
  /** Bytes that a push would add. */
  readonly pendingBytes: number
  readonly seq: number
  readonly commit: Oid | null
  readonly expires: string | null
  /** It has ended on the remote; the copy here stays. */
  readonly expired: boolean
  /** Who has it now, after a hand-off. */
  readonly holder: Holder | null
  /** `you`, members by name, `+2 readers`; empty for what was never pushed. */
  readonly readableBy: readonly string[]
  /** The team, or the list of one's own devices, is not what it was when the readers were chosen. */
  readonly readersChanged: boolean
  readonly live: boolean
  /** The last push carries code changes. */
  readonly changes: boolean
}

export interface Status {
  readonly remote: { readonly name: string; readonly url: string }
  readonly device: string | null
  readonly storeBytes: number
  readonly automation: Automation
  /** Conversations that are sent by themselves. */
  readonly auto: AutoStatus
  readonly sessions: readonly SessionStatus[]
}

export async function readStatus(world: World, options: StatusOptions): Promise<Status> {
  return withWorkspace(world, options, async (ws) => {
    const problem = parseProblem(await readProblem(ws.store))
    await drainQueue(ws, { waitMs: 0 })
    const live = new Set((await liveClients(ws.claude)).map((client) => client.session))
    const people = await peopleHere(ws)
    const sessions: SessionStatus[] = []
    for (const file of await sessionsOfWorktree(ws.claude, ws.repo.top)) {
      const status = await statusOf(ws, file, live.has(file.session), people)
      if (status) sessions.push(status)
    }
    return {
      remote: { name: ws.remote.name, url: ws.remote.url },
      device: await keyState(world),
      storeBytes: (await storeSize(ws.store.dir)).bytes,
      automation: await automationOf(ws, problem),
      auto: await autoStatus(ws),
      sessions,
    }
  })
}

/** By what this machine knows; null when it has no key. */
async function peopleHere(ws: Workspace): Promise<People | null> {
  try {
    return await knownPeople(ws, await loadDevice(ws.world, ws.repo), 'pinned')
  } catch (error) {
    if (error instanceof TeleportError) return null
    throw error
  }
}

/** Null for a session without conversation. */
async function statusOf(
  ws: Workspace,
  file: SessionFile,
  live: boolean,
  people: People | null,
): Promise<SessionStatus | null> {
  const record = await readRecord(ws, file.session)
  try {
    const previousScan = record.current?.scan ?? null
    const collected = await collectSession(ws.claude, file, { top: ws.repo.top, previousScan })
    return {
      ...(await standing(record, travels(collected, record.current, people))),
      ...about(file, collected),
      ...readersOf(record.current, people),
      expired: hasEnded(ws, record.current),
      live,
    }
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

function travels(collected: Collected, state: SessionState | null, people: People | null): Collected {
  const shared = state !== null && people !== null && isShared(state.audience, people.own)
  return { ...collected, files: travelling(collected.files, shared) }
}

function readersOf(
  state: SessionState | null,
  people: People | null,
): Pick<SessionStatus, 'holder' | 'readableBy' | 'readersChanged'> {
  const holder = state?.manifest.holder ?? null
  if (!state || !people) return { holder, readableBy: [], readersChanged: false }
  return {
    holder,
    readableBy: readerNames(people, state.audience),
    readersChanged: readersChanged(people, state.manifest),
  }
}

function hasEnded(ws: Workspace, state: SessionState | null): boolean {
  return state !== null && state.expires !== null && hasExpired(state.expires, ws.world.now())
}

async function standing(
  record: SessionRecord,
  collected: Collected,
): Promise<Pick<SessionStatus, 'state' | 'pendingBytes' | 'seq' | 'commit' | 'expires' | 'changes'>> {
  const { current, pending } = record
  if (!current) {
    const pendingBytes = collected.files.reduce((sum, file) => sum + file.size, 0)
    return {
      state: pending ? 'unsure' : 'never',
      pendingBytes,
      seq: 0,
      commit: null,
      expires: null,
      changes: false,
    }
  }
  const { delta, changed } = await changesSince(collected, current)
  const ahead = hasShrunk(collected, current) ? 'older' : changed ? 'local-ahead' : 'pushed'
  const state = pending ? 'unsure' : ahead
  return {
    state,
    pendingBytes: delta.bytes,
    seq: current.seq,
    commit: current.commit,
    expires: current.expires,
    changes: carriesCode(current),
  }
}

function carriesCode({ files }: SessionState): boolean {
  const state = files[codeNames.state]
  return state !== undefined && !state.gone
}
