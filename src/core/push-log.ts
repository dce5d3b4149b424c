/** Adds one segment to a session's log, merging it with the small ones before it. */

import { type MergedPiece, mergedSources, mergePieces, planMerge } from '../bundle/merge.ts'
import { plainSizeOf } from '../bundle/pack.ts'
import type { Delta, PieceSource } from '../bundle/plan.ts'
import type { DeviceKey } from '../crypto/device-key.ts'
import { type Spool, withSpools } from '../git-store/spool.ts'
import type { Manifest, Oid, Origin, PieceRow, SegmentRow, SessionId } from '../model.ts'
import { type Audience, ownAmong } from './audience.ts'
import { type ExactParts, openExactParts } from './exact-parts.ts'
import { type Base, continuedState } from './push-base.ts'
import type { Envelope } from './push-envelope.ts'
import { readSegment } from './read-segment.ts'
import { joinLists, type PartList, resealParts, storeList, tryList, unlessUseless } from './removed-parts.ts'
import { deviceIds } from './signer.ts'
import type { ExactBlobs, OpenTip } from './tip.ts'
import type { Workspace } from './workspace.ts'
import { segmentName, writeSegment } from './write-segment.ts'

export interface Log {
  readonly origins: readonly Origin[]
  readonly segments: readonly SegmentRow[]
  readonly blobs: ReadonlyMap<string, readonly Oid[]>
  readonly newBytes: number
  /** What was taken out of the segments, for those that stay. */
  readonly exact: ExactBlobs
  /** Ciphertext that the chain holds and its tip will not name, if the chain goes on. */
  readonly deadBytes: number
}

export interface LogInput {
  readonly session: SessionId
  readonly base: Base
  readonly origin: Origin
  readonly delta: Delta
  readonly seq: number
  /** What redaction took out of the delta; null when it took nothing. */
  readonly removed: Spool | null
  /** Recipients of one's own devices. */
  readonly own: readonly string[]
  readonly audience: Audience
}

export function extendLog(
  ws: Workspace,
  device: DeviceKey,
  envelope: Envelope,
  input: LogInput,
): Promise<Log> {
  return withSpools(ws.store, (open) => extend(ws, device, envelope, input, open))
}

type Open = () => Promise<Spool>

async function extend(
  ws: Workspace,
  device: DeviceKey,
  envelope: Envelope,
  input: LogInput,
  open: Open,
): Promise<Log> {
  const before = continuedState(input.base)?.manifest ?? null
  const blobs = new Map(envelope.tip?.objects.segments)
  const origins = withOrigin(before?.origins ?? [], input.origin)
  const known = await knownParts(ws, envelope, input)
  if (input.delta.sources.length === 0) {
    const segments = before?.segments ?? []
    return { ...origins, segments, blobs, newBytes: 0, exact: known, deadBytes: before?.dead ?? 0 }
  }
  const tail = await mergeableTail(ws, device, envelope, before, origins.index, input, open)
  const swallowed = tail?.segments ?? []
  const first = swallowed[0]?.seq[0] ?? input.seq
  ws.world.progress.step('encrypting', input.delta.bytes)
  const sources = tail ? await withAdded(tail.groups, input.delta.sources) : input.delta.sources
  const written = await writeSegment(ws, {
    sources,
    seq: [first, input.seq],
    by: device.id,
    origin: origins.index,
    recipient: envelope.recipient,
    progress: ws.world.progress,
  })
  for (const gone of swallowed) blobs.delete(gone.name)
  blobs.set(written.row.name, written.blobs)
  const kept = (before?.segments ?? []).slice(0, (before?.segments.length ?? 0) - swallowed.length)
  const added = await writeRemoved(ws, device, input, written.row, { sources, tail, open })
  const exact = new Map(kept.flatMap(({ name }) => pairIn(known, name)))
  if (added) exact.set(written.row.name, new Map([[device.id, added.oid]]))
  return {
    ...origins,
    segments: [...kept, written.row],
    blobs,
    exact,
    newBytes: written.row.sizes[0] + (added?.sizeBytes ?? 0),
    deadBytes: (before?.dead ?? 0) + swallowed.reduce((sum, segment) => sum + segment.sizes[0], 0),
  }
}

/** Own devices that are let in now get what was taken out before, too. */
async function knownParts(ws: Workspace, envelope: Envelope, input: LogInput): Promise<ExactBlobs> {
  const { own, audience, base } = input
  const { exact } = envelope.tip?.objects ?? { exact: new Map() }
  const before = continuedState(base)?.audience ?? []
  const devices = ownAmong(audience.readers, own)
  const isNew = devices.some((device) => !before.includes(device))
  if (!isNew || exact.size === 0 || !envelope.open) return exact
  return resealParts(ws, await envelope.open(), deviceIds(own), devices)
}

