/** Unpacks a segment of outside origin without ever holding more than a chunk of its files, and writes nothing. */

import { createHash } from 'node:crypto'
import { TeleportError } from '../errors.ts'
import type { PieceRow, Sha256 } from '../model.ts'
import { decompressBrotli } from './codec.ts'
import { defaultLimits, type Limits } from './limits.ts'
import { hasBytes, maxPiecesBytes, parsePieces, piecesName } from './pieces.ts'
import { tarSize } from './tar-blocks.ts'
import { readTar } from './tar-reader.ts'

export interface UnpackHandler {
  /** The whole table, before any content. */
  pieces(rows: readonly PieceRow[]): void | Promise<void>
  /**
   * The bytes of one row; called in the table's order, for rows that are neither gone nor dropped. The digest of the
   * row has been checked when `content` ends; that of the segment, only when `unpackSegment` resolves.
   */
  piece(row: PieceRow, content: AsyncIterable<Uint8Array>): Promise<void>
}

/**
 * Reads the segment to its end and returns its table. Throws `damaged-bundle` where it is not exactly what `plainSize`,
 * `plainSha256` and its own table say, and `unsafe-bundle` for what a bundle may not hold. Errors of the source and of
 * the handler pass unchanged.
 */
export async function unpackSegment(
  compressed: AsyncIterable<Uint8Array>,
  handler: UnpackHandler,
  options: { plainSize: number; plainSha256: Sha256; limits?: Limits },
): Promise<readonly PieceRow[]> {
  const { plainSize, plainSha256, limits = defaultLimits } = options
  if (plainSize > limits.maxBytes) {
    throw new TeleportError(
      'unsafe-bundle',
      `a segment has ${plainSize} bytes, and ${limits.maxBytes} are allowed`,
    )
  }
  const hash = createHash('sha256')
  const stream = hashed(decompressBrotli(compressed, plainSize, 'a segment'), hash)
  try {
    const tar = readTar(stream)
    const table = await tar.table(piecesName, Math.min(plainSize, maxPiecesBytes))
    const rows = parsePieces(table, limits)
    checkPlainSize(plainSize, table.length, rows)
    await handler.pieces(rows)
    for (const row of rows) {
      if (hasBytes(row)) await tar.file(row, (content) => handler.piece(row, content))
    }
    await tar.end()
    if (hash.digest('hex') !== plainSha256) throw damaged('a segment has a wrong digest')
    return rows
  } finally {
    await stream.return()
  }
}

/** The layout follows from the table, so a wrong total shows before any content is read. */
function checkPlainSize(plainSize: number, tableSize: number, rows: readonly PieceRow[]): void {
  const expected = tarSize([{ name: piecesName, size: tableSize }, ...rows.filter(hasBytes)])
  if (expected !== plainSize) throw damaged(`a segment declares ${plainSize} bytes and its table ${expected}`)
}

async function* hashed(
  source: AsyncIterable<Uint8Array>,
  hash: { update(chunk: Uint8Array): unknown },
): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of source) {
    hash.update(chunk)
    yield chunk
  }
}

function damaged(message: string): TeleportError {
  return new TeleportError('damaged-bundle', message)
}
