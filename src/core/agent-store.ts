/** A session store for programs: rows are kept here first, sent as pushes, and loaded from the remote wherever they are wanted. */

import {
  type AgentHome,
  agentFile,
  agentLockFolder,
  agentSubpaths,
  agentTranscript,
  heldSessions,
  readAgentRows,
  readSent,
  removeHeld,
  settleTranscripts,
  transcriptStamp,
  writeAgentMeta,
  writeSent,
} from '../claude/agent-home.ts'
import { type AgentRow, isAgentRow, makeRowAppender } from '../claude/append-rows.ts'
import { encodeProjectPath, longestPlainName, projectDirName } from '../claude/project-dir.ts'
import { hasCode, TeleportError } from '../errors.ts'
import { withStoreLock } from '../git-store/lock.ts'
import { isSessionId, parseSessionId, type SessionId } from '../model.ts'
import { agentPlace } from './agent-place.ts'
import { type FoldSummary, type SessionSummary, summaryOf } from './agent-summary.ts'
import { listSessions } from './list.ts'
import { pullSession } from './pull.ts'
import { pushSession } from './push.ts'
import type { PushOptions, PushResult } from './push-job.ts'
import { forgetRecord } from './records.ts'
import { removeSession } from './rm.ts'
import { withLockedWorkspace } from './workspace.ts'
import type { World } from './world.ts'

export type { AgentRow } from '../claude/append-rows.ts'

/** Which transcript: the session's own, or with `subpath` one of its subagents'. */
export interface StoreKey {
  readonly projectKey: string
  readonly sessionId: string
  readonly subpath?: string
}

export interface StoreOptions {
  readonly remote?: string | undefined
  /** Who may read what is sent, as `push --to` has it. Undefined: what the session has, else what the settings say. */
  readonly to?: readonly string[] | undefined
  /** Days from the last push, null for never. Undefined: 30, or what the policy says. */
  readonly expiresDays?: number | null | undefined
  /** The policy commit that is accepted at first sight without a question. */
  readonly trustPolicy?: string | undefined
  /** The remote may be one that everybody can read. */
  readonly public?: boolean
  /** Others get the session as it is, secrets included. */
  readonly noRedact?: boolean
  /** When what was appended is sent: so long after it at the latest (30 s), with so many bytes (256 KiB), after each turn (true). */
  readonly sendAfterMs?: number
  readonly sendBytes?: number
  readonly sendAfterTurn?: boolean
  /** Project keys that mean this repository too, beside its own and the folder names of this checkout. */
  readonly projectKeys?: readonly string[]
  /** The SDK's function of this name. Without it there are no summaries, and the SDK loads what it lists. */
  readonly foldSessionSummary?: FoldSummary
  readonly onSent?: (result: PushResult) => void
  /** What was to be sent in the background and was not. It is kept, and sent with what comes next or by `flush`. */
  readonly onProblem?: (error: TeleportError, session: SessionId) => void
  /** Runs `work` later and returns what calls that off. Otherwise a timer that keeps no process alive. */
  readonly later?: (ms: number, work: () => void) => () => void
}

export interface AgentStore {
  /** The same on every machine: what the repository is called in signatures. */
  readonly projectKey: string
  /** Resolves when the disk has the entries; they are sent later. */
  append(key: StoreKey, entries: readonly AgentRow[]): Promise<void>
  /** What the remote has and what was appended here. Null for a session that nobody knows. Throws `diverged`. */
  load(key: StoreKey): Promise<AgentRow[] | null>
  listSessions(projectKey: string): Promise<{ sessionId: string; mtime: number }[]>
  listSessionSummaries?(projectKey: string): Promise<SessionSummary[]>
  /** From this machine and from the remote, at once. */
  delete(key: StoreKey): Promise<void>
  listSubkeys(key: { readonly projectKey: string; readonly sessionId: string }): Promise<string[]>
  /** Sends what has not been sent, of one session or of all. Throws what a push throws, such as `diverged`. */
  flush(sessionId?: string): Promise<void>
  /** After `diverged`: the remote's is replaced, this one is, or this one goes on under a new id, which is returned. */
  settle(sessionId: string, keep: 'mine' | 'theirs' | 'both'): Promise<string>
  /** Sends everything and sends nothing more by itself. */
  close(): Promise<void>
}

