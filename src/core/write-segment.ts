/** Packs, encrypts and stores one segment: pieces in, blobs and the manifest's row out. */

import { createHash, type Hash } from 'node:crypto'
import { packSegment } from '../bundle/pack.ts'
import type { PieceSource } from '../bundle/plan.ts'
import { sealStream } from '../crypto/envelope.ts'
import { asSha256, type DeviceId, type Oid, type Progress, type SegmentRow } from '../model.ts'
import type { ExactBlobs } from './tip.ts'
import type { Workspace } from './workspace.ts'

/** Far below what hosts warn about (50 MB): a part is gathered in memory, and wrapped there by the codec. */
export const partBytes = 8 * 1024 * 1024

export interface SegmentDraft {
  readonly sources: readonly PieceSource[]
  readonly seq: readonly [number, number]
  readonly by: DeviceId
  readonly origin: number
  /** The session's own recipient. */
  readonly recipient: string
  readonly progress: Progress
}

export interface WrittenSegment {
  readonly row: SegmentRow
  /** Parts in order. */
  readonly blobs: readonly Oid[]
}

/** Named by its last push, so that a number is never used twice. */
export async function writeSegment(ws: Workspace, draft: SegmentDraft): Promise<WrittenSegment> {
  const plain = meter()
  const cipher = meter()
  const packed = packSegment(draft.sources, { onPlain: plain.add, progress: draft.progress })
  const blobs: Oid[] = []
  for await (const part of inParts(sealStream(draft.recipient, packed))) {
    cipher.add(part)
    blobs.push(await ws.store.objects.writeBlob(part))
  }
  const row: SegmentRow = {
    name: segmentName(draft.seq[1]),
    seq: draft.seq,
    by: draft.by,
    origin: draft.origin,
    codec: 'tar+brotli',
    parts: blobs.length,
    sizes: [cipher.size(), plain.size()],
    sha256: [cipher.digest(), plain.digest()],
  }
  return { row, blobs }
}

/** @param seq the last push that it holds */
export function segmentName(seq: number): string {
  return String(seq).padStart(4, '0')
}

/** Path of a part below the session's tree. */
export function partName(segment: SegmentRow, part: number): string {
  return segment.parts === 1 ? segment.name : `${segment.name}.${String(part).padStart(2, '0')}`
}

/** The folder of what was taken out of segments. */
export function writeExact(ws: Workspace, exact: ExactBlobs): Promise<Oid> {
  const entries = [...exact].flatMap(([name, blobs]) =>
    [...blobs].map(([device, oid]) => ({ mode: '100644' as const, name: `${name}-${device}`, oid })),
  )
  return ws.store.objects.writeTree(entries)
}

/** Each part is valid until the next: all are gathered in one buffer, since two of that size are felt. */
async function* inParts(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let part: Buffer = Buffer.alloc(0)
  let size = 0
  for await (const chunk of source) {
    for (let at = 0; at < chunk.length; ) {
      const taken = chunk.subarray(at, at + partBytes - size)
      if (size + taken.length > part.length) part = enlarged(part, size + taken.length)
      part.set(taken, size)
      size += taken.length
      at += taken.length
      if (size < partBytes) continue
      yield part
      size = 0
    }
  }
  if (size > 0) yield part.subarray(0, size)
}

function enlarged(part: Buffer, needed: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(Math.min(partBytes, Math.max(2 * part.length, needed)))
  larger.set(part)
  return larger
}

function meter() {
  const hash: Hash = createHash('sha256')
  let bytes = 0
  return {
    add(chunk: Uint8Array): void {
      hash.update(chunk)
      bytes += chunk.length
    },
    size: () => bytes,
    digest: () => asSha256(hash.digest('hex')),
  }
}
