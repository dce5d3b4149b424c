/** Every link between a session and a commit that this clone knows of: fetched, listed, or not sent yet. */

import type { DeviceKey } from '../crypto/device-key.ts'
import { TeleportError } from '../errors.ts'
import { readCachedJson, writeJson } from '../git-store/json-file.ts'
import { parseRef } from '../git-store/refs.ts'
import type { CommitLink, DeviceId, Oid, SessionId } from '../model.ts'
import { readDetached } from './detached-links.ts'
import { loadDevice } from './device.ts'
import { beginPolicy } from './follow-policy.ts'
import { newestOfEach, peopleFor } from './list.ts'
import { readLocalLinks } from './local-links.ts'
import { believedDevices, knownPeople } from './people.ts'
import { lastOrigin } from './place.ts'
import { type ListedEntry, readIndexes } from './read-indexes.ts'
import { openTip, readTip } from './tip.ts'
import type { Workspace } from './workspace.ts'

/** A link as far as it is known: an index names only the commit. */
export type KnownLink = Pick<CommitLink, 'commit' | 'patchId' | 'branch' | 'message'> & {
  readonly tree: Oid | null
  readonly time: string | null
}

export interface LinkedSession {
  readonly session: SessionId
  readonly title: string | null
  readonly author: string
  readonly host: string
  /** What of it was read: all its links, the newest 16 commits, those made here, or only what stands in the clear. */
  readonly known: 'manifest' | 'index' | 'here' | 'sealed'
  /** Its commit in the store; null when it was not fetched. */
  readonly tip: Oid | null
  /** The remote has more than what was fetched. */
  readonly behind: boolean
  readonly links: readonly KnownLink[]
}

export interface LinkIndex {
  readonly sessions: ReadonlyMap<SessionId, LinkedSession>
  /** What the indexes say of each session. */
  readonly listed: readonly ListedEntry[]
  /** Sessions that the indexes name and that are meant for others. */
  readonly sealed: readonly SessionId[]
}

/** An index names the newest of a session's commits, not more. */
export const namedInIndex = 16

export interface LinkIndexOptions {
  readonly offline?: boolean | undefined
}

/** One fetch of the indexes, unless offline. Decrypts only what changed since last time. */
export async function readLinkIndex(ws: Workspace, options: LinkIndexOptions): Promise<LinkIndex> {
  const device = await loadDevice(ws.world, ws.repo)
  if (!options.offline) await beginPolicy(ws)
  const { entries, sealed } = await readIndexes(ws, {
    device,
    believed: async () => believedDevices(await peopleFor(ws, device, options)),
    offline: options.offline ?? false,
  })
  const listed = [...newestOfEach(entries)]
  return assembleLinks(ws, device, { listed, sealed })
}

/** The same once more without asking the remote, after sessions were fetched. */
export async function assembleLinks(
  ws: Workspace,
  device: DeviceKey,
  { listed, sealed }: Pick<LinkIndex, 'listed' | 'sealed'>,
): Promise<LinkIndex> {
  const fetched = await fetchedSessions(ws, device)
  const sessions = new Map<SessionId, LinkedSession & { readonly seq?: number }>(
    fetched.map((each) => [each.session, each]),
  )
  for (const each of listed) {
    const known = sessions.get(each.entry.session)
    sessions.set(each.entry.session, known ? withEntry(known, each) : fromEntry(each))
  }
  for (const { session, link } of await readLocalLinks(ws)) {
    const known = sessions.get(session) ?? unsent(session)
    sessions.set(session, {
      ...known,
      links: [...known.links.filter((each) => each.commit !== link.commit || each.time !== null), link],
    })
  }
  const detached = await readDetached(ws)
  for (const [session, commits] of detached) {
    const known = sessions.get(session)
    if (known)
      sessions.set(session, { ...known, links: known.links.filter(({ commit }) => !commits.has(commit)) })
  }
  return { sessions, listed, sealed }
}

interface Row extends Omit<LinkedSession, 'behind'> {
  readonly seq: number
}

interface LinkCache {
  readonly format: 1
  /** What another key may read is another matter. */
  readonly device: DeviceId
  readonly rows: readonly Row[]
}

