/** A file that another process appends to: read to its end, and on while it grows. */

import { open, stat } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { errnoOf, fileError } from '../errors.ts'

const lookEveryMs = 200
const chunkBytes = 256 * 1024

/** From the start to the end, which is the end only once `ended` says so. A file that is not there yet is empty. */
export async function* readGrowing(file: string, ended: () => Promise<boolean>): AsyncGenerator<Uint8Array> {
  let at = 0
  for (;;) {
    // Asked first: what is written before the end is read after the answer.
    const last = await ended()
    for await (const chunk of readFrom(file, at)) {
      at += chunk.byteLength
      yield chunk
    }
    if (last) return
    await setTimeout(lookEveryMs)
  }
}

/** The last line that says something, of the file's last few thousand bytes; empty when there is none. */
export async function lastLineOf(file: string): Promise<string> {
  const size = (await stat(file).catch(() => undefined))?.size ?? 0
  const chunks: Uint8Array[] = []
  for await (const chunk of readFrom(file, Math.max(0, size - 8192))) chunks.push(chunk)
  const lines = Buffer.concat(chunks).toString().split('\n')
  return lines.findLast((line) => line.trim() !== '')?.trim() ?? ''
}

async function* readFrom(file: string, start: number): AsyncGenerator<Uint8Array> {
  const handle = await open(file, 'r').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw fileError(error, `reading ${file}`)
  })
  if (!handle) return
  try {
    for (let at = start; ; ) {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(chunkBytes), 0, chunkBytes, at)
      if (bytesRead === 0) return
      at += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  } catch (error) {
    throw fileError(error, `reading ${file}`)
  } finally {
    await handle.close()
  }
}
