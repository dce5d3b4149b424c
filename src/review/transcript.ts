/** A transcript as text for the terminal: what was asked, what was answered, what was done. Pure. */

import { type Agents, type Range, type ReadOptions, readConversation } from './conversation.ts'
import type { Block, Row } from './row.ts'
import { safeLine, safeText } from './safe-text.ts'
import { describeCall, digestResult, listInputs, textOf } from './tool-call.ts'
import { indentLines, paint } from './typeset.ts'
import { commandOf, outputOf } from './user-command.ts'
import { cutToWidth } from './width.ts'

export interface TextOptions {
  /** Adds colours, which never are the only signal. */
  readonly color: boolean
  /** Folded lines are cut here; texts are never wrapped, so that code can be copied. */
  readonly columns: number
  /** Shows tool calls and results whole, and what the client said in the user's name. */
  readonly full: boolean
  readonly thinking: boolean
  /** Puts its number and time above each prompt: what a range is named by. */
  readonly numbers?: boolean
  readonly range?: Range | undefined
  readonly agents?: Agents | undefined
  readonly onRecord?: ReadOptions['onRecord']
}

/** What the text so far means for the next piece. */
interface Told {
  previous: 'nothing' | 'text' | 'tool'
  /** The call that was told last, when nothing has come after it. */
  lastCall: string | undefined
  /** Calls whose result is still to come: id to description. */
  readonly open: Map<string, string>
}

/** Enough for every call that can be under way at once; a transcript whose calls never end keeps the newest. */
const maxOpenCalls = 500

/**
 * Pieces of text, each of whole lines, as soon as their row is read. Prompts begin with `> `; a tool call is one
 * line, the first line of its result another, then what it changed; a subagent's rows are indented; media are named.
 * Rows outside the conversation are left out, unreadable ones are told. `lines` are rows with or without their newline. Of what they
 * hold only harmless letters come out. Throws only what `lines` throws.
 */
export async function* renderTranscript(
  lines: AsyncIterable<Uint8Array>,
  options: TextOptions,
): AsyncGenerator<string> {
  const told: Told = { previous: 'nothing', lastCall: undefined, open: new Map() }
  for await (const { row, number, depth } of readConversation(lines, options)) {
    const text =
      typeof row === 'string'
        ? formatUnreadable(row, told, options)
        : formatRow(row, { number, depth }, told, options)
    if (text !== '') yield text
  }
}

interface Place {
  readonly number: number | null
  readonly depth: number
}

function formatUnreadable(why: 'too-large' | 'broken', told: Told, options: TextOptions): string {
  const what = why === 'broken' ? 'a row that cannot be read' : 'a row that is too large to show'
  return spaced(paint('dim', `-- ${what} is left out --\n`, options.color), 'text', told)
}

function formatRow(row: Row, { number, depth }: Place, told: Told, options: TextOptions): string {
  const margin = '  | '.repeat(depth)
  const inner = { ...options, columns: Math.max(20, options.columns - margin.length) }
  let head = options.numbers && number !== null && row.kind === 'prompt' ? headOf(row, number) : ''
  let text = ''
  for (const block of row.blocks) {
    const before = told.previous
    const piece = formatBlock(block, row, told, inner)
    // Only what was asked has a number above it; a tool's result stands below its call.
    const isAsked = piece !== '' && block.kind !== 'call' && block.kind !== 'result'
    text += isAsked && head !== '' ? withHead(head, piece, before, options) : piece
    if (isAsked) head = ''
  }
  return indentLines(text, margin, margin)
}

function headOf({ time }: Row, number: number): string {
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(time) ? `  ${time.slice(0, 16).replace('T', ' ')}` : ''
  return `#${number}${at}\n`
}

function withHead(head: string, piece: string, before: Told['previous'], { color }: TextOptions): string {
  const gap = before !== 'nothing' && piece.startsWith('\n') ? '\n' : ''
  return `${gap}${paint('dim', head, color)}${piece.slice(gap.length)}`
}

function formatBlock(block: Block, row: Row, told: Told, options: TextOptions): string {
  if (block.kind === 'call') return formatCall(block, told, options)
  if (block.kind === 'result') {
    const first = row.blocks.find(({ kind }) => kind === 'result') === block
    return formatResult(block, told, options) + (first ? formatPatch(row, options) : '')
  }
  if (row.hidden && !options.full) return ''
  if (block.kind === 'thinking' && !options.thinking) return ''
  return spaced(formatWords(block, row, options), 'text', told)
}