/** By the manifests in the store, which were verified when they came; those that did not change come from the cache. */
async function fetchedSessions(
  ws: Workspace,
  device: DeviceKey,
): Promise<readonly (LinkedSession & { readonly seq: number })[]> {
  const tips = await ws.store.refs.seenAll('sessions')
  const file = ws.store.path('cache', ws.remote.key, 'links.json')
  const cache = parseCache(await readCachedJson(file))
  const known = new Map(cache?.device === device.id ? cache.rows.map((row) => [row.tip, row]) : [])
  const names = believedDevices(await knownPeople(ws, device, 'pinned'))
  const rows: Row[] = []
  let changed = known.size !== tips.size
  for (const [ref, tip] of tips) {
    const parsed = parseRef(ref)
    if (parsed?.kind !== 'session') continue
    const row = known.get(tip)
    changed ||= row === undefined
    const read = row ?? (await readRow(ws, device, names, parsed.session, tip))
    if (read) rows.push(read)
  }
  if (changed) await writeJson(file, { format: 1, device: device.id, rows } satisfies LinkCache)
  return rows.map((row) => ({ ...row, behind: false }))
}

/** Of one that is not for this device: the commit that stands in the clear. */
async function readRow(
  ws: Workspace,
  device: DeviceKey,
  names: ReadonlyMap<DeviceId, string | null>,
  session: SessionId,
  commit: Oid,
): Promise<Row | null> {
  try {
    const tip = await readTip(ws, session, commit)
    const { seq, commit: code } = tip.trailers
    try {
      const { manifest } = await openTip(ws, tip, device)
      const origin = lastOrigin(manifest)
      const people = {
        title: manifest.title,
        author: names.get(tip.device) ?? origin?.principal ?? '',
        host: origin?.host ?? '',
      }
      return { session, seq, ...people, known: 'manifest', tip: commit, links: manifest.links }
    } catch (error) {
      if (!(error instanceof TeleportError) || error.code !== 'not-a-reader') throw error
      const links = code === null ? [] : [bareLink(code)]
      return { session, seq, title: null, author: '', host: '', known: 'sealed', tip: commit, links }
    }
  } catch (error) {
    if (!(error instanceof TeleportError)) throw error
    ws.world.note(`session ${session} is left out: ${error.message}`)
    return null
  }
}

function bareLink(commit: Oid): KnownLink {
  return { commit, tree: null, patchId: null, branch: null, message: null, time: null }
}

function withEntry(known: LinkedSession & { readonly seq?: number }, { entry }: ListedEntry): LinkedSession {
  if (entry.seq <= (known.seq ?? 0)) return { ...known, title: entry.title ?? known.title }
  // An index names every commit of a session that has few: what it no longer names was taken away.
  const left = new Set(entry.commits)
  const links =
    entry.commits.length < namedInIndex ? known.links.filter(({ commit }) => left.has(commit)) : known.links
  const commits = new Set(links.map((link) => link.commit))
  const more = entry.commits.filter((commit) => !commits.has(commit)).map(bareLink)
  return { ...known, title: entry.title, behind: true, links: [...links, ...more.reverse()] }
}

function fromEntry({ entry, principal }: ListedEntry): LinkedSession {
  return {
    session: entry.session,
    title: entry.title,
    author: principal ?? entry.author,
    host: entry.host,
    known: 'index',
    tip: null,
    behind: entry.state === 'live',
    links: entry.state === 'removed' ? [] : [...entry.commits].reverse().map(bareLink),
  }
}

function unsent(session: SessionId): LinkedSession {
  return { session, title: null, author: '', host: '', known: 'here', tip: null, behind: false, links: [] }
}

/** Null for anything else than what this program wrote. */
function parseCache(value: unknown): LinkCache | null {
  if (typeof value !== 'object' || value === null) return null
  const { format, device, rows } = value as Partial<Record<'format' | 'device' | 'rows', unknown>>
  return format === 1 && typeof device === 'string' && Array.isArray(rows) ? (value as LinkCache) : null
}
