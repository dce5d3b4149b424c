/** Adds one segment to a session's log, merging it with the small ones before it. */

import { type MergedPiece, mergedSources, mergePieces, planMerge } from '../bundle/merge.ts'
import { plainSizeOf } from '../bundle/pack.ts'
import type { Delta, PieceSource } from '../bundle/plan.ts'
import type { DeviceKey } from '../crypto/device-key.ts'
import type { Manifest, Oid, Origin, PieceRow, SegmentRow } from '../model.ts'
import { type Base, continuedState } from './push-base.ts'
import type { Envelope } from './push-envelope.ts'
import { readSegment } from './read-segment.ts'
import type { OpenTip } from './tip.ts'
import type { Workspace } from './workspace.ts'
import { writeSegment } from './write-segment.ts'

export interface Log {
  readonly origins: readonly Origin[]
  readonly segments: readonly SegmentRow[]
  readonly blobs: ReadonlyMap<string, readonly Oid[]>
  readonly newBytes: number
  /** Ciphertext that the chain holds and its tip will not name, if the chain goes on. */
  readonly deadBytes: number
}

export interface LogInput {
  readonly base: Base
  readonly origin: Origin
  readonly delta: Delta
  readonly seq: number
}

export async function extendLog(
  ws: Workspace,
  device: DeviceKey,
  envelope: Envelope,
  input: LogInput,
): Promise<Log> {
  const before = continuedState(input.base)?.manifest ?? null
  const blobs = new Map(envelope.tip?.objects.segments)
  const origins = withOrigin(before?.origins ?? [], input.origin)
  if (input.delta.sources.length === 0) {
    return { ...origins, segments: before?.segments ?? [], blobs, newBytes: 0, deadBytes: before?.dead ?? 0 }
  }
  const tail = await mergeableTail(ws, device, envelope, before, origins.index, input.delta)
  const swallowed = tail?.segments ?? []
  const first = swallowed[0]?.seq[0] ?? input.seq
  ws.world.progress.step('encrypting', input.delta.bytes)
  const written = await writeSegment(ws, {
    sources: tail ? await withAdded(tail.groups, input.delta.sources) : input.delta.sources,
    seq: [first, input.seq],
    by: device.id,
    origin: origins.index,
    recipient: envelope.recipient,
    progress: ws.world.progress,
  })
  for (const gone of swallowed) blobs.delete(gone.name)
  blobs.set(written.row.name, written.blobs)
  const kept = (before?.segments ?? []).slice(0, (before?.segments.length ?? 0) - swallowed.length)
  return {
    ...origins,
    segments: [...kept, written.row],
    blobs,
    newBytes: written.row.sizes[0],
    deadBytes: (before?.dead ?? 0) + swallowed.reduce((sum, segment) => sum + segment.sizes[0], 0),
  }
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
}

/** The trailing segments that the new one swallows, read back. Null when there is nothing to merge or no key at hand. */
async function mergeableTail(
  ws: Workspace,
  device: DeviceKey,
  envelope: Envelope,
  before: Manifest | null,
  origin: number,
  delta: Delta,
): Promise<Tail | null> {
  if (!before || !envelope.open) return null
  const count = planMerge(before.segments, { by: device.id, origin, plainSize: plainSizeOf(delta.sources) })
  if (count === 0) return null
  const tip = await envelope.open()
  const segments = before.segments.slice(-count)
  const groups: MergedPiece[][] = []
  for (const segment of segments) groups.push(await readPieces(ws, tip, segment))
  return { segments, groups }
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
