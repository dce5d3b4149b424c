/** Reads one local file once and hashes what the plan wants to know of it. */

import { createHash } from 'node:crypto'
import { TeleportError } from '../errors.ts'
import type { LocalFile, Sha256 } from '../model.ts'
import { emptySha256, toSha256 } from './chain.ts'

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
  // Where one of the two parts is nothing, the other is the whole: hashing it twice would be waste.
  const rest = split > 0 && split < file.size ? createHash('sha256') : undefined
  let prefix: string | undefined
  let read = 0
  for await (const chunk of file.read(0, file.size)) {
    const border = rest ? Math.max(0, Math.min(split - read, chunk.length)) : chunk.length
    whole.update(chunk.subarray(0, border))
    read += border
    if (rest && border < chunk.length) {
      prefix ??= whole.copy().digest('hex')
      const behind = chunk.subarray(border)
      whole.update(behind)
      rest.update(behind)
      read += behind.length
    }
    advance(chunk.length)
  }
  if (read !== file.size) throw changed(file)
  const all = toSha256(whole.digest('hex'))
  if (rest && prefix !== undefined)
    return { whole: all, prefix: toSha256(prefix), rest: toSha256(rest.digest('hex')) }
  return split > 0
    ? { whole: all, prefix: all, rest: emptySha256 }
    : { whole: all, prefix: emptySha256, rest: all }
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
