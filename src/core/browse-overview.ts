/** Every session that this machine knows of in the project: those on the remote, and those that lie only here. */

import { type LiveClient, liveClients } from '../claude/live.ts'
import { newestCopies, type SessionFile, sessionsOfWorktree } from '../claude/locate.ts'
import { stopIfInterrupted } from '../errors.ts'
import { commitTime, readCommits } from '../git-store/history.ts'
import { sessionRef } from '../git-store/refs.ts'
import {
  type Classification,
  type Holder,
  type IndexEntry,
  isOid,
  type Oid,
  type SessionId,
} from '../model.ts'
import type { BrowseMemory } from './browse-copy.ts'
import { knownDigest, knownLocalDigest, localDigest } from './digests.ts'
import { readLinkIndex } from './link-index.ts'
import { type ListedSession, listIn } from './list.ts'
import { newestFirst } from './newest-first.ts'
import { openHistory } from './open-history.ts'
import type { Workspace } from './workspace.ts'
import { formatTime } from './world.ts'

export interface OverviewSession {
  readonly session: SessionId
  readonly title: string | null
  readonly author: string
  readonly own: boolean
  readonly host: string
  readonly branch: string | null
  readonly commits: readonly string[]
  /** Null: not counted yet. */
  readonly messages: number | null
  readonly sizeBytes: number
  readonly updated: string
  readonly expires: string | null
  /** Null for what the remote does not have. */
  readonly seq: number | null
  readonly state: Classification | null
  readonly holder: Holder | null
  readonly live: boolean
  readonly onRemote: IndexEntry['state'] | null
  readonly here: boolean
  /** Touched by it, as far as it was read before. */
  readonly files: readonly string[]
}

export interface Overview {
  readonly sessions: readonly OverviewSession[]
  /** How many there are besides that are meant for others. */
  readonly sealed: number
  /** What this clone knows of the commits that sessions name. */
  readonly commits: Readonly<Record<string, OverviewCommit>>
}

export interface OverviewCommit {
  readonly subject: string
  readonly author: string
  readonly authored: string
}

const mostCommits = 2000

/** `fetch`: asks the remote, as `list` does. */
export async function readOverview(
  ws: Workspace,
  { fetch, memory }: { readonly fetch: boolean; readonly memory: BrowseMemory },
): Promise<Overview> {
  const all = await listIn(ws, { offline: !fetch, all: true })
  // The indexes were fetched just now, if they are to be.
  const index = await readLinkIndex(ws, { offline: true })
  memory.listed.clear()
  for (const { entry } of index.listed) if (entry.commit) memory.listed.set(entry.session, entry.commit)
  const files = await newestHere(ws)
  const clients = await liveClients(ws.claude)
  const sessions: OverviewSession[] = []
  const listed = all.filter(({ session, onRemote }) => onRemote !== 'removed' || files.has(session))
  // There may be hundreds of sessions, and nobody who still wants to know.
  for (const each of listed) {
    stopIfInterrupted(ws.world.signal)
    sessions.push(await withFiles(ws, each, files.get(each.session)))
  }
  const known = new Set(listed.map(({ session }) => session))
  for (const file of files.values()) {
    if (known.has(file.session)) continue
    stopIfInterrupted(ws.world.signal)
    const commits = index.sessions.get(file.session)?.links.map(({ commit }) => commit) ?? []
    sessions.push(await onlyHere(ws, file, commits, clients))
  }
  sessions.sort(newestFirst)
  return { sessions, sealed: index.sealed.length, commits: await subjectsOf(ws, sessions) }
}

async function newestHere(ws: Workspace): Promise<ReadonlyMap<SessionId, SessionFile>> {
  return newestCopies(await sessionsOfWorktree(ws.claude, ws.repo.top))
}

async function withFiles(
  ws: Workspace,
  listed: ListedSession,
  file: SessionFile | undefined,
): Promise<OverviewSession> {
  const { session, title, author, own, host, branch, commits, messages, sizeBytes, ...rest } = listed
  const { updated, expires, seq, state, holder, live, onRemote } = rest
  const local = file && (await knownLocalDigest(ws, file))
  const seen = local ? null : await ws.store.refs.seen(sessionRef(session))
  const fetched = seen && (await knownDigest(ws, seen))
  const files = local?.files ?? fetched?.files ?? []
  const facts = { session, title, author, own, host, branch, commits, messages, sizeBytes, updated, expires }
  return { ...facts, seq, state, holder, live, onRemote, here: file !== undefined || state !== 'new', files }
}

async function onlyHere(
  ws: Workspace,
  file: SessionFile,
  commits: readonly Oid[],
  clients: readonly LiveClient[],
): Promise<OverviewSession> {
  const known = await knownLocalDigest(ws, file)
  return {
    session: file.session,
    title: known?.title ?? (known?.first ? known.first : null),
    author: '',
    own: true,
    host: ws.world.hostname,
    branch: known?.branch ?? null,
    commits: [...new Set(commits)],
    messages: known?.messages ?? null,
    sizeBytes: file.sizeBytes,
    updated: formatTime(new Date(file.mtimeMs)),
    expires: null,
    seq: null,
    state: null,
    holder: null,
    live: clients.some(({ session }) => session === file.session),
    onRemote: null,
    here: true,
    files: known?.files ?? [],
  }
}

async function subjectsOf(ws: Workspace, sessions: readonly OverviewSession[]): Promise<Overview['commits']> {
  const oids = new Set(sessions.flatMap(({ commits }) => commits).filter(isOid))
  const found = await readCommits(await openHistory(ws), [...oids].slice(0, mostCommits))
  return Object.fromEntries(
    found.map(({ oid, subject, author, authored }) => [
      oid,
      { subject, author, authored: commitTime(authored) },
    ]),
  )
}

/** Larger transcripts are looked into when somebody opens them. */
const mostBytes = 20_000_000
const mostAtOnce = 20

/**
 * Looks into a few sessions that were not looked into since they changed: for their titles, sizes and files. True when
 * there was one.
 */
export async function lookIntoUnknown(ws: Workspace, done: Map<string, number>): Promise<boolean> {
  let found = 0
  for (const file of (await newestHere(ws)).values()) {
    if (found >= mostAtOnce || ws.world.signal.aborted) break
    // One that grows all the time is looked into again when it is a tenth larger.
    const before = done.get(file.path) ?? 0
    if (file.sizeBytes > mostBytes || file.sizeBytes < before * 1.1 || (await knownLocalDigest(ws, file)))
      continue
    done.set(file.path, file.sizeBytes)
    await localDigest(ws, file)
    found += 1
  }
  return found > 0
}
