/** Files without a name, for what is too large for memory: gone when they are closed, or when the process ends. */

import { randomBytes } from 'node:crypto'
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises'
import { fileError } from '../errors.ts'
import type { Store } from './store.ts'

/** All methods throw `failed` and `disk-full`. */
export interface Spool {
  /** Bytes written so far. */
  size(): number
  write(bytes: Uint8Array): Promise<void>
  /** Forgets what was written from `size` on. */
  cut(size: number): void
  /** Bytes `[start, end)` of what was written by then. */
  read(start?: number, end?: number): AsyncIterable<Uint8Array>
}

const bufferBytes = 256 * 1024

/** `open` makes as many as `work` needs, for as long as it runs. Whoever else asks for the files by name finds none. */
export async function withSpools<T>(
  store: Pick<Store, 'path'>,
  work: (open: () => Promise<Spool>) => Promise<T>,
): Promise<T> {
  const opened: FileHandle[] = []
  const files: string[] = []
  try {
    return await work(async () => {
      const file = store.path('spool', randomBytes(8).toString('hex'))
      const handle = await openNew(store.path('spool'), file)
      opened.push(handle)
      files.push(file)
      // Not on Windows, where it stays until it is closed.
      await rm(file, { force: true }).catch(() => undefined)
      return spoolOn(handle, file)
    })
  } finally {
    for (const handle of opened) await handle.close()
    for (const file of files) await rm(file, { force: true }).catch(() => undefined)
  }
}

async function openNew(folder: string, file: string): Promise<FileHandle> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    return await open(file, 'wx+', 0o600)
  } catch (error) {
    throw fileError(error, `making ${file}`)
  }
}

function spoolOn(handle: FileHandle, file: string): Spool {
  let waiting: Uint8Array[] = []
  let waitingBytes = 0
  let written = 0

  async function flush(): Promise<void> {
    const bytes = Buffer.concat(waiting)
    waiting = []
    waitingBytes = 0
    try {
      for (let at = 0; at < bytes.length; )
        at += (await handle.write(bytes, at, bytes.length - at, written + at)).bytesWritten
    } catch (error) {
      throw fileError(error, `writing ${file}`)
    }
    written += bytes.length
  }

  return {
    size: () => written + waitingBytes,
    async write(bytes) {
      // A copy: what is small is often cut from something that changes.
      waiting.push(Buffer.from(bytes))
      waitingBytes += bytes.length
      if (waitingBytes >= bufferBytes) await flush()
    },
    cut(size) {
      const kept = Buffer.concat(waiting).subarray(0, Math.max(0, size - written))
      waiting = [kept]
      waitingBytes = kept.length
      written = Math.min(written, size)
    },
    async *read(start = 0, end = written + waitingBytes) {
      await flush()
      for (let at = start; at < end; ) {
        const chunk = Buffer.allocUnsafe(Math.min(bufferBytes, end - at))
        const { bytesRead } = await handle.read(chunk, 0, chunk.length, at).catch((error: unknown) => {
          throw fileError(error, `reading ${file}`)
        })
        if (bytesRead === 0) throw fileError(new Error('it ended too soon'), `reading ${file}`)
        at += bytesRead
        yield chunk.subarray(0, bytesRead)
      }
    },
  }
}
