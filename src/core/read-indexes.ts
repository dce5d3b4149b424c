/** What every device says it has on the remote, as far as this machine may read and believes it. */

import { type IndexCache, parseIndexCache } from '../bundle/index-cache.ts'
import { parseIndexEntry } from '../bundle/index-entry.ts'
import type { DeviceKey } from '../crypto/device-key.ts'
import { openBytes } from '../crypto/envelope.ts'
import { openIdentity } from '../crypto/session-identity.ts'
import { hasCode, TeleportError } from '../errors.ts'
import { readCachedJson, writeJson } from '../git-store/json-file.ts'
import { indexRef, parseRef, patterns } from '../git-store/refs.ts'
import {
  type DeviceId,
  type IndexEntry,
  isAudienceId,
  isSessionId,
  type Oid,
  type SessionId,
} from '../model.ts'
import { rememberSighting } from './sightings.ts'
import { readSignedCommit, type SignedCommit } from './tip.ts'
import type { Workspace } from './workspace.ts'

export interface ListedEntry {
  readonly entry: IndexEntry
  readonly device: DeviceId
  /** The member whose device that is, by the policy; null for one's own. */
  readonly principal: string | null
}

export interface Indexes {
  readonly entries: readonly ListedEntry[]
  /** Devices whose index is there and is not believed. */
  readonly untrusted: readonly DeviceId[]
  /** Sessions that are there and meant for others. */
  readonly sealed: readonly SessionId[]
}

export interface IndexReader {
  readonly device: DeviceKey
  /**
   * The devices that are believed, with the member whose each is; null for one's own. Asked for once the indexes are
   * here, so that whoever has to ask the remote does so meanwhile.
   */
  readonly believed: () => Promise<ReadonlyMap<DeviceId, string | null>>
  /** Read what was fetched last instead of asking the remote. */
  readonly offline: boolean
}

/** Decrypts only what changed since last time: entries are remembered by blob id. */
export async function readIndexes(ws: Workspace, reader: IndexReader): Promise<Indexes> {
  const tips = reader.offline
    ? await ws.store.refs.seenAll('index')
    : await ws.store.refs.fetch([patterns.indexes], ws.world.progress)
  const believed = await reader.believed()
  const entries: ListedEntry[] = []
  const untrusted: DeviceId[] = []
  const sealed = new Set<SessionId>()
  for (const [ref, commit] of tips) {
    const parsed = parseRef(ref)
    if (parsed?.kind !== 'index') continue
    const { device } = parsed
    const principal = believed.get(device)
    const read = principal === undefined ? null : await readIndex(ws, reader, device, commit)
    if (read === null || principal === undefined) {
      untrusted.push(device)
      continue
    }
    for (const [, entry] of read.rows) entries.push({ entry, device, principal })
    for (const session of read.sealed ?? []) if (isSessionId(session)) sealed.add(session)
  }
  for (const { entry } of entries) sealed.delete(entry.session)
  return { entries, untrusted, sealed: [...sealed] }
}

type Row = IndexCache['rows'][number]
type Read = Pick<IndexCache, 'rows' | 'sealed'>

/** Null when it is not what that device signed. */
async function readIndex(
  ws: Workspace,
  reader: IndexReader,
  device: DeviceId,
  commit: Oid,
): Promise<Read | null> {
  const file = ws.store.path('cache', ws.remote.key, `${device}.json`)
  const cache = parseIndexCache(await readCachedJson(file))
  if (cache?.commit === commit) return cache
  const tip = await signedTip(ws, device, commit)
  if (!tip) return null
  if (cache && tip.trailers.seq < cache.seq) {
    ws.world.note(
      `the index of device ${device} went back from ${cache.seq} to ${tip.trailers.seq}: the newer one is shown`,
    )
    return cache
  }
  const read = await decryptRows(ws, reader, tip, new Map(cache?.rows))
  await writeJson(file, { format: 1, commit, seq: tip.trailers.seq, ...read })
  await rememberSighting(ws, device, { seq: tip.trailers.seq, commit })
  const ref = indexRef(device)
  const update = { ref, expected: await ws.store.refs.seen(ref), next: commit }
  await ws.store.refs.accept([update]).catch((error: unknown) => {
    // Reading takes no lock: what another command has accepted meanwhile stays.
    if (!hasCode(error, 'store-busy')) throw error
  })
  return read
}

/** An index counts when it is signed by the very key its ref is named after. */
async function signedTip(ws: Workspace, device: DeviceId, commit: Oid): Promise<SignedCommit | null> {
  try {
    const tip = await readSignedCommit(ws, commit)
    return tip.device === device && tip.trailers.ref === indexRef(device) ? tip : null
  } catch (error) {
    if (error instanceof TeleportError) return null
    throw error
  }
}

async function decryptRows(
  ws: Workspace,
  reader: IndexReader,
  tip: SignedCommit,
  known: ReadonlyMap<string, IndexEntry>,
): Promise<Read> {
  const { objects } = ws.store
  const keys = new Map<string, Oid>()
  const blobs = new Map<Oid, string>()
  const names = new Map<Oid, string>()
  for (const { path, oid } of await objects.readTreeRecursive(tip.tree)) {
    const [a, audience = '', third = '', name] = path.split('/')
    if (a !== 'a' || !isAudienceId(audience)) continue
    if (third === 'key.age' && name === undefined) keys.set(audience, oid)
    else if (name !== undefined && isSessionId(name)) {
      blobs.set(oid, audience)
      names.set(oid, name)
    }
  }
  const rows: Row[] = []
  const wanted: Oid[] = []
  for (const oid of blobs.keys()) {
    const entry = known.get(oid)
    if (entry) rows.push([oid, entry])
    else wanted.push(oid)
  }
  const identities = new Map<string, string | null>()
  const sealed: string[] = []
  for await (const [oid, bytes] of objects.readBlobs(wanted, 16 * 1024)) {
    const audience = blobs.get(oid) ?? ''
    if (!identities.has(audience))
      identities.set(audience, await audienceIdentity(ws, reader, keys.get(audience)))
    const identity = identities.get(audience)
    if (identity) rows.push([oid, parseIndexEntry(await openBytes(identity, bytes))])
    else sealed.push(names.get(oid) ?? '')
  }
  return { rows, sealed }
}

/** Null when this machine is not among the readers: then the entries are meant for others. */
async function audienceIdentity(
  ws: Workspace,
  reader: IndexReader,
  key: Oid | undefined,
): Promise<string | null> {
  if (key === undefined) return null
  try {
    return (await openIdentity(await ws.store.objects.readBlob(key, 512 * 1024), reader.device)).identity
  } catch (error) {
    if (hasCode(error, 'not-a-reader')) return null
    throw error
  }
}
