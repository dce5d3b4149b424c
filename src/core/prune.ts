/** `prune`: takes expired sessions off the remote, by what they say in the clear, and compacts the private store. */

import { findSession } from '../claude/locate.ts'
import type { DeviceKey } from '../crypto/device-key.ts'
import { hasCode, TeleportError } from '../errors.ts'
import { compactBox, hasBox } from '../git-store/direct-box.ts'
import { compactStore, storeSize } from '../git-store/maintenance.ts'
import { indexRef, parseRef, patterns } from '../git-store/refs.ts'
import type { RefUpdate } from '../git-store/remote-refs.ts'
import { listStates } from '../git-store/state-files.ts'
import type { IndexEntry, Oid, SessionId } from '../model.ts'
import { hasExpired } from '../trust/binding.ts'
import { loadDevice } from './device.ts'
import { acceptIndex, changeIndex, refreshIndex } from './device-index.ts'
import { again, listedNow } from './own-sessions.ts'
import { knownPeople, type People } from './people.ts'
import type { ListedEntry } from './read-indexes.ts'
import { readRecord } from './records.ts'
import { readSignedCommit } from './tip.ts'
import { type Workspace, withLockedWorkspace, withWorkspace } from './workspace.ts'
import { formatTime, type World } from './world.ts'
import { author } from './write-commit.ts'

export interface PruneOptions {
  readonly remote?: string | undefined
  readonly dryRun?: boolean
}

export interface PrunedSession {
  readonly session: SessionId
  readonly ref: string
  readonly expires: string
  /** The device that signed it. */
  readonly device: string
}

export interface PruneResult {
  readonly sessions: readonly PrunedSession[]
  /** Refs whose commit nobody could read: left as they are. */
  readonly unreadable: readonly string[]
  /** Own ones that the index tells as expired from now on. */
  readonly tombstones: number
  /** Copies on this machine of sessions that have expired: they stay. */
  readonly localCopies: readonly { readonly session: SessionId; readonly path: string }[]
  readonly bytesBefore: number
  readonly bytesAfter: number
}

/** Needs no key to delete, and one only to leave tombstones. With `dryRun` nothing is deleted or compacted. */
export async function prune(world: World, options: PruneOptions): Promise<PruneResult> {
  const swept = await withLockedWorkspace(world, options, (ws) =>
    again(ws, 'git teleport prune', () => sweep(ws, options.dryRun ?? false)),
  )
  const box = await pruneBox(world, options)
  // Compacting takes the store's lock itself. Objects that nothing names any more go once they are two weeks old.
  const { before, after } = await withWorkspace(world, options, async ({ store }) => {
    if (options.dryRun) {
      const { bytes } = await storeSize(store.dir)
      return { before: bytes, after: bytes }
    }
    world.progress.step('compacting the store')
    return compactStore(store)
  })
  world.progress.done()
  return {
    ...swept,
    sessions: [...swept.sessions, ...box.sessions],
    unreadable: [...swept.unreadable, ...box.unreadable],
    bytesBefore: before,
    bytesAfter: after,
  }
}

/** What this checkout lends to others for the direct way, and what has expired in it. */
async function pruneBox(
  world: World,
  { remote, dryRun = false }: PruneOptions,
): Promise<Pick<Swept, 'sessions' | 'unreadable'>> {
  const options = { remote, direct: { lendsTo: [] } }
  return withLockedWorkspace(world, options, async (ws) => {
    if (!(await hasBox(ws.store.dir))) return { sessions: [], unreadable: [] }
    const swept = await again(ws, 'git teleport prune', () => sweep(ws, dryRun))
    if (!dryRun) await compactBox(ws.repo, ws.store.dir)
    return swept
  })
}

type Swept = Omit<PruneResult, 'bytesBefore' | 'bytesAfter'>

interface Expired extends PrunedSession {
  readonly commit: Oid
}

/** Null when somebody was faster. */
async function sweep(ws: Workspace, dryRun: boolean): Promise<Swept | null> {
  const { expired, unreadable } = await expiredSessions(ws)
  const index = await ownIndex(ws, expired)
  const report = {
    sessions: expired.map(({ session, ref, expires, device }) => ({ session, ref, expires, device })),
    unreadable,
    tombstones: index?.entries.length ?? 0,
    localCopies: await localCopies(ws, new Set(expired.map(({ session }) => session))),
  }
  if (dryRun) return report
  const removals = expired.map(({ ref, commit }): RefUpdate => ({ ref, expected: commit, next: null }))
  const update = index ? await writeTombstones(ws, index) : null
  const updates = [...removals, ...(update ? [update] : [])]
  if (updates.length === 0) return report
  const outcome = await ws.store.refs.push(updates, ws.world.progress)
  if (outcome.kind === 'moved') {
    if (index && outcome.refs.includes(indexRef(index.device.id))) await refreshIndex(ws, index.device)
    return null
  }
  if (update) await acceptIndex(ws, update)
  return report
}

