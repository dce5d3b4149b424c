/** Packs, encrypts and stores one segment: pieces in, blobs and the manifest's row out. */

import { createHash, type Hash } from 'node:crypto'
import { packSegment } from '../bundle/pack.ts'
import type { PieceSource } from '../bundle/plan.ts'
import { sealStream } from '../crypto/envelope.ts'
import { asSha256, type DeviceId, type Oid, type Progress, type SegmentRow } from '../model.ts'
import type { Workspace } from './workspace.ts'

/** Below what hosts warn about (50 MB) and refuse (100 MB). */
export const partBytes = 32 * 1024 * 1024

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
    name: String(draft.seq[1]).padStart(4, '0'),
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

/** Path of a part below the session's tree. */
export function partName(segment: SegmentRow, part: number): string {
  return segment.parts === 1 ? segment.name : `${segment.name}.${String(part).padStart(2, '0')}`
}

async function* inParts(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  let held: Uint8Array[] = []
  let size = 0
  for await (let chunk of source) {
    while (size + chunk.length >= partBytes) {
      const take = partBytes - size
      yield Buffer.concat([...held, chunk.subarray(0, take)])
      held = []
      size = 0
      chunk = chunk.subarray(take)
    }
    if (chunk.length > 0) held.push(chunk)
    size += chunk.length
  }
  if (size > 0) yield Buffer.concat(held)
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
