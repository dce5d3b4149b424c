/** Compression as bounded streams: brotli for segments and manifests, gzip for archives. */

import { pipeline, Readable, type Transform } from 'node:stream'
import { constants, createBrotliCompress, createBrotliDecompress, createGunzip, createGzip } from 'node:zlib'
import { TeleportError } from '../errors.ts'

export type Bytes = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

interface Engine extends Transform {
  /** How many bytes of its input it has used. */
  readonly bytesWritten: number
}

const chunkSize = 64 * 1024

/**
 * Told that more is to come, brotli takes tables that make the result 4 % smaller and the work a quarter longer.
 * As the `brotli` program does it on a pipe, it is told less.
 */
const largestHint = 2 ** 20 - 1

/** Quality 5, 24-bit window. `plainSize` is exact, and part of what decides the bytes that come out. */
export function compressBrotli(source: Bytes, plainSize: number): AsyncIterable<Uint8Array> {
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: 5,
    [constants.BROTLI_PARAM_LGWIN]: 24,
    [constants.BROTLI_PARAM_SIZE_HINT]: Math.min(plainSize, largestHint),
  }
  return through(source, createBrotliCompress({ chunkSize, params }))
}

/** Level 6. */
export function compressGzip(source: Bytes): AsyncIterable<Uint8Array> {
  return through(source, createGzip({ chunkSize, level: 6 }))
}

/**
 * Ends with `damaged-bundle` as soon as more than `maxBytes` come out, where the stream is cut or wrong, or where
 * anything follows it. `what` names it. An error of the source itself passes unchanged.
 */
export function decompressBrotli(source: Bytes, maxBytes: number, what: string): AsyncIterable<Uint8Array> {
  return bounded(source, createBrotliDecompress({ chunkSize }), maxBytes, what)
}

/** As `decompressBrotli`. */
export function decompressGzip(source: Bytes, maxBytes: number, what: string): AsyncIterable<Uint8Array> {
  return bounded(source, createGunzip({ chunkSize }), maxBytes, what)
}

async function* bounded(
  source: Bytes,
  engine: Engine,
  maxBytes: number,
  what: string,
): AsyncIterable<Uint8Array> {
  const input = { bytes: 0, ended: false, error: undefined as unknown }
  let output = 0
  try {
    for await (const chunk of through(counted(source, input), engine)) {
      output += chunk.length
      if (output > maxBytes) throw damaged(`${what} unpacks to more than ${maxBytes} bytes`)
      yield chunk
    }
  } catch (error) {
    if (error instanceof TeleportError || error === input.error) throw error
    throw damaged(`${what} cannot be decompressed`, error)
  }
  // An engine that is done ignores what follows, so this alone tells.
  if (!input.ended || input.bytes !== engine.bytesWritten)
    throw damaged(`something follows the end of ${what}`)
}

async function* counted(
  source: Bytes,
  input: { bytes: number; ended: boolean; error: unknown },
): AsyncIterable<Uint8Array> {
  try {
    for await (const chunk of source) {
      input.bytes += chunk.length
      if (chunk.length > 0) yield chunk
    }
    input.ended = true
  } catch (error) {
    input.error = error
    throw error
  }
}

async function* through(source: Bytes, engine: Transform): AsyncIterable<Uint8Array> {
  // Errors of either side end the iteration below; the callback is there because pipeline demands one.
  pipeline(Readable.from(source, { objectMode: true }), engine, () => {})
  for await (const chunk of engine) yield chunk
}

function damaged(message: string, cause?: unknown): TeleportError {
  return new TeleportError('damaged-bundle', message, { cause })
}
