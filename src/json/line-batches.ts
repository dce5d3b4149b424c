/** Cuts a stream into runs of whole lines, in bounded memory. Pure. */

const lineFeed = 10

/** Longer lines are handed on in pieces, to be left as they are. */
export const longestLineBytes = 64 * 1024 * 1024

export interface LineBatch {
  readonly bytes: Buffer
  /** `false`: a piece of a line over the cap. Otherwise whole lines, of which the last of a stream may lack its feed. */
  readonly whole: boolean
}

/** The bytes of all batches, in order, are the bytes of `content`. */
export async function* lineBatches(
  content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  longest = longestLineBytes,
): AsyncGenerator<LineBatch> {
  let pending: Buffer[] = []
  let pendingBytes = 0
  let overlong = false
  for await (const chunk of content) {
    let bytes = asBuffer(chunk)
    if (overlong) {
      const feed = bytes.indexOf(lineFeed)
      yield { bytes: feed < 0 ? bytes : bytes.subarray(0, feed + 1), whole: false }
      if (feed < 0) continue
      overlong = false
      bytes = bytes.subarray(feed + 1)
    }
    const last = bytes.lastIndexOf(lineFeed)
    if (last >= 0) {
      const ended = bytes.subarray(0, last + 1)
      const lines = pendingBytes > 0 ? Buffer.concat([...pending, ended]) : ended
      // Let go before the lines are worked on: a long one would be in memory twice.
      pending = []
      pendingBytes = 0
      yield { bytes: lines, whole: true }
    }
    const rest = bytes.subarray(last + 1)
    if (rest.length > 0) pending.push(rest)
    pendingBytes += rest.length
    if (pendingBytes <= longest) continue
    for (const piece of pending) yield { bytes: piece, whole: false }
    pending = []
    pendingBytes = 0
    overlong = true
  }
  const rest = Buffer.concat(pending.splice(0))
  if (rest.length > 0) yield { bytes: rest, whole: true }
}

/** Calls `visit` with each line's span, line feed excluded; `next` is where the following one starts. */
export function eachLine(bytes: Buffer, visit: (start: number, end: number, next: number) => void): void {
  let start = 0
  while (start < bytes.length) {
    const feed = bytes.indexOf(lineFeed, start)
    const end = feed < 0 ? bytes.length : feed
    const next = feed < 0 ? end : feed + 1
    visit(start, end, next)
    start = next
  }
}

/** The same memory as a Buffer. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
