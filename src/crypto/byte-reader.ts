/** Takes a stream of chunks of any size apart by bytes, with one small buffer. */

export interface ByteReader {
  /** The next `size` bytes without taking them; fewer only at the end. Valid until the next call. */
  peek(size: number): Promise<Uint8Array>
  /** Takes bytes that were peeked at. */
  skip(size: number): void
  /** Lets the source go; to be called whether or not it was read to its end. */
  close(): Promise<void>
}

/** Reads no further ahead than one chunk of `source`. */
export function byteReader(source: AsyncIterable<Uint8Array>): ByteReader {
  const iterator = source[Symbol.asyncIterator]()
  let held = Buffer.alloc(0)
  let start = 0
  let end = 0
  let chunk: Uint8Array = new Uint8Array(0)
  let ended = false

  const makeRoom = (size: number) => {
    if (start + size <= held.length) return
    const target = size <= held.length ? held : Buffer.allocUnsafeSlow(size)
    held.copy(target, 0, start, end)
    held = target
    end -= start
    start = 0
  }

  return {
    async peek(size) {
      makeRoom(size)
      while (end - start < size && !ended) {
        const taken = chunk.subarray(0, size - (end - start))
        held.set(taken, end)
        end += taken.length
        chunk = chunk.subarray(taken.length)
        if (end - start === size) break
        const next = await iterator.next()
        if (next.done) ended = true
        else chunk = next.value
      }
      return held.subarray(start, Math.min(end, start + size))
    },
    skip(size) {
      start += size
    },
    async close() {
      if (!ended) await iterator.return?.()
    },
  }
}
