/** Chained digests: one per file, and their fold over a whole bundle. Pure. */

import { createHash } from 'node:crypto'
import { isSha256, type PieceOp, type PieceRow, type Sha256 } from '../model.ts'

/** Where every chain starts. */
export const zeroChain: Sha256 = toSha256('0'.repeat(64))

export { emptySha256 } from './empty-digest.ts'

const opBytes: Readonly<Record<PieceOp, number>> = { append: 0, whole: 1, gone: 2 }

/**
 * The chain after one more row:
 * SHA-256(previous, 32 raw bytes ‖ gen, u64 big-endian ‖ op, one byte: append 0, whole 1, gone 2 ‖
 * at, u64 big-endian ‖ size, u64 big-endian ‖ sha256, 32 raw bytes).
 */
export function extendChain(previous: Sha256, row: PieceRow): Sha256 {
  const fields = Buffer.alloc(89)
  fields.write(previous, 0, 32, 'hex')
  fields.writeBigUInt64BE(BigInt(row.gen), 32)
  fields.writeUInt8(opBytes[row.op], 40)
  fields.writeBigUInt64BE(BigInt(row.at), 41)
  fields.writeBigUInt64BE(BigInt(row.size), 49)
  fields.write(row.sha256, 57, 32, 'hex')
  return toSha256(createHash('sha256').update(fields).digest('hex'))
}

/**
 * SHA-256 over, for every file in the order of its name's UTF-8 bytes: the name, one NUL byte, the chain as
 * 32 raw bytes. Files that are gone count too.
 */
export function foldChains(files: Iterable<readonly [name: string, chain: Sha256]>): Sha256 {
  const sorted = [...files]
    .map(([name, chain]) => [Buffer.from(name), chain] as const)
    .sort(([a], [b]) => Buffer.compare(a, b))
  const hash = createHash('sha256')
  for (const [name, chain] of sorted) hash.update(name).update('\0').update(chain, 'hex')
  return toSha256(hash.digest('hex'))
}

/** Brands 64 hex digits that this program computed itself. */
export function toSha256(hex: string): Sha256 {
  if (isSha256(hex)) return hex
  throw new Error(`not a SHA-256: ${hex}`)
}
