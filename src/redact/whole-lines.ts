/** Cuts a stream into whole lines, all of which can be looked through. Pure. */

import { TeleportError } from '../errors.ts'
import { lineBatches } from '../json/line-batches.ts'

/** Whole lines, of which the last of the stream may lack its feed. Throws `secret-found` for a line over the cap. */
export async function* wholeLines(
  content: AsyncIterable<Uint8Array>,
  longest?: number,
): AsyncGenerator<Buffer> {
  for await (const { bytes, whole } of lineBatches(content, longest)) {
    if (!whole) throw new TeleportError('secret-found', 'a line is too long to be looked through for secrets')
    yield bytes
  }
}
