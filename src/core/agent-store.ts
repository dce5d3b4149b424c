/** A session store for programs: rows are kept here first, sent as pushes, and loaded from the remote wherever they are wanted. */

import {
  agentFile,
  agentSubpaths,
  agentTranscript,
  heldSessions,
  readAgentRows,
  removeHeld,
  transcriptStamp,
  writeAgentMeta,
} from '../claude/agent-home.ts'
import { type AgentRow, isAgentRow, makeRowAppender } from '../claude/append-rows.ts'
import { encodeProjectPath, longestPlainName, projectDirName } from '../claude/project-dir.ts'
import { TeleportError } from '../errors.ts'
import { isSessionId, parseSessionId, type SessionId } from '../model.ts'
import { agentPlace } from './agent-place.ts'
import { makeSender } from './agent-sender.ts'
import type { StoreOptions } from './agent-store-options.ts'
import { type SessionSummary, summaryOf } from './agent-summary.ts'
import { fetchNewest, type Inside, removeEverywhere, settleDiverged, withSessionLock } from './agent-sync.ts'
import { listSessions } from './list.ts'
import type { World } from './world.ts'

export type { AgentRow } from '../claude/append-rows.ts'
export type { StoreOptions } from './agent-store-options.ts'

/** Which transcript: the session's own, or with `subpath` one of its subagents'. */
export interface StoreKey {
  readonly projectKey: string
  readonly sessionId: string
  readonly subpath?: string
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

/**
 * `world.cwd` must be in a checkout of the repository. What it keeps lies beside the command line's private store, and
 * stands to it as another machine with the same key would. Throws `no-repository`, `no-remote`.
 */
export async function openAgentStore(world: World, options: StoreOptions = {}): Promise<AgentStore> {
  const { world: inner, ...place } = await agentPlace(world, options.remote)
  return makeStore({ world: inner, options, home: { config: place.config }, ...place })
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
