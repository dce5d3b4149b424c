/** Edits the rows of a transcript where some are left out: the sanitised tier, and deep relocation. Pure. */

import type { CheckTarget } from './checkpoint-target.ts'
import { type DeepEditor, deepEditor, isDeepRow } from './deep.ts'
import { applyEdits, cut, type Edits, replace } from './edits.ts'
import type { FieldNode } from './field-tree.ts'
import { newSpans, type Spans, spanScanner } from './json-spans.ts'
import { addRowFields } from './path-fields.ts'
import { type FieldEditor, fieldEditor, type SessionChange } from './relocate-row.ts'
import type { Relocation } from './relocation.ts'
import { addFactFields, type RowFacts, readFacts } from './row-facts.ts'
import { leaveOut, newRowLinks, type RowLinks, resolveLink } from './row-links.ts'
import { judgeRow, keepSafeCheckpoints, silence } from './sanitise.ts'

export interface RowEditor {
  /** Lines over the cap are handed on as they are; else they are left out. */
  readonly keepsOverlong: boolean
  /** Adds the edits of the line `bytes[start, end)`; the next one begins at `next`. */
  edit(bytes: Buffer, start: number, end: number, next: number, edits: Edits): void
  /** Told each piece of a line that is left out for its length. */
  overlong?(piece: Buffer): void
  /** What is still to be written after the last line. */
  finish?(): Buffer
}

export interface CarefulOptions {
  readonly deep?: boolean
  readonly session?: SessionChange
  readonly tier?: 'exact' | 'sanitised'
  readonly checkTarget?: CheckTarget
  readonly links?: RowLinks
  readonly onDrop?: (reason: string) => void
}

/** Titles before the first message wait for it, because the client does not open a session that begins with one. */
const mostHeldBytes = 1024 * 1024

interface Row {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
  readonly next: number
  readonly facts: RowFacts
}

interface Context {
  readonly relocation: Relocation
  readonly sanitised: boolean
  readonly checkTarget: CheckTarget | undefined
  readonly links: RowLinks
  readonly fields: FieldEditor
  readonly deep: DeepEditor | undefined
  readonly spans: Spans
  readonly held: Buffer[]
  conversing: boolean
  drop(reason: string): void
}

export function carefulRows(relocation: Relocation, options: CarefulOptions): RowEditor {
  const root: FieldNode = {}
  addRowFields(root)
  addFactFields(root)
  const scan = spanScanner(root)
  const context: Context = {
    relocation,
    sanitised: options.tier === 'sanitised',
    checkTarget: options.checkTarget,
    links: options.links ?? newRowLinks(),
    fields: fieldEditor(relocation, options.session),
    deep: options.deep ? deepEditor(relocation) : undefined,
    spans: newSpans(),
    held: [],
    conversing: false,
    drop: (reason) => options.onDrop?.(reason),
  }
  return {
    keepsOverlong: !context.sanitised,
    edit(bytes, start, end, next, edits) {
      if (context.sanitised && isBlank(bytes, start, end)) {
        cut(edits, start, next)
        return
      }
      const readable =
        !(context.sanitised && holdsReturn(bytes, start, end)) && scan(bytes, start, end, context.spans)
      if (readable) {
        const row = { bytes, start, end, next, facts: readFacts(bytes, context.spans) }
        const reason = editRow(row, edits, context)
        if (reason !== undefined) dropRow(row, reason, edits, context)
      } else if (context.sanitised) {
        context.drop('unreadable')
        cut(edits, start, next)
      }
    },
    overlong(piece) {
      if (piece.at(-1) === 10) context.drop('overlong')
    },
    finish: () => Buffer.concat(context.held.splice(0)),
  }
}

/** Edits a row that stays, or returns why it has to go. */
function editRow(row: Row, edits: Edits, context: Context): string | undefined {
  const { facts } = row
  const verdict = context.sanitised ? judgeRow(facts) : undefined
  if (verdict?.keep === false) return verdict.drop
  if (verdict?.keep === 'checkpoint' && !checkpointsLeft(row, edits, context)) return 'checkpoint'
  if (verdict?.keep === 'listing' && !context.conversing) return holdRow(row, edits, context)
  if (verdict) silence(facts, edits)
  editKept(row, edits, context)
  if (context.deep && isDeepRow(facts) && !context.deep(row.bytes, row.start, row.end, edits)) {
    return 'thinking'
  }
  if (verdict?.keep === 'conversation' && !context.conversing) releaseHeld(row, edits, context)
  return undefined
}

function editKept({ bytes, facts }: Row, edits: Edits, context: Context): void {
  for (const link of facts.links) {
    const target = resolveLink(context.links, link.uuid)
    if (target !== link.uuid) replace(edits, link.start, link.end, Buffer.from(JSON.stringify(target)))
  }
  context.fields(bytes, context.spans, edits)
}

/** The whole line goes; edits within it, made before, are covered by the cut. */
function dropRow(row: Row, reason: string, edits: Edits, context: Context): void {
  if (row.facts.uuid !== undefined) leaveOut(context.links, row.facts.uuid, row.facts.parent)
  cut(edits, row.start, row.next)
  context.drop(reason)
}

function checkpointsLeft(row: Row, edits: Edits, context: Context): boolean {
  const { relocation, checkTarget, spans } = context
  return keepSafeCheckpoints(row.bytes, spans, edits, row.facts, relocation, checkTarget)
}

function holdRow(row: Row, edits: Edits, context: Context): string | undefined {
  const own: Edits = { list: [] }
  silence(row.facts, own)
  editKept(row, own, context)
  // Cut the other lines away, so that only this one is applied.
  cut(own, 0, row.start)
  cut(own, row.next, row.bytes.length)
  const line = Buffer.concat(applyEdits(row.bytes, own))
  const heldBytes = context.held.reduce((sum, each) => sum + each.length, 0)
  if (heldBytes + line.length > mostHeldBytes) return 'listing'
  context.held.push(line.at(-1) === 10 ? line : Buffer.concat([line, Buffer.from('\n')]))
  cut(edits, row.start, row.next)
  return undefined
}

function releaseHeld(row: Row, edits: Edits, context: Context): void {
  context.conversing = true
  if (context.held.length === 0) return
  replace(edits, row.end, row.next, Buffer.concat([Buffer.from('\n'), ...context.held.splice(0)]))
}

const isBlank = (bytes: Buffer, start: number, end: number) =>
  bytes.subarray(start, end).every((byte) => byte === 32 || byte === 9 || byte === 13)

/** A reader that also splits lines at a carriage return would see rows that we do not. One before the feed is fine. */
function holdsReturn(bytes: Buffer, start: number, end: number): boolean {
  const found = bytes.subarray(start, end).indexOf(13)
  return found >= 0 && start + found < end - 1
}
