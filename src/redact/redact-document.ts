/** Redacts a file that is one JSON document. Pure. */

import { TeleportError } from '../errors.ts'
import { longestLineBytes } from '../json/line-batches.ts'
import { countLines, editedBytes, tellEdits, type Watcher } from './apply-edits.ts'
import { editsOfDocument } from './redact-row.ts'
import { redactText } from './redact-text.ts'
import type { Scanner } from './scan-leaf.ts'

/** What is no JSON after all is taken for text. Throws `secret-found`. */
export async function* redactDocument(
  content: AsyncIterable<Uint8Array>,
  scanner: Scanner,
  watcher: Watcher,
): AsyncGenerator<Uint8Array> {
  const bytes = await gather(content)
  const found = editsOfDocument(bytes, 0, bytes.length, scanner)
  if (found === 'unreadable') {
    yield* redactText(once(bytes), scanner, watcher)
    return
  }
  const output = Buffer.concat(editedBytes(bytes, found.edits))
  if (found.edits.length > 0) {
    const again = editsOfDocument(output, 0, output.length, scanner)
    if (again === 'unreadable' || again.edits.length > 0) {
      throw new TeleportError('secret-found', 'something that looks like a secret is left after redaction')
    }
  }
  for (const { start, rules } of found.edits) {
    const line = countLines(bytes.subarray(0, start)) + 1
    for (const rule of rules) watcher.finding?.(rule, line)
  }
  await tellEdits(bytes, found.edits, 0, watcher)
  yield output
}

async function gather(content: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of content) {
    chunks.push(chunk)
    size += chunk.length
    if (size > longestLineBytes) {
      throw new TeleportError('secret-found', 'the file is too large to be looked through for secrets')
    }
  }
  return Buffer.concat(chunks)
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
