/** Cuts a stream of bytes into lines without ever holding more than one, and not all of a huge one. Pure. */

import { maxRowBytes } from './row.ts'

/**
 * Yields each line without its newline, the last one too when it has none. Of a line longer than `maxBytes` only the
 * first `maxBytes + 1` bytes come: enough to see that it is too long.
 */
export async function* splitLines(
  source: AsyncIterable<Uint8Array>,
  maxBytes: number = maxRowBytes,
): AsyncGenerator<Uint8Array> {
  let parts: Uint8Array[] = []
  let held = 0
  const hold = (part: Uint8Array) => {
    const kept = part.subarray(0, maxBytes + 1 - held)
    if (kept.byteLength === 0) return
    parts.push(kept)
    held += kept.byteLength
  }
  for await (const chunk of source) {
    let start = 0
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, start)) {
      hold(chunk.subarray(start, end))
      yield Buffer.concat(parts)
      parts = []
      held = 0
      start = end + 1
    }
    // A copy, because the owner of the chunk may use its memory again.
    hold(Uint8Array.from(chunk.subarray(start)))
  }
  if (held > 0) yield Buffer.concat(parts)
}
