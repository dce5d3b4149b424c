/** Compares a staged file with one that lies here, byte by byte. */

import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { LocalFile } from '../model.ts'

export type FileRelation = 'equal' | 'first-is-prefix' | 'second-is-prefix' | 'different'

/** How the first `size` bytes of the file at `first` and the bytes of `second` relate. Streams both. */
export async function compareFiles(first: string, second: LocalFile): Promise<FileRelation> {
  const { size } = await stat(first)
  const common = Math.min(size, second.size)
  if (common > 0) {
    const start = createReadStream(first, { start: 0, end: common - 1 })
    if (!(await sameBytes(start, second.read(0, common), common))) return 'different'
  }
  if (size === second.size) return 'equal'
  return size < second.size ? 'first-is-prefix' : 'second-is-prefix'
}

async function sameBytes(
  first: AsyncIterable<Uint8Array>,
  second: AsyncIterable<Uint8Array>,
  count: number,
): Promise<boolean> {
  const a = reader(first)
  const b = reader(second)
  try {
    for (let left = count; left > 0; ) {
      const [x, y] = [await a.peek(), await b.peek()]
      const length = Math.min(x.length, y.length, left)
      if (length === 0 || Buffer.compare(x.subarray(0, length), y.subarray(0, length)) !== 0) return false
      a.take(length)
      b.take(length)
      left -= length
    }
    return true
  } finally {
    await a.close()
    await b.close()
  }
}

/** How many bytes two files have in common from the beginning, in whole lines. Streams both. */
export async function commonLines(first: string, second: LocalFile): Promise<number> {
  const { size } = await stat(first)
  const common = Math.min(size, second.size)
  if (common === 0) return 0
  const a = reader(createReadStream(first, { start: 0, end: common - 1 }))
  const b = reader(second.read(0, common))
  try {
    let lines = 0
    for (let at = 0; ; ) {
      const [x, y] = [await a.peek(), await b.peek()]
      const length = Math.min(x.length, y.length)
      const same = length === 0 ? 0 : sameBeginning(x.subarray(0, length), y.subarray(0, length))
      const last = x.subarray(0, same).lastIndexOf(10)
      if (last >= 0) lines = at + last + 1
      if (length === 0 || same < length) return lines
      a.take(length)
      b.take(length)
      at += length
    }
  } finally {
    await a.close()
    await b.close()
  }
}

function sameBeginning(a: Uint8Array, b: Uint8Array): number {
  if (Buffer.compare(a, b) === 0) return a.length
  return a.findIndex((byte, at) => byte !== b[at])
}

function reader(source: AsyncIterable<Uint8Array>) {
  const iterator = source[Symbol.asyncIterator]()
  let held: Uint8Array = new Uint8Array()
  return {
    async peek(): Promise<Uint8Array> {
      while (held.length === 0) {
        const next = await iterator.next()
        if (next.done) break
        held = next.value
      }
      return held
    },
    take(count: number): void {
      held = held.subarray(count)
    },
    async close(): Promise<void> {
      await iterator.return?.()
    },
  }
}

/** A file's bytes, in chunks of 1 MiB. */
export function readChunks(file: string): AsyncIterable<Uint8Array> {
  return createReadStream(file, { highWaterMark: 1024 * 1024 })
}
