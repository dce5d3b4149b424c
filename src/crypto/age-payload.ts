/** The body of an age file: 64 KiB pieces, each sealed with its number and whether it is the last (STREAM). Pure. */

import { TeleportError } from '../errors.ts'
import { decrypt, encrypt, tagBytes } from './aead.ts'
import { type ByteReader, byteReader } from './byte-reader.ts'
import { joinBytes } from './join-bytes.ts'

const plainBytes = 64 * 1024
const sealedBytes = plainBytes + tagBytes

/** Yields one chunk a piece. `key` must be used for one payload only. */
export async function* sealPayload(
  key: Uint8Array,
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const reader = byteReader(source)
  try {
    for await (const piece of pieces(reader, plainBytes)) yield sealPiece(key, piece)
  } finally {
    await reader.close()
  }
}

/**
 * Yields verified pieces; that nothing is missing is known only at the end.
 * Throws `damaged-bundle` when a piece was changed, moved or cut off. The caller closes `reader`.
 */
export async function* openPayload(key: Uint8Array, reader: ByteReader): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces(reader, sealedBytes)) yield openPiece(key, piece)
}

/** `sealPayload` of bytes that are in memory. */
export function sealPayloadBytes(key: Uint8Array, plain: Uint8Array): Uint8Array {
  return joinBytes(slices(plain, plainBytes).map((piece) => sealPiece(key, piece)))
}

/** `openPayload` of bytes that are in memory; throws `damaged-bundle`. */
export function openPayloadBytes(key: Uint8Array, sealed: Uint8Array): Uint8Array {
  return joinBytes(slices(sealed, sealedBytes).map((piece) => openPiece(key, piece)))
}

interface Piece {
  readonly number: number
  readonly last: boolean
  /** Valid until the next piece. */
  readonly bytes: Uint8Array
}

/** At least one, even if it is empty. One byte more is looked at, to know which piece is the last. */
async function* pieces(reader: ByteReader, size: number): AsyncGenerator<Piece> {
  for (let number = 0; ; number++) {
    const ahead = await reader.peek(size + 1)
    const last = ahead.length <= size
    const bytes = ahead.subarray(0, size)
    reader.skip(bytes.length)
    yield { number, last, bytes }
    if (last) return
  }
}

function slices(bytes: Uint8Array, size: number): Piece[] {
  const count = Math.max(1, Math.ceil(bytes.length / size))
  return Array.from({ length: count }, (_, number) => ({
    number,
    last: number === count - 1,
    bytes: bytes.subarray(number * size, (number + 1) * size),
  }))
}

function sealPiece(key: Uint8Array, { number, last, bytes }: Piece): Uint8Array {
  return encrypt(key, nonce(number, last), bytes)
}

function openPiece(key: Uint8Array, { number, last, bytes }: Piece): Uint8Array {
  const plain = decrypt(key, nonce(number, last), bytes)
  // Only an empty file ends in an empty piece: otherwise two files would have the same content.
  if (!plain || (plain.length === 0 && number > 0)) {
    throw new TeleportError('damaged-bundle', `an age file is damaged in its piece ${number}`)
  }
  return plain
}

function nonce(number: number, last: boolean): Uint8Array {
  const bytes = Buffer.alloc(12)
  bytes.writeUIntBE(number, 5, 6)
  bytes[11] = last ? 1 : 0
  return bytes
}
