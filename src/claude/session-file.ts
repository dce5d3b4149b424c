/** Reading pieces of files of the client: never through a link at the end of the path, never more than asked for. */

import { closeSync, constants, lstatSync, openSync, readSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { errnoOf, fileError, TeleportError } from '../errors.ts'

const blockBytes = 64 * 1024

/**
 * A session has hundreds of small files, and handing one to the thread pool to be opened, read and closed takes ten times
 * as long as doing it.
 */
const largestAtOnce = 256 * 1024

/** Streams bytes `[start, end)` of a regular file. Throws `failed` when it is shorter, or is a link by now. */
export async function* readRange(file: string, start: number, end: number): AsyncGenerator<Uint8Array> {
  if (end <= start) return
  if (end - start <= largestAtOnce) {
    yield readAtOnce(file, start, end)
    return
  }
  const handle = await openPlain(file)
  let coming = readNext(handle, start, end)
  try {
    for (let at = start; at < end; ) {
      const bytes = await coming
      if (bytes.length === 0) throw becameShorter(file)
      at += bytes.length
      // While whoever asked is busy with these, the next are read.
      if (at < end) coming = readNext(handle, at, end)
      // It may fail before anybody asks for it.
      coming.catch(() => undefined)
      yield bytes
    }
  } catch (error) {
    throw fileError(error, `reading ${file}`)
  } finally {
    await coming.catch(() => undefined)
    await handle.close()
  }
}

async function readNext(handle: FileHandle, at: number, end: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafe(Math.min(largestAtOnce, end - at))
  const { bytesRead } = await handle.read(bytes, 0, bytes.length, at)
  return bytes.subarray(0, bytesRead)
}

function readAtOnce(file: string, start: number, end: number): Uint8Array {
  const bytes = Buffer.allocUnsafe(end - start)
  return withDescriptor(file, (descriptor) => {
    for (let at = 0; at < bytes.length; ) {
      const bytesRead = readSync(descriptor, bytes, at, bytes.length - at, start + at)
      if (bytesRead === 0) throw becameShorter(file)
      at += bytesRead
    }
    return bytes
  })
}

function withDescriptor<T>(file: string, work: (descriptor: number) => T): T {
  try {
    const descriptor = openSync(file, plainFlags)
    try {
      return work(descriptor)
    } finally {
      closeSync(descriptor)
    }
  } catch (error) {
    throw fileError(error, `reading ${file}`)
  }
}

function becameShorter(file: string): TeleportError {
  return new TeleportError('failed', `${file} became shorter while it was read`)
}

/** Bytes up to and with the last line feed below `size`; 0 when there is none. */
export async function sizeInLines(file: string, size: number): Promise<number> {
  const block = Buffer.allocUnsafe(Math.min(blockBytes, size))
  return withDescriptor(file, (descriptor) => {
    for (let end = size; end > 0; end -= blockBytes) {
      const start = Math.max(0, end - blockBytes)
      const feed = block.subarray(0, readSync(descriptor, block, 0, end - start, start)).lastIndexOf(10)
      if (feed >= 0) return start + feed + 1
    }
    return 0
  })
}

/** Streams a file up to the last line feed that it has when reading begins. Throws `failed`. */
export async function* readWholeLines(file: string): AsyncGenerator<Uint8Array> {
  yield* readRange(file, 0, await sizeInLines(file, (await plainSize(file)) ?? 0))
}

/** At most `most` bytes from `start`; `undefined` when there is no such regular file. */
export async function readSome(file: string, start: number, most: number): Promise<Buffer | undefined> {
  const size = await plainSize(file)
  if (size === undefined) return undefined
  const pieces: Uint8Array[] = []
  for await (const piece of readRange(file, start, Math.min(size, start + most))) pieces.push(piece)
  return Buffer.concat(pieces)
}

/** Size of a regular file; `undefined` for anything else, links included, and for nothing at all. */
export async function plainSize(file: string): Promise<number | undefined> {
  try {
    const found = lstatSync(file)
    return found.isFile() ? found.size : undefined
  } catch (error) {
    if (isMissing(error)) return undefined
    throw fileError(error, `looking at ${file}`)
  }
}

/** Nothing is there, or a parent is no folder. */
export function isMissing(error: unknown): boolean {
  const code = errnoOf(error)
  return code === 'ENOENT' || code === 'ENOTDIR'
}

/** Windows has no O_NOFOLLOW; there the caller's look before is all there is. */
const plainFlags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0)

async function openPlain(file: string): Promise<FileHandle> {
  try {
    return await open(file, plainFlags)
  } catch (error) {
    throw fileError(error, `opening ${file}`)
  }
}
