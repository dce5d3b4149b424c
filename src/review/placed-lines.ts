/** Lines of a file with where they stand in it, so that reading can begin again at any of them. Pure. */

import { maxRowBytes } from './row.ts'

export interface PlacedLine {
  /** Without its newline; of one that is too long only enough to see that. */
  readonly line: Uint8Array
  /** Offsets in the file: its first byte, and the one behind its newline. */
  readonly start: number
  readonly next: number
}

/** Only whole lines: one that is still being written is left for later. `offset` is where `source` begins. */
export async function* placeLines(
  source: AsyncIterable<Uint8Array>,
  offset: number,
): AsyncGenerator<PlacedLine> {
  let parts: Uint8Array[] = []
  let held = 0
  let start = offset
  let at = offset
  const hold = (part: Uint8Array) => {
    const kept = part.subarray(0, maxRowBytes + 1 - held)
    if (kept.byteLength === 0) return
    parts.push(kept)
    held += kept.byteLength
  }
  for await (const chunk of source) {
    let from = 0
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a, from)) {
      hold(chunk.subarray(from, end))
      const next = at + end + 1
      yield { line: Buffer.concat(parts), start, next }
      parts = []
      held = 0
      start = next
      from = end + 1
    }
    // A copy, because the owner of the chunk may use its memory again.
    hold(Uint8Array.from(chunk.subarray(from)))
    at += chunk.byteLength
  }
}
