/** Redacts plain text as a stream. Pure. */

import { TeleportError } from '../errors.ts'
import { longestLineBytes } from '../json/line-batches.ts'
import { countLines, editedBytes, tellEdits, type Watcher } from './apply-edits.ts'
import { wholeCharacters } from './leaf-text.ts'
import { type Edit, overlapBytes, pieceBytes, type Scanner } from './scan-leaf.ts'
import { settle } from './settle.ts'

/** What came before a stretch tells what it is: so much of it is looked at again. */
const contextBytes = 1024
/** Git's rule: content with a zero byte near its beginning is no text. */
const judgedBytes = 8000

interface Stretch {
  /** Looked at before, for what stands at the beginning of `bytes`. */
  readonly context: string
  readonly bytes: Buffer
  /** Nothing follows. */
  readonly last: boolean
}

/** Content that is no text passes. Throws `secret-found`. */
export async function* redactText(
  content: AsyncIterable<Uint8Array>,
  scanner: Scanner,
  watcher: Watcher,
): AsyncGenerator<Uint8Array> {
  let line = 1
  let written = 0
  for await (const stretch of stretches(content, scanner)) {
    if ('opaque' in stretch) {
      written += stretch.opaque.length
      yield stretch.opaque
      continue
    }
    const { bytes, edits } = stretch
    for (const { start, rules } of edits) {
      const at = line + countLines(bytes.subarray(0, start))
      for (const rule of rules) watcher.finding?.(rule, at)
    }
    line += countLines(bytes)
    written = await tellEdits(bytes, edits, written, watcher)
    yield* editedBytes(bytes, edits)
  }
}

/** Passes content on as it is. Throws `secret-found` at the first finding. */
export async function* guardContent(
  content: AsyncIterable<Uint8Array>,
  scanner: Scanner,
): AsyncGenerator<Uint8Array> {
  let line = 1
  for await (const stretch of stretches(content, scanner)) {
    if ('opaque' in stretch) {
      yield stretch.opaque
      continue
    }
    const [edit] = stretch.edits
    if (edit) {
      line += countLines(stretch.bytes.subarray(0, edit.start))
      const [rule] = edit.rules
      throw new TeleportError('secret-found', `line ${line} holds a secret (${rule}) and is never altered`, {
        hint: 'take it out of your work tree, or push without --with-changes',
        data: { line, rule },
      })
    }
    line += countLines(stretch.bytes)
    yield stretch.bytes
  }
}

type Looked = { readonly bytes: Buffer; readonly edits: readonly Edit[] } | { readonly opaque: Buffer }

async function* stretches(content: AsyncIterable<Uint8Array>, scanner: Scanner): AsyncGenerator<Looked> {
  let pending: Buffer = Buffer.alloc(0)
  let context = ''
  let judged = false
  let opaque = false
  let wanted = pieceBytes + overlapBytes

  const look = (last: boolean): Looked | undefined => {
    const { edits, cut } = editsOf({ context, bytes: pending, last }, scanner)
    if (cut === 0) return undefined
    const bytes = pending.subarray(0, cut)
    pending = pending.subarray(cut)
    context = (context + bytes.toString('latin1', Math.max(0, cut - contextBytes))).slice(-contextBytes)
    return { bytes, edits }
  }

  const chunks: Buffer[] = []
  let gathered = 0
  for await (const chunk of content) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    if (opaque) {
      yield { opaque: bytes }
      continue
    }
    chunks.push(bytes)
    gathered += bytes.length
    if (pending.length + gathered < wanted) continue
    pending = Buffer.concat([pending, ...chunks.splice(0)])
    gathered = 0
    if (!judged && isBinary(pending)) {
      opaque = true
      yield { opaque: pending }
      pending = Buffer.alloc(0)
      continue
    }
    judged = true
    while (pending.length >= wanted) {
      const looked = look(false)
      // One secret from end to end: its end must come first.
      wanted = looked ? pieceBytes + overlapBytes : 4 * wanted
      if (wanted > longestLineBytes) throw tooLong()
      if (looked) yield looked
    }
  }
  pending = Buffer.concat([pending, ...chunks])
  if (pending.length === 0) return
  if (!judged && isBinary(pending)) {
    yield { opaque: pending }
    return
  }
  while (pending.length > 0) {
    const looked = look(true)
    if (looked) yield looked
  }
}

const isBinary = (bytes: Buffer) => bytes.subarray(0, judgedBytes).includes(0)

/** The edits up to `cut`, which is 0 when more must be known first. */
function editsOf({ context, bytes, last }: Stretch, scanner: Scanner) {
  const replacements = settle(context + bytes.toString('latin1'), scanner.find, scanner.label)
  const limits = { start: 0, end: bytes.length }
  const all = replacements.flatMap(({ start, end, label, rule }) => {
    if (end <= context.length) return []
    const from = Math.max(0, start - context.length)
    const [wholeFrom, wholeTo] = wholeCharacters(bytes, from, end - context.length, limits)
    return [{ start: wholeFrom, end: wholeTo, text: label, rules: [rule] }]
  })
  if (last) return { edits: all, cut: bytes.length }
  const ending = all.at(-1)
  const usual = bytes.length - overlapBytes
  // What goes up to the end may go on behind it.
  const cut =
    ending && ending.end === bytes.length ? Math.min(usual, ending.start) : afterStraddling(all, usual)
  return { edits: all.filter(({ end }) => end <= cut), cut }
}

function afterStraddling(edits: readonly Edit[], cut: number): number {
  const straddling = edits.find(({ start, end }) => start < cut && end > cut)
  return straddling ? straddling.end : cut
}

function tooLong(): TeleportError {
  return new TeleportError('secret-found', 'something that looks like one secret is too long to be taken out')
}