const defaultAfterMs = 30_000
const defaultBytes = 256 * 1024
/** Rows that end a turn come in more than one batch. */
const afterTurnMs = 300

/**
 * `world.cwd` must be in a checkout of the repository. What it keeps lies beside the command line's private store, and
 * stands to it as another machine with the same key would. Throws `no-repository`, `no-remote`.
 */
export async function openAgentStore(world: World, options: StoreOptions = {}): Promise<AgentStore> {
  const { world: inner, ...place } = await agentPlace(world, options.remote)
  return makeStore({ world: inner, options, home: { config: place.config }, ...place })
}

interface Inside {
  readonly world: World
  readonly options: StoreOptions
  readonly home: AgentHome
  readonly top: string
  readonly projectKey: string
}

function makeStore(inside: Inside): AgentStore {
  const { world, options, home, projectKey } = inside
  const appender = makeRowAppender()
  const sender = makeSender(inside)
  const inTurn = makeTurns()
  const isOurs = (key: string) => meansProject(inside, key)

  const load = async ({ projectKey: key, sessionId, subpath }: StoreKey): Promise<AgentRow[] | null> => {
    const session = isOurs(key) ? knownId(sessionId) : undefined
    if (session === undefined) return null
    // A session's subagents are loaded right after it, and come with it.
    const isHere = (await transcriptStamp(home, session)) !== undefined
    if (subpath === undefined || !isHere) await sender.alone(() => fetchNewest(inside, session))
    const rows = await readAgentRows(home, session, subpath)
    return rows && [...rows]
  }

  const store: AgentStore = {
    projectKey,
    load,
    async append({ projectKey: key, sessionId, subpath }, entries) {
      if (!isOurs(key)) throw foreignProject(key, projectKey)
      const session = parseSessionId(sessionId)
      const file = agentTranscript(home, session, subpath)
      for (const entry of entries) if (!isAgentRow(entry)) throw noRow()
      const bytes = await inTurn(session, () =>
        withSessionLock(home, session, async () => {
          const added = await appender.append(file, agentFile(home, 'intent', session), entries)
          if (subpath !== undefined) await writeAgentMeta(home, session, subpath, entries)
          return added
        }),
      )
      if (bytes > 0) sender.note(session, bytes, subpath === undefined && entries.some(endsTurn))
    },
    async listSessions(key) {
      if (!isOurs(key)) return []
      const { remote, trustPolicy } = options
      const held = new Map((await heldSessions(home)).map(({ session, mtimeMs }) => [session, mtimeMs]))
      const listed = await sender.alone(() => listSessions(world, { remote, trustPolicy }))
      for (const { session, updated, state } of listed) {
        const here = held.get(session)
        const isBehind = state !== 'same' && state !== 'local-ahead'
        if (here === undefined || isBehind) held.set(session, Math.max(here ?? 0, Date.parse(updated)))
      }
      return [...held].map(([sessionId, mtime]) => ({ sessionId, mtime }))
    },
    async delete({ projectKey: key, sessionId, subpath }) {
      const session = isOurs(key) ? knownId(sessionId) : undefined
      if (session === undefined) return
      if (subpath === undefined) sender.forget(session)
      await sender.alone(async () => {
        if (subpath === undefined) await removeEverywhere(inside, session)
        await withSessionLock(home, session, () => removeHeld(home, session, subpath))
      })
      if (subpath !== undefined) sender.note(session, 0, false)
    },
    async listSubkeys({ projectKey: key, sessionId }) {
      const session = isOurs(key) ? knownId(sessionId) : undefined
      if (session === undefined) return []
      if (!(await transcriptStamp(home, session))) await load({ projectKey: key, sessionId })
      return [...(await agentSubpaths(home, session))]
    },
    async flush(sessionId) {
      const session = sessionId === undefined ? undefined : parseSessionId(sessionId)
      await sender.flush(session)
    },
    async settle(sessionId, keep) {
      const session = parseSessionId(sessionId)
      return sender.alone(() => settleDiverged(inside, session, keep))
    },
    close: () => sender.close(),
  }
  const fold = options.foldSessionSummary
  if (!fold) return store
  return {
    ...store,
    async listSessionSummaries(key) {
      if (!isOurs(key)) return []
      const held = await heldSessions(home)
      const summaries = await Promise.all(
        held.map(({ session, mtimeMs }) =>
          withSessionLock(home, session, () => summaryOf(home, fold, { projectKey, session, mtimeMs })),
        ),
      )
      return summaries.filter((summary) => summary !== undefined)
    },
  }
}

