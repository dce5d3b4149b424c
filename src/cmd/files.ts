/** Files that the user names on the command line: read with a limit, written whole or not at all. */

import { createReadStream } from 'node:fs'
import { open, rename, unlink } from 'node:fs/promises'
import path from 'node:path'
import { fileError, TeleportError } from '../errors.ts'
import type { Io } from './io.ts'

/** `-` is standard input. Throws `usage` for more than `maxBytes`. */
export async function readInput(io: Io, file: string, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of openInput(io, file)) {
    size += chunk.length
    if (size > maxBytes) throw new TeleportError('usage', `${file} is larger than expected here`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** Streams a file, or standard input for `-`. */
export async function* openInput(io: Io, file: string): AsyncIterable<Uint8Array> {
  try {
    yield* file === '-' ? io.stdin : createReadStream(path.resolve(io.cwd, file))
  } catch (error) {
    throw fileError(error, `reading ${file}`)
  }
}

/** Written beside the target (0600), synced, renamed: a failure leaves what was there before. */
export async function writeOutput(
  io: Io,
  file: string,
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  const target = path.resolve(io.cwd, file)
  const temporary = `${target}.${io.pid}.tmp`
  try {
    const handle = await open(temporary, 'wx', 0o600)
    try {
      for await (const chunk of content) await handle.writeFile(chunk)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, target)
  } catch (error) {
    await unlink(temporary).catch(() => {})
    throw fileError(error, `writing ${file}`)
  }
}
