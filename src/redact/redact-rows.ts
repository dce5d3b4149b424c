/** Redacts a piece of a transcript, row by row. Pure. */

import { TeleportError } from '../errors.ts'
import { editedBytes, tellEdits, type Watcher } from './apply-edits.ts'
import { walkLeaves } from './json-leaves.ts'
import { leafText } from './leaf-text.ts'
import { editsOfDocument } from './redact-row.ts'
import type { Edit, Scanner } from './scan-leaf.ts'
import { wholeLines } from './whole-lines.ts'

const lineFeed = 10

/** Rows stay in their order and their bytes but for the edits. Throws `secret-found`. */
export async function* redactRows(
  content: AsyncIterable<Uint8Array>,
  scanner: Scanner,
  watcher: Watcher,
): AsyncGenerator<Uint8Array> {
  let line = 1
  let written = 0
  for await (const bytes of wholeLines(content)) {
    const edits: Edit[] = []
    for (let start = 0; start < bytes.length; line++) {
      const feed = bytes.indexOf(lineFeed, start)
      const end = feed < 0 ? bytes.length : feed
      const next = feed < 0 ? end : feed + 1
      for (const edit of editsOfLine(bytes, start, end, next, line, scanner)) {
        for (const rule of edit.rules) watcher.finding?.(rule, line)
        edits.push(edit)
      }
      start = next
    }
    written = await tellEdits(bytes, edits, written, watcher)
    yield* editedBytes(bytes, edits)
  }
}

function editsOfLine(
  bytes: Buffer,
  start: number,
  end: number,
  next: number,
  line: number,
  scanner: Scanner,
): readonly Edit[] {
  if (isBlank(bytes, start, end)) return []
  const drop = (reason: string): readonly Edit[] => [{ start, end: next, text: '', rules: [reason] }]
  try {
    // Recorded requests hold all that was said once more, thinking included. The client makes do without.
    if (holdsRequest(bytes, start, end)) return [requestStub(bytes, start, end, next)]
    const found = editsOfDocument(bytes, start, end, scanner)
    // No client reads such a line, and nobody can tell what is in it.
    if (found === 'unreadable') return drop('unreadable-row')
    if (found.edits.length > 0) lookAgain(bytes, start, end, found.edits, scanner)
    return found.edits
  } catch (error) {
    if (!(error instanceof TeleportError) || error.code !== 'secret-found') throw error
    throw new TeleportError('secret-found', `line ${line}: ${error.message}`, {
      cause: error,
      data: { line },
    })
  }
}

const isBlank = (bytes: Buffer, start: number, end: number) => {
  for (let at = start; at < end; at++)
    if (!' \t\r'.includes(String.fromCharCode(bytes[at] ?? 0))) return false
  return true
}

/** The edited row must be a row, and nothing may be found in it. */
function lookAgain(
  bytes: Buffer,
  start: number,
  end: number,
  edits: readonly Edit[],
  scanner: Scanner,
): void {
  const row = Buffer.concat(
    editedBytes(
      bytes.subarray(start, end),
      edits.map((edit) => ({ ...edit, start: edit.start - start, end: edit.end - start })),
    ),
  )
  const again = editsOfDocument(row, 0, row.length, scanner)
  if (again === 'unreadable' || again.edits.length > 0) {
    throw new TeleportError('secret-found', 'something that looks like a secret is left after redaction')
  }
}

function holdsRequest(bytes: Buffer, start: number, end: number): boolean {
  const found = bytes.indexOf('api-request', start)
  return found >= 0 && found < end && topFields(bytes, start, end).type.startsWith('api-request')
}

/** The row goes. Should it have a place in the chain of rows, which none was seen to have, a row without content keeps it. */
function requestStub(bytes: Buffer, start: number, end: number, next: number): Edit {
  const { type, uuid, parentUuid } = topFields(bytes, start, end)
  const rules = ['api-request']
  if (uuid === undefined) return { start, end: next, text: '', rules }
  const stub = `{"parentUuid":${JSON.stringify(parentUuid ?? null)},"uuid":${JSON.stringify(uuid)},"type":${JSON.stringify(type)}}`
  return { start, end, text: stub, rules }
}

/** Strings among the row's own members. */
function topFields(bytes: Buffer, start: number, end: number) {
  const fields = new Map<string, string>()
  let depth = 0
  walkLeaves(bytes, start, end, {
    string(from, to, keyStart, keyEnd) {
      if (depth !== 1) return
      const value = to - from < 200 ? leafText(bytes, from, to) : undefined
      if (value !== undefined) fields.set(bytes.toString('latin1', keyStart, keyEnd), value)
    },
    key() {},
    open: () => void depth++,
    close: () => void depth--,
    member() {},
  })
  return { type: fields.get('type') ?? '', uuid: fields.get('uuid'), parentUuid: fields.get('parentUuid') }
}
