/** A conversation as Markdown for a pull request, within the length that a host takes. Pure. */

import type { Conversed } from './conversation.ts'
import {
  answerMarkdown,
  fencedMarkdown,
  folded,
  inlineMarkdown,
  proseMarkdown,
  quoted,
} from './markdown-text.ts'
import type { Block, Row } from './row.ts'
import { safeLine } from './safe-text.ts'
import { describeCall, textOf } from './tool-call.ts'
import { answeredText, askedText } from './words.ts'

/** What GitHub takes in a description or a comment, in UTF-16 units; GitLab takes more. */
export const hostLimit = 65_536

/** From the whole to what is left when nothing fits: each but the first leaves something out. */
const details = [
  '',
  'tool results and changes',
  'tool calls and long answers',
  'everything but what was asked',
] as const

type Detail = 0 | 1 | 2 | 3

/**
 * `head` and `rows`, at the greatest detail that fits into `limit` characters; with `Infinity` piece by piece. What was left
 * out is said at the end. `head` is Markdown already;
 * what calls name below `roots` is shortened.
 */
export async function* renderMarkdown(
  rows: AsyncIterable<Conversed>,
  head: string,
  limit: number,
  roots: readonly string[] = [],
): AsyncGenerator<string> {
  const open = new Map<string, Block & { kind: 'call' }>()
  const drafts = ([0, 1, 2, 3] as const).map((detail) => newDraft(detail, limit - head.length - spare))
  if (limit === Number.POSITIVE_INFINITY) yield head
  for await (const conversed of rows) {
    for (const unit of unitsOf(conversed, open, roots)) {
      if (limit === Number.POSITIVE_INFINITY) yield `\n${unit(0)}\n`
      else for (const draft of drafts) draft.add(unit(draft.detail))
    }
  }
  if (limit === Number.POSITIVE_INFINITY) return
  const [first] = drafts.filter(({ left }) => left() === 0)
  const best = first ?? drafts.at(-1)
  yield `${head}${best?.text() ?? ''}${footOf(best?.detail ?? 0, best?.left() ?? 0, limit)}`
}

/** For what says that something is missing. */
const spare = 300

function footOf(detail: Detail, left: number, limit: number): string {
  if (detail === 0 && left === 0) return ''
  const more = left > 0 ? `, and ${left} more of those` : ''
  return `\n_Shortened to ${limit} characters: without ${details[detail]}${more}._\n`
}

interface Draft {
  readonly detail: Detail
  add(unit: string): void
  text(): string
  /** How many units did not fit. */
  left(): number
}

function newDraft(detail: Detail, room: number): Draft {
  const parts: string[] = []
  let length = 0
  let left = 0
  return {
    detail,
    add(unit) {
      if (unit === '') return
      if (left > 0 || length + unit.length + 2 > room) {
        left += 1
        // Only the last resort is printed without its end.
        if (detail !== 3) parts.length = 0
        return
      }
      parts.push(`\n${unit}\n`)
      length += unit.length + 2
    },
    text: () => parts.join(''),
    left: () => left,
  }
}

/** Markdown at some detail; empty where that leaves it out. */
type Unit = (detail: Detail) => string

function* unitsOf(
  { row, number, depth }: Conversed,
  open: Map<string, Block & { kind: 'call' }>,
  roots: readonly string[],
): Generator<Unit> {
  if (typeof row === 'string') return
  const asked = askedText(row)
  const answered = answeredText(row)
  if (asked !== '')
    yield (detail) => (depth > 0 && detail > 1 ? '' : promptUnit(asked, row, number, depth, detail))
  if (answered !== '') yield (detail) => (depth > 0 && detail > 1 ? '' : answerUnit(answered, depth, detail))
  const first = row.blocks.find(({ kind }) => kind === 'result')
  for (const block of row.blocks) {
    if (block.kind === 'media') yield (detail) => (detail > 1 ? '' : quoted([inlineMarkdown(textOf(block))]))
    if (block.kind === 'call') open.set(block.id, block)
    if (block.kind !== 'result') continue
    const call = open.get(block.id)
    open.delete(block.id)
    if (open.size > mostOpen) open.clear()
    const words = call ? withoutRoots(describeCall(call.tool, call.input), roots) : '[tool]'
    yield (detail) => callUnit(words, block, block === first ? row.patch : [], depth, detail)
  }
}

const mostOpen = 500

function promptUnit(
  text: string,
  { time }: Row,
  number: number | null,
  depth: number,
  detail: Detail,
): string {
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(time) ? `${time.slice(0, 16).replace('T', ' ')} UTC` : ''
  const place = [number === null ? '' : `message ${number}`, at].filter(Boolean).join(', ')
  const who = depth > 0 ? 'Subagent was asked' : 'Asked'
  const length = detail === 3 ? 300 : detail === 2 ? 2000 : 8000
  return `**${who}**${place === '' ? '' : ` (${place})`}\n\n${quoted(proseMarkdown(cut(text, length)))}`
}

function answerUnit(text: string, depth: number, detail: Detail): string {
  if (detail === 3) return ''
  const who = depth > 0 ? 'Subagent answered' : 'Answered'
  return `**${who}**\n\n${quoted(answerMarkdown(cut(text, detail === 2 ? 600 : 20_000)))}`
}

function callUnit(
  words: string,
  result: Block & { kind: 'result' },
  patch: readonly string[],
  depth: number,
  detail: Detail,
): string {
  if (detail > 1) return ''
  const said = `${depth > 0 ? 'Subagent: ' : ''}${safeLine(words, 120)}${result.failed ? ' (failed)' : ''}`
  if (detail === 1) return quoted([inlineMarkdown(said)])
  const text = result.blocks.map(textOf).join('\n').trim()
  const body = [
    ...(text === '' ? [] : [quoted(fencedMarkdown(cutLines(text, 30, 3000)))]),
    ...(patch.length === 0 ? [] : [quoted(fencedMarkdown(cutLines(patch.join('\n'), 80, 6000), 'diff'))]),
  ]
  return body.length === 0 ? quoted([inlineMarkdown(said)]) : folded(said, body.join('\n\n'))
}

/** Where a machine keeps the project is nobody else's business. What a tool printed stays as it was. */
function withoutRoots(text: string, roots: readonly string[]): string {
  return roots.reduce((left, root) => (root === '' ? left : left.replaceAll(`${root}/`, '')), text)
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`
}

function cutLines(text: string, most: number, length: number): string {
  const lines = cut(text, length).split('\n')
  return lines.length <= most
    ? lines.join('\n')
    : [...lines.slice(0, most), `… ${lines.length - most} more lines`].join('\n')
}