function pairIn<K, V>(map: ReadonlyMap<K, V>, key: K): [K, V][] {
  const value = map.get(key)
  return value === undefined ? [] : [[key, value]]
}

interface Written {
  readonly sources: readonly PieceSource[]
  readonly tail: Tail | null
  readonly open: Open
}

/** What was taken out of the new segment: of what is added, and of what it has swallowed. */
async function writeRemoved(
  ws: Workspace,
  device: DeviceKey,
  { removed, delta, seq, own, audience, session }: LogInput,
  row: SegmentRow,
  { sources, tail, open }: Written,
): Promise<Awaited<ReturnType<typeof storeList>>> {
  const devices = ownAmong(audience.readers, own)
  const subject = { session, segment: row.name }
  const offset = sources.length - delta.sources.length
  const fresh = removed ? [{ list: removed, subject: { session, segment: segmentName(seq) }, offset }] : []
  const lists = [...(tail?.lists ?? []), ...fresh]
  if (lists.length === 0 || devices.length === 0) return null
  const list = await open()
  const keeps = (piece: number) => sources[piece]?.row.dropped !== true
  if ((await joinLists(lists, subject, keeps, list)) === 0) return null
  await tryList(list, subject, sources)
  return storeList(ws, device, list, row, { subject, devices })
}

function withOrigin(
  origins: readonly Origin[],
  origin: Origin,
): { readonly origins: readonly Origin[]; readonly index: number } {
  const text = JSON.stringify(Object.entries(origin).sort())
  const index = origins.findIndex((known) => JSON.stringify(Object.entries(known).sort()) === text)
  return index >= 0 ? { origins, index } : { origins: [...origins, origin], index: origins.length }
}

interface Tail {
  readonly segments: readonly SegmentRow[]
  readonly groups: readonly (readonly MergedPiece[])[]
  /** What was taken out of them. */
  readonly lists: readonly PartList[]
}

/**
 * The trailing segments that the new one swallows, read back. Null when there is nothing to merge or no key at hand. One
 * whose removed parts cannot be carried over stays, with those before it.
 */
async function mergeableTail(
  ws: Workspace,
  device: DeviceKey,
  envelope: Envelope,
  before: Manifest | null,
  origin: number,
  { delta, own }: LogInput,
  open: Open,
): Promise<Tail | null> {
  if (!before || !envelope.open) return null
  const count = planMerge(before.segments, { by: device.id, origin, plainSize: plainSizeOf(delta.sources) })
  if (count === 0) return null
  const tip = await envelope.open()
  let segments: SegmentRow[] = []
  let groups: MergedPiece[][] = []
  let lists: PartList[] = []
  for (const segment of before.segments.slice(-count)) {
    const pieces = await readPieces(ws, tip, segment)
    const parts = await openParts(ws, tip, segment, own, open)
    if (parts === 'useless' || parts?.fits(pieces.map(({ row }) => row)) === false) {
      segments = []
      groups = []
      lists = []
      continue
    }
    const offset = groups.reduce((sum, group) => sum + group.length, 0)
    if (parts) lists.push({ list: parts.list, subject: parts.subject, offset })
    segments.push(segment)
    groups.push(pieces)
  }
  return segments.length === 0 ? null : { segments, groups, lists }
}

async function openParts(
  ws: Workspace,
  tip: OpenTip,
  segment: SegmentRow,
  own: readonly string[],
  open: Open,
): Promise<ExactParts | null | 'useless'> {
  return openExactParts(ws, tip, segment, own, open).catch(
    (error: unknown) => unlessUseless(error) ?? 'useless',
  )
}

/** One segment whole in memory: merging is for small ones only. */
async function readPieces(ws: Workspace, tip: OpenTip, segment: SegmentRow): Promise<MergedPiece[]> {
  const contents = new Map<PieceRow, Uint8Array>()
  const rows = await readSegment(
    ws,
    tip,
    segment,
    {
      pieces() {},
      async piece(row, content) {
        contents.set(row, await collect(content))
      },
    },
    ws.world.progress,
  )
  return rows.map((row) => ({ row, content: contents.get(row) ?? null }))
}

async function withAdded(
  groups: readonly (readonly MergedPiece[])[],
  added: readonly PieceSource[],
): Promise<readonly PieceSource[]> {
  const fresh: MergedPiece[] = []
  for (const source of added) {
    fresh.push({ row: source.row, content: source.row.op === 'gone' ? null : await collect(source.read()) })
  }
  return mergedSources(mergePieces([...groups, fresh]))
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of source) chunks.push(chunk)
  return Buffer.concat(chunks)
}
