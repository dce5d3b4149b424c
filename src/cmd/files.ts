/** Files that the user names on the command line: read with a limit, written whole or not at all. */

import { createReadStream } from 'node:fs'
import { open, rename, unlink } from 'node:fs/promises'
import path from 'node:path'
import { addAbortSignal } from 'node:stream'
import { errnoOf, fileError, stopIfInterrupted, TeleportError } from '../errors.ts'
import type { Io } from './io.ts'

type InputIo = Pick<Io, 'cwd' | 'stdin' | 'signal'>

/** `-` is standard input. Throws `usage` for more than `maxBytes`. */
export async function readInput(io: InputIo, file: string, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of openInput(io, file)) {
    size += chunk.length
    if (size > maxBytes) throw new TeleportError('usage', `${file} is larger than expected here`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Streams a file, or standard input for `-`, for which an interrupted command waits no longer. */
export async function* openInput(io: InputIo, file: string): AsyncIterable<Uint8Array> {
  try {
    const source = file === '-' ? io.stdin : createReadStream(path.resolve(io.cwd, file))
    yield* addAbortSignal(io.signal, source)
  } catch (error) {
    stopIfInterrupted(io.signal)
    throw fileError(error, `reading ${file}`)
  }
}

/** Written beside the target (0600), synced, renamed: a failure leaves what was there before. */
export function writeOutput(
  io: Io,
  file: string,
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  return withOutputFile(io, file, async (write) => {
    for await (const chunk of content) await write(chunk)
  })
}

/** As `writeOutput`, for `work` that writes as it goes. Nothing is left of a file whose work has failed. */
export async function withOutputFile<T>(
  io: Pick<Io, 'cwd' | 'pid' | 'signal'>,
  file: string,
  work: (write: (content: Uint8Array | string) => Promise<void>) => Promise<T>,
): Promise<T> {
  const target = path.resolve(io.cwd, file)
  const temporary = `${target}.${io.pid}.tmp`
  try {
    const result = await intoFile(io, temporary, work)
    await rename(temporary, target)
    return result
  } catch (error) {
    await unlink(temporary).catch(() => {})
    // A defect of ours stays one.
    throw errnoOf(error) === undefined ? error : fileError(error, `writing ${file}`)
  }
}

async function intoFile<T>(
  io: Pick<Io, 'signal'>,
  file: string,
  work: (write: (content: Uint8Array | string) => Promise<void>) => Promise<T>,
): Promise<T> {
  const handle = await open(file, 'wx', 0o600)
  try {
    const result = await work((content) => {
      stopIfInterrupted(io.signal)
      return handle.writeFile(content)
    })
    await handle.sync()
    stopIfInterrupted(io.signal)
    return result
  } finally {
    await handle.close()
  }
}