function formatCall(block: Block & { kind: 'call' }, told: Told, options: TextOptions): string {
  const description = describeCall(block.tool, block.input)
  const line = `  ${safeLine(description, options.columns - 2)}\n`
  const whole = options.full ? indentLines(wholeInput(block.input), '      ', '      ') : ''
  const text = spaced(paint('dim', line + whole, options.color), 'tool', told)
  told.open.set(block.id, safeLine(description, Math.floor(options.columns / 3)))
  for (const id of told.open.keys()) {
    if (told.open.size <= maxOpenCalls) break
    told.open.delete(id)
  }
  told.lastCall = block.id
  return text
}

/** Says which call it answers when that is not the line above. */
function formatResult(block: Block & { kind: 'result' }, told: Told, options: TextOptions): string {
  const call = told.lastCall === block.id ? undefined : told.open.get(block.id)
  const label = [call && `${call}:`, block.failed && 'failed:'].filter(Boolean).join(' ')
  told.open.delete(block.id)
  const text = options.full
    ? indentLines(`${label ? `${label}\n` : ''}${wholeText(block.blocks)}`, '      ', '      ')
    : `      ${foldResult(block.blocks, label, options.columns - 6)}\n`
  return spaced(paint(block.failed ? 'red' : 'dim', text, options.color), 'tool', told)
}

/** So many lines of a change are shown where nothing is shown whole. */
const foldedPatchLines = 16

function formatPatch({ patch }: Row, options: TextOptions): string {
  const shown = options.full ? patch : patch.slice(0, foldedPatchLines)
  const lines = shown.map((line) => {
    const text = `        ${oneLine(line, options)}\n`
    if (line.startsWith('+')) return paint('green', text, options.color)
    return paint(line.startsWith('-') ? 'red' : 'dim', text, options.color)
  })
  const more = patch.length - shown.length
  if (more > 0)
    lines.push(paint('dim', `        … ${more} more ${more === 1 ? 'line' : 'lines'}\n`, options.color))
  return lines.join('')
}

/** Blanks stay as they are: it is code. */
function oneLine(line: string, { columns, full }: TextOptions): string {
  const safe = safeText(line).replaceAll('\n', ' ').trimEnd()
  return full ? safe : cutToWidth(safe, Math.max(20, columns - 8))
}

function foldResult(blocks: readonly Block[], label: string, columns: number): string {
  const { firstLine, more } = digestResult(blocks)
  const suffix = more === 0 ? '' : ` (+${more} ${more === 1 ? 'line' : 'lines'})`
  return safeLine(`${label ? `${label} ` : ''}${firstLine}`, columns - suffix.length) + suffix
}

function wholeInput(input: unknown): string {
  const text = safeText(listInputs(input))
  return text === '' ? '' : `${text}\n`
}

function wholeText(blocks: readonly Block[]): string {
  return `${safeText(blocks.map(textOf).join('\n')).trimEnd()}\n`
}

function formatWords(block: Block, row: Row, options: TextOptions): string {
  const printed = row.kind === 'prompt' ? outputOf(textOf(block)) : undefined
  if (printed !== undefined) return formatPrinted(printed, options)
  const text = wholeText([block]).replace(/^\n+/, '')
  if (text === '') return ''
  if (block.kind === 'thinking') return paint('dim', indentLines(text, '(thinking) ', '  '), options.color)
  if (row.kind === 'answer') return text
  if (row.kind === 'notice')
    return paint('dim', `-- ${safeLine(text, options.columns - 6)} --\n`, options.color)
  const command = commandOf(text)
  const asked = command === undefined ? text : `${command}\n`
  return paint('bold', indentLines(asked, row.hidden ? '> (client) ' : '> ', '  '), options.color)
}

/** What a slash command said, folded like a tool's result. */
function formatPrinted(printed: string, options: TextOptions): string {
  const blocks = [{ kind: 'text', text: printed }] as const
  if (printed.trim() === '') return ''
  const text = options.full
    ? indentLines(wholeText(blocks), '  ', '  ')
    : `  ${foldResult(blocks, '', options.columns - 2)}\n`
  return paint('dim', text, options.color)
}

/** Sets texts apart by a blank line; calls and their results stand together. */
function spaced(text: string, kind: 'text' | 'tool', told: Told): string {
  if (text === '') return ''
  const apart = told.previous !== 'nothing' && (kind === 'text' || told.previous === 'text')
  told.previous = kind
  told.lastCall = undefined
  return apart ? `\n${text}` : text
}