interface Sender {
  /** One at a time: what works on the private store waits for what does. */
  alone<T>(work: () => Promise<T>): Promise<T>
  note(session: SessionId, bytes: number, turnEnded: boolean): void
  forget(session: SessionId): void
  flush(session: SessionId | undefined): Promise<void>
  close(): Promise<void>
}

/** Decides when something is sent. */
function makeSender(inside: Inside): Sender {
  const { options, home, world } = inside
  const { later = timer, onProblem } = options
  const waiting = new Map<SessionId, { readonly dueMs: number; readonly callOff: () => void }>()
  const unsent = new Map<SessionId, number>()
  let last: Promise<unknown> = Promise.resolve()
  let closed = false

  const alone = <T>(work: () => Promise<T>): Promise<T> => {
    const next = last.then(work, work)
    last = next.catch(() => undefined)
    return next
  }
  const forget = (session: SessionId) => {
    waiting.get(session)?.callOff()
    waiting.delete(session)
    unsent.delete(session)
  }
  const send = (session: SessionId) => {
    forget(session)
    return alone(() => sendNew(inside, session))
  }
  const inBackground = (session: SessionId) => {
    send(session).catch((cause: unknown) => {
      const error =
        cause instanceof TeleportError
          ? cause
          : new TeleportError('bug', `${session} was not sent`, { cause })
      if (onProblem) onProblem(error, session)
      else world.note(`session ${session} was not sent: ${error.message}`)
      if (error.code === 'remote-access' || error.code === 'store-busy') plan(session, afterMs)
    })
  }
  const plan = (session: SessionId, ms: number) => {
    if (closed) return
    const dueMs = world.now().getTime() + ms
    const before = waiting.get(session)
    if (before && before.dueMs <= dueMs) return
    before?.callOff()
    waiting.set(session, { dueMs, callOff: later(ms, () => inBackground(session)) })
  }
  const { sendAfterMs: afterMs = defaultAfterMs, sendBytes = defaultBytes, sendAfterTurn = true } = options

  const flush = async (only: SessionId | undefined): Promise<void> => {
    const sessions = only === undefined ? (await heldSessions(home)).map(({ session }) => session) : [only]
    const problems: unknown[] = []
    for (const session of sessions) await send(session).catch((error: unknown) => problems.push(error))
    if (problems.length > 0) throw problems[0]
  }
  return {
    alone,
    forget,
    flush,
    note(session, bytes, turnEnded) {
      const sum = (unsent.get(session) ?? 0) + bytes
      unsent.set(session, sum)
      if (sum >= sendBytes) plan(session, 0)
      else plan(session, turnEnded && sendAfterTurn ? Math.min(afterTurnMs, afterMs) : afterMs)
    },
    async close() {
      closed = true
      for (const session of [...waiting.keys()]) forget(session)
      await flush(undefined)
    },
  }
}

/** Pushes what was added since the last time, if anything was. A session without a message yet waits for one. */
async function sendNew(inside: Inside, session: SessionId): Promise<void> {
  const { world, options, home } = inside
  const sizes = await withSessionLock(home, session, () => settleTranscripts(home, session))
  if ((await readSent(home, session)) === sizes) return
  try {
    const result = await pushSession(world, { session, ...termsOf(options) })
    await writeSent(home, session, sizes)
    options.onSent?.(result)
  } catch (error) {
    if (!hasCode(error, 'empty-session') && !hasCode(error, 'no-session')) throw error
  }
}

function termsOf(options: StoreOptions): PushOptions {
  const { remote, to, expiresDays, trustPolicy, noRedact = false } = options
  return { remote, to, expiresDays, trustPolicy, noRedact, public: options.public ?? false }
}

