/** Cuts a stream into runs of whole lines, in bounded memory. Pure. */

import { TeleportError } from '../errors.ts'

const lineFeed = 10

/** Longer lines cannot be looked through. */
export const longestLineBytes = 64 * 1024 * 1024

/** Whole lines, of which the last of the stream may lack its feed. Throws `secret-found` for a line over the cap. */
export async function* lineBatches(
  content: AsyncIterable<Uint8Array>,
  longest = longestLineBytes,
): AsyncGenerator<Buffer> {
  let pending: Buffer[] = []
  let pendingBytes = 0
  for await (const chunk of content) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    const last = bytes.lastIndexOf(lineFeed)
    if (last >= 0) {
      const ended = bytes.subarray(0, last + 1)
      const lines = pendingBytes > 0 ? Buffer.concat([...pending, ended]) : ended
      // Let go before the lines are worked on: a long one would be in memory twice.
      pending = []
      pendingBytes = 0
      yield lines
    }
    const rest = bytes.subarray(last + 1)
    if (rest.length > 0) pending.push(rest)
    pendingBytes += rest.length
    if (pendingBytes > longest) {
      throw new TeleportError('secret-found', 'a line is too long to be looked through for secrets')
    }
  }
  const rest = Buffer.concat(pending.splice(0))
  if (rest.length > 0) yield rest
}
