/** Applies the edits of one buffer and tells how to undo them. Pure. */

import type { Edit as PatchEdit } from './patch.ts'
import type { Edit } from './scan-leaf.ts'

export interface Watcher {
  edit?(edit: PatchEdit): Promise<void> | void
  finding?(rule: string, line: number): void
}

/** @param edits ascending, apart */
export function editedBytes(bytes: Buffer, edits: readonly Edit[]): readonly Buffer[] {
  if (edits.length === 0) return [bytes]
  const pieces: Buffer[] = []
  let done = 0
  for (const { start, end, text } of edits) {
    if (start > done) pieces.push(bytes.subarray(done, start))
    if (text !== '') pieces.push(Buffer.from(text, 'latin1'))
    done = end
  }
  if (done < bytes.length) pieces.push(bytes.subarray(done))
  return pieces
}

/** Tells the watcher of each edit; `at` is where the edited buffer begins in the output. Returns where it ends. */
export async function tellEdits(
  bytes: Buffer,
  edits: readonly Edit[],
  at: number,
  watcher: Watcher,
): Promise<number> {
  let shift = at
  for (const { start, end, text } of edits) {
    // A copy: the buffer is another stretch of the stream soon.
    await watcher.edit?.({
      at: start + shift,
      length: text.length,
      original: Uint8Array.prototype.slice.call(bytes, start, end),
    })
    shift += text.length - (end - start)
  }
  return bytes.length + shift
}

/** Line feeds in the bytes. */
export function countLines(bytes: Uint8Array): number {
  let count = 0
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) count++
  return count
}
