/** Reads one segment back: blobs, digest, decryption, bounded decompression, pieces. */

import { createHash } from 'node:crypto'
import { type UnpackHandler, unpackSegment } from '../bundle/unpack.ts'
import { openStream } from '../crypto/envelope.ts'
import { TeleportError } from '../errors.ts'
import { type Oid, type PieceRow, type Progress, type SegmentRow, silentProgress } from '../model.ts'
import { type OpenTip, segmentBlobs } from './tip.ts'
import type { Workspace } from './workspace.ts'

/** Throws `damaged-bundle` or `unsafe-bundle`. What the handler was given before that must be thrown away. */
export async function readSegment(
  ws: Workspace,
  tip: OpenTip,
  segment: SegmentRow,
  handler: UnpackHandler,
  progress: Progress,
): Promise<readonly PieceRow[]> {
  const cipher = checkedCiphertext(ws, segmentBlobs(tip, segment), segment, progress)
  const rows = await unpackSegment(openStream(tip.identity, cipher), handler, {
    plainSize: segment.sizes[1],
    plainSha256: segment.sha256[1],
  })
  return rows
}

/** Whether it is what the signed manifest says, before anything of it is looked at. Throws `damaged-bundle`. */
export async function checkSegment(ws: Workspace, tip: OpenTip, segment: SegmentRow): Promise<void> {
  for await (const _chunk of checkedCiphertext(ws, segmentBlobs(tip, segment), segment, silentProgress)) {
    // Only the digest counts.
  }
}

/** Its table alone, of which the beginning is read. Throws `damaged-bundle` or `unsafe-bundle`. */
export async function readTable(
  ws: Workspace,
  tip: OpenTip,
  segment: SegmentRow,
): Promise<readonly PieceRow[]> {
  let table: readonly PieceRow[] | undefined
  const stop = new Error('the table is all that was wanted')
  const handler: UnpackHandler = {
    pieces(rows) {
      table = rows
      throw stop
    },
    async piece() {},
  }
  try {
    await readSegment(ws, tip, segment, handler, silentProgress)
  } catch (error) {
    if (error !== stop || !table) throw error
  }
  return table ?? []
}

async function* checkedCiphertext(
  ws: Workspace,
  blobs: readonly Oid[],
  segment: SegmentRow,
  progress: Progress,
): AsyncIterable<Uint8Array> {
  const hash = createHash('sha256')
  let size = 0
  for (const blob of blobs) {
    for await (const chunk of ws.store.objects.streamBlob(blob)) {
      size += chunk.length
      if (size > segment.sizes[0]) break
      hash.update(chunk)
      progress.advance(chunk.length)
      yield chunk
    }
  }
  if (size !== segment.sizes[0] || hash.digest('hex') !== segment.sha256[0]) {
    throw new TeleportError('damaged-bundle', `segment ${segment.name} is not what its manifest says`, {
      hint: 'ask the session’s owner to run: git teleport push --force',
    })
  }
}