/** By the trailers alone, which everybody can read: whoever may push may delete, so a forged end gives nobody more. */
async function expiredSessions(
  ws: Workspace,
): Promise<{ readonly expired: readonly Expired[]; readonly unreadable: readonly string[] }> {
  const refs = await ws.store.refs.fetch([patterns.sessions('')], ws.world.progress)
  const expired: Expired[] = []
  const unreadable: string[] = []
  for (const [ref, commit] of refs) {
    const parsed = parseRef(ref)
    if (parsed?.kind !== 'session') continue
    const end = await endOf(ws, ref, commit)
    if (end === undefined) unreadable.push(ref)
    else if (end.expires !== null && hasExpired(end.expires, ws.world.now()))
      expired.push({ session: parsed.session, ref, commit, device: end.device, expires: end.expires })
  }
  return { expired, unreadable }
}

/** Undefined for a commit that is not ours, or was signed for another ref. */
async function endOf(
  ws: Workspace,
  ref: string,
  commit: Oid,
): Promise<{ readonly expires: string | null; readonly device: string } | undefined> {
  try {
    const { trailers, device } = await readSignedCommit(ws, commit)
    return trailers.ref === ref ? { expires: trailers.expires, device } : undefined
  } catch (error) {
    if (error instanceof TeleportError) return undefined
    throw error
  }
}

interface OwnIndex {
  readonly device: DeviceKey
  readonly people: People
  readonly entries: readonly IndexEntry[]
}

/** What this device is to write into its index; null where it has no key or nothing to say. */
async function ownIndex(ws: Workspace, expired: readonly Expired[]): Promise<OwnIndex | null> {
  const device = await loadDevice(ws.world, ws.repo).catch((error: unknown) => {
    if (hasCode(error, 'no-key')) return null
    throw error
  })
  if (!device) return null
  const people = await knownPeople(ws, device, 'pinned')
  const swept = new Set(expired.map(({ session }) => session))
  const own = (await listedNow(ws, device, people)).filter(({ principal }) => principal === null)
  const entries = own.filter((each) => isOver(each, swept)).map(({ entry }) => tombstone(ws, entry))
  return entries.length > 0 ? { device, people, entries } : null
}

function isOver({ entry }: ListedEntry, swept: ReadonlySet<SessionId>): boolean {
  return swept.has(entry.session) && (entry.state === 'live' || entry.commit !== null)
}

function tombstone(ws: Workspace, entry: IndexEntry): IndexEntry {
  const updated = formatTime(ws.world.now())
  return { ...entry, state: 'expired', commit: null, seq: entry.seq + 1, updated, holder: null, commits: [] }
}

/** Each where its readers look: in their audience, as far as this machine knows it; else among one's own. */
async function writeTombstones(ws: Workspace, { device, people, entries }: OwnIndex): Promise<RefUpdate> {
  const more: { entries: IndexEntry[]; readers: readonly string[] }[] = []
  let repo = 'unknown'
  for (const entry of entries) {
    const { current } = await readRecord(ws, entry.session)
    repo = current?.manifest.repo ?? repo
    more.push({ entries: [entry], readers: current?.audience ?? people.own })
  }
  const [first = { entries: [], readers: people.own }, ...rest] = more
  return changeIndex(ws, device, await author(ws), {
    ...first,
    more: rest,
    repo,
    policy: people.team?.commit ?? null,
    action: 'expire',
  })
}

/** Copies here of what was swept now, and of what this machine remembers to have ended. */
async function localCopies(
  ws: Workspace,
  swept: ReadonlySet<SessionId>,
): Promise<PruneResult['localCopies']> {
  const copies: { session: SessionId; path: string }[] = []
  for (const session of new Set([...swept, ...(await listStates(ws.store))])) {
    const expires = (await readRecord(ws, session)).current?.expires ?? null
    const over = swept.has(session) || (expires !== null && hasExpired(expires, ws.world.now()))
    if (!over) continue
    for (const { path } of await findSession(ws.claude, session)) copies.push({ session, path })
  }
  return copies
}
