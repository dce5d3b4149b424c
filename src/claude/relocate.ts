/** Rewrites what a sender's bytes say about places, file by file, on their way to this machine's disk. Pure. */

import { asBuffer, eachLine, lineBatches, longestLineBytes } from '../json/line-batches.ts'
import { carefulRows, type RowEditor } from './careful-rows.ts'
import type { CheckTarget } from './checkpoint-target.ts'
import { applyEdits, type Edits } from './edits.ts'
import type { FieldNode } from './field-tree.ts'
import { newSpans, spanScanner } from './json-spans.ts'
import { addDocumentFields, addHistoryFields, addRowFields } from './path-fields.ts'
import { fieldEditor, type SessionChange } from './relocate-row.ts'
import type { Relocation } from './relocation.ts'
import type { RowLinks } from './row-links.ts'

export interface RelocateOptions {
  /** Map folders in the conversation's text as well, and drop thinking. */
  readonly deep?: boolean
  /** Give the rows another session id: a fork. */
  readonly session?: SessionChange
  /** `sanitised`: keep only the rows that another member may send. Default `exact`. */
  readonly tier?: 'exact' | 'sanitised'
  /** Sanitised: which files a rewind may write. Without it no checkpoint row is kept. */
  readonly checkTarget?: CheckTarget
  /** What earlier parts of the same transcript left out; shared by its parts, in order. */
  readonly links?: RowLinks
  /** Told once for each row that is left out, with a word from our own list. */
  readonly onDrop?: (reason: string) => void
}

/**
 * The content of the bundle's file `name` as it is to lie on this machine. Only known path fields are edited, all
 * else stays byte for byte, and so does a line that cannot be followed or is longer than the cap; the sanitised tier
 * drops such lines. `content` may be any part of a transcript that begins and ends between lines.
 */
export async function* relocateContent(
  name: string,
  content: AsyncIterable<Uint8Array>,
  relocation: Relocation,
  options: RelocateOptions = {},
): AsyncIterable<Uint8Array> {
  const kind = documentKind(name)
  const exact = options.tier !== 'sanitised' && !options.deep
  if (kind === 'other' || (exact && !relocation.changed && !options.session)) {
    yield* content
    return
  }
  if (kind === 'document') {
    yield* relocateDocument(content, relocation, options)
    return
  }
  const rows =
    kind === 'history' || exact
      ? plainRows(kind === 'history' ? addHistoryFields : addRowFields, relocation, options.session)
      : carefulRows(relocation, options)
  for await (const batch of lineBatches(content)) {
    if (!batch.whole) {
      if (rows.keepsOverlong) yield batch.bytes
      else rows.overlong?.(batch.bytes)
      continue
    }
    const edits: Edits = { list: [] }
    eachLine(batch.bytes, (start, end, next) => rows.edit(batch.bytes, start, end, next, edits))
    yield* applyEdits(batch.bytes, edits)
  }
  const held = rows.finish?.()
  if (held && held.length > 0) yield held
}

type DocumentKind = 'transcript' | 'history' | 'document' | 'other'

/** By logical name. */
export function documentKind(name: string): DocumentKind {
  if (name === 'session.jsonl') return 'transcript'
  if (name === 'history.jsonl') return 'history'
  if (/^session-subdir\/subagents\/.+\.jsonl$/.test(name)) return 'transcript'
  if (/^session-subdir\/(?:subagents|workflows)\/.+\.json$/.test(name)) return 'document'
  return 'other'
}

function plainRows(
  addFields: (root: FieldNode) => void,
  relocation: Relocation,
  session: SessionChange | undefined,
): RowEditor {
  const root: FieldNode = {}
  addFields(root)
  const scan = spanScanner(root)
  const spans = newSpans()
  const editFields = fieldEditor(relocation, session)
  return {
    keepsOverlong: true,
    edit(bytes, start, end, _next, edits) {
      if (scan(bytes, start, end, spans)) editFields(bytes, spans, edits)
    },
  }
}

async function* relocateDocument(
  content: AsyncIterable<Uint8Array>,
  relocation: Relocation,
  options: RelocateOptions,
): AsyncIterable<Uint8Array> {
  const pieces: Buffer[] = []
  let size = 0
  for await (const chunk of content) {
    size += chunk.length
    pieces.push(asBuffer(chunk))
    if (size <= longestLineBytes) continue
    yield* pieces.splice(0)
  }
  if (size > longestLineBytes) return
  const bytes = Buffer.concat(pieces)
  const edits: Edits = { list: [] }
  plainRows(addDocumentFields, relocation, options.session).edit(bytes, 0, bytes.length, bytes.length, edits)
  yield* applyEdits(bytes, edits)
}
