/** Reads a stream by lines and lengths, in bounded memory. Pure. */

export interface ByteReader {
  /** Up to the next line feed, without it; `none` at the end of the stream. A last line without a feed is `too-long` as well. */
  line(longest: number): Promise<{ readonly text: string } | 'none' | 'too-long'>
  /** Exactly so many bytes; `undefined` when the stream ends before. */
  take(count: number): Promise<Uint8Array | undefined>
  /** Up to so many bytes, as they come. Fewer are no error: whoever counts finds out. */
  stream(count: number): AsyncGenerator<Uint8Array>
  /** Whether there were so many. */
  skip(count: number): Promise<boolean>
}

export function byteReader(content: AsyncIterable<Uint8Array>): ByteReader {
  const source = content[Symbol.asyncIterator]()
  let current: Buffer = Buffer.alloc(0)

  async function more(): Promise<boolean> {
    while (current.length === 0) {
      const next = await source.next()
      if (next.done) return false
      current = Buffer.from(next.value.buffer, next.value.byteOffset, next.value.byteLength)
    }
    return true
  }

  async function* stream(count: number): AsyncGenerator<Uint8Array> {
    let left = count
    while (left > 0 && (await more())) {
      const part = current.subarray(0, Math.min(left, current.length))
      current = current.subarray(part.length)
      left -= part.length
      yield part
    }
  }

  return {
    stream,
    async line(longest) {
      if (!(await more())) return 'none'
      const parts: Buffer[] = []
      let size = 0
      while (await more()) {
        const feed = current.indexOf(10)
        const part = feed < 0 ? current : current.subarray(0, feed)
        size += part.length
        if (size > longest) return 'too-long'
        parts.push(part)
        current = current.subarray(feed < 0 ? current.length : feed + 1)
        if (feed >= 0) return { text: Buffer.concat(parts).toString('utf8') }
      }
      return 'too-long'
    },
    async take(count) {
      const parts: Uint8Array[] = []
      let size = 0
      for await (const part of stream(count)) {
        parts.push(part)
        size += part.length
      }
      return size === count ? Buffer.concat(parts) : undefined
    },
    async skip(count) {
      let size = 0
      for await (const part of stream(count)) size += part.length
      return size === count
    },
  }
}
