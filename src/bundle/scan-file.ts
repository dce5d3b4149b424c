/** Reads one local file once and hashes what the plan wants to know of it. */

import { createHash } from 'node:crypto'
import { TeleportError } from '../errors.ts'
import type { LocalFile, Sha256 } from '../model.ts'
import { toSha256 } from './chain.ts'

export interface FileDigests {
  readonly whole: Sha256
  /** Of the first `split` bytes. */
  readonly prefix: Sha256
  /** Of the bytes from `split` on. */
  readonly rest: Sha256
}

/** `split` lies within the file. Throws `failed` when the file is shorter or longer than it said. */
export async function digestFile(
  file: LocalFile,
  split: number,
  advance: (bytes: number) => void,
): Promise<FileDigests> {
  const whole = createHash('sha256')
  // Without a prefix the rest is the whole: hashing a first push twice would be waste.
  const rest = split > 0 ? createHash('sha256') : undefined
  let prefix: string | undefined
  let read = 0
  const take = (chunk: Uint8Array) => {
    whole.update(chunk)
    if (prefix !== undefined) rest?.update(chunk)
    read += chunk.length
    if (read === split) prefix = whole.copy().digest('hex')
  }
  take(new Uint8Array(0))
  for await (const chunk of file.read(0, file.size)) {
    const border = Math.max(0, Math.min(split - read, chunk.length))
    take(chunk.subarray(0, border))
    if (border < chunk.length) take(chunk.subarray(border))
    advance(chunk.length)
  }
  if (read !== file.size || prefix === undefined) throw changed(file)
  const all = toSha256(whole.digest('hex'))
  return { whole: all, prefix: toSha256(prefix), rest: rest ? toSha256(rest.digest('hex')) : all }
}

/** Bytes from `start` to the file's end. Throws `failed` when they are no longer those of `expected`. */
export async function* readAgain(
  file: LocalFile,
  start: number,
  expected: Sha256,
): AsyncIterable<Uint8Array> {
  const hash = createHash('sha256')
  for await (const chunk of file.read(start, file.size)) {
    hash.update(chunk)
    yield chunk
  }
  if (hash.digest('hex') !== expected) throw changed(file)
}

function changed(file: LocalFile): TeleportError {
  return new TeleportError('failed', `${file.localPath} changed while it was read`, {
    hint: 'run the command again',
    data: { path: file.localPath },
  })
}
