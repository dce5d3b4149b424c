/** Packs a segment: tar, then brotli. Encryption is somebody else's. */

import { type Progress, silentProgress } from '../model.ts'
import { compressBrotli } from './codec.ts'
import { encodePieces, hasBytes, piecesName } from './pieces.ts'
import type { PieceSource } from './plan.ts'
import { tarSize } from './tar-blocks.ts'
import { type TarFile, writeTar } from './tar-writer.ts'

/**
 * The compressed segment; `onPlain` sees the tar stream before compression. Equal sources give equal bytes.
 * Throws `failed` when a source yields other than its row's size.
 */
export async function* packSegment(
  sources: readonly PieceSource[],
  options: { onPlain?: (chunk: Uint8Array) => void; progress?: Progress } = {},
): AsyncIterable<Uint8Array> {
  const files = tarFiles(sources)
  const plainSize = tarSize(files)
  const progress = options.progress ?? silentProgress
  progress.step('packing', plainSize)
  yield* compressBrotli(
    observed(writeTar(files), (chunk) => {
      options.onPlain?.(chunk)
      progress.advance(chunk.length)
    }),
    plainSize,
  )
}

/** Bytes of the tar stream that `packSegment` will make of them: what `planMerge` wants to know. */
export function plainSizeOf(sources: readonly PieceSource[]): number {
  return tarSize(tarFiles(sources))
}

function tarFiles(sources: readonly PieceSource[]): readonly TarFile[] {
  const table = encodePieces(sources.map(({ row }) => row))
  return [
    { name: piecesName, size: table.length, read: () => [table] },
    ...sources
      .filter(({ row }) => hasBytes(row))
      .map((source) => ({ name: source.row.name, size: source.row.size, read: () => source.read() })),
  ]
}

async function* observed(
  source: AsyncIterable<Uint8Array>,
  observe: (chunk: Uint8Array) => void,
): AsyncIterable<Uint8Array> {
  for await (const chunk of source) {
    observe(chunk)
    yield chunk
  }
}