/** Nothing is appended meanwhile: what is here may be replaced. */
async function fetchNewest(
  { world, options, home }: Inside,
  session: SessionId,
  force = false,
): Promise<void> {
  const { remote, trustPolicy } = options
  await withSessionLock(home, session, async () => {
    await settleTranscripts(home, session)
    try {
      const { state } = await pullSession(world, { session, remote, trustPolicy, force })
      if (state !== 'new' && state !== 'fast-forward' && !force) return
      await writeSent(home, session, await settleTranscripts(home, session))
    } catch (error) {
      const isHere = (await transcriptStamp(home, session)) !== undefined
      if (hasCode(error, 'no-remote-session') || (hasCode(error, 'session-gone') && !isHere)) return
      throw error
    }
  })
}

async function removeEverywhere({ world, options }: Inside, session: SessionId): Promise<void> {
  const { remote } = options
  const sure: World = { ...world, confirm: async () => true }
  try {
    await removeSession(sure, { session, remote })
  } catch (error) {
    if (!hasCode(error, 'no-remote-session') && !hasCode(error, 'session-gone')) throw error
  }
  // What is begun under this id later is another session, and takes nothing of this one up again.
  await withLockedWorkspace(world, { remote }, (ws) => forgetRecord(ws, session))
}

async function settleDiverged(
  inside: Inside,
  session: SessionId,
  keep: 'mine' | 'theirs' | 'both',
): Promise<string> {
  const { world, options, home } = inside
  if (keep === 'theirs') {
    await fetchNewest(inside, session, true)
    return session
  }
  return withSessionLock(home, session, async () => {
    await settleTranscripts(home, session)
    const ways = keep === 'mine' ? { force: true } : { fork: true }
    const result = await pushSession(world, { session, ...termsOf(options), ...ways })
    await writeSent(home, result.session, await settleTranscripts(home, result.session))
    options.onSent?.(result)
    return result.session
  })
}

/** Batches of one session that are not waited for are kept in the order of the calls: the lock knows none. */
function makeTurns(): <T>(session: SessionId, work: () => Promise<T>) => Promise<T> {
  const last = new Map<SessionId, Promise<unknown>>()
  return (session, work) => {
    const next = (last.get(session) ?? Promise.resolve()).then(work)
    const settled = next.catch(() => undefined)
    last.set(session, settled)
    void settled.then(() => {
      if (last.get(session) === settled) last.delete(session)
    })
    return next
  }
}

async function withSessionLock<T>(home: AgentHome, session: SessionId, work: () => Promise<T>): Promise<T> {
  return withStoreLock(await agentLockFolder(home, session), work)
}

/**
 * The SDK's own key is made of the folder that a program runs in, which is another one on each machine; all folders of
 * this checkout mean the one repository.
 */
function meansProject({ options, projectKey, top }: Inside, key: string): boolean {
  if (key === projectKey || options.projectKeys?.includes(key)) return true
  const encoded = encodeProjectPath(top)
  // A name that is cut off tells less: there any folder with the same beginning could be below.
  const below = encoded.length < longestPlainName ? `${encoded}-` : encoded.slice(0, longestPlainName)
  return key === projectDirName(top) || key.startsWith(below)
}

function foreignProject(key: string, projectKey: string): TeleportError {
  return new TeleportError('usage', `project key "${key.slice(0, 80)}" is not of this repository`, {
    hint: `use "${projectKey}", or name it in projectKeys`,
  })
}

function noRow(): TeleportError {
  return new TeleportError('usage', 'an entry of a session is an object with a type')
}

function knownId(text: string): SessionId | undefined {
  const id = text.toLowerCase()
  return isSessionId(id) ? id : undefined
}

/** The model has said all that it wanted to say. */
function endsTurn(row: AgentRow): boolean {
  const message: unknown = row['message']
  if (row.type !== 'assistant' || typeof message !== 'object' || message === null) return false
  const reason: unknown = 'stop_reason' in message ? message.stop_reason : null
  return typeof reason === 'string' && reason !== 'tool_use' && reason !== 'pause_turn'
}

function timer(ms: number, work: () => void): () => void {
  const handle = setTimeout(work, ms)
  handle.unref()
  return () => clearTimeout(handle)
}
