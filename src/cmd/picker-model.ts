/** The picker as a value: what is typed, what fits, what is marked, and how that looks. Pure. */

import type { Choice, SessionLook } from '../core/world.ts'
import { safeLine, safeText } from '../review/safe-text.ts'
import { cutToWidth, padToWidth, textWidth } from '../review/width.ts'
import { formatAge, formatBytes, plural, safe } from './text.ts'

export interface Picker {
  readonly question: string
  readonly choices: readonly Choice[]
  /** By value, as they come in; null: there is nothing to look into. */
  readonly looks: ReadonlyMap<string, SessionLook | null>
  readonly query: string
  /** Values of the choices that fit the query, in their order. */
  readonly fitting: readonly string[]
  /** Place among those that fit. */
  readonly marked: number
}

export interface Key {
  /** As Node names it: `up`, `return`, `escape`, `u`; undefined for what has no name. */
  readonly name?: string | undefined
  readonly ctrl?: boolean | undefined
  readonly meta?: boolean | undefined
  /** What the key types; undefined or '' for keys that type nothing. */
  readonly text?: string | undefined
}

export type Pressed = Picker | { readonly chosen: string } | 'cancelled'

export interface Screen {
  readonly columns: number
  readonly rows: number
  readonly color: boolean
  readonly now: Date
}

export function openPicker(question: string, choices: readonly Choice[]): Picker {
  return {
    question,
    choices,
    looks: new Map(),
    query: '',
    fitting: choices.map(({ value }) => value),
    marked: 0,
  }
}

/** Longer than any title that one could mean. */
const longestQuery = 200

/** @param page how many choices are on the screen */
export function press(picker: Picker, key: Key, page: number): Pressed {
  const { query, marked, fitting } = picker
  const move = (by: number) => ({ ...picker, marked: clamp(marked + by, fitting.length) })
  if (key.ctrl) {
    if (key.name === 'c' || key.name === 'd') return 'cancelled'
    if (key.name === 'p') return move(-1)
    if (key.name === 'n') return move(1)
    if (key.name === 'u') return asked(picker, '')
    if (key.name === 'w') return asked(picker, query.replace(/\S*\s*$/, ''))
    if (key.name === 'h') return asked(picker, withoutLast(query))
    return picker
  }
  switch (key.name) {
    case 'escape':
      return query === '' ? 'cancelled' : asked(picker, '')
    case 'return':
    case 'enter': {
      const chosen = fitting[marked]
      return chosen === undefined ? picker : { chosen }
    }
    case 'up':
      return move(-1)
    case 'down':
      return move(1)
    case 'pageup':
      return move(-page)
    case 'pagedown':
      return move(page)
    case 'home':
      return move(-fitting.length)
    case 'end':
      return move(fitting.length)
    case 'backspace':
      return asked(picker, withoutLast(query))
    default: {
      const typed = key.meta ? '' : safeText(key.text ?? '').replaceAll('\n', ' ')
      return typed === '' ? picker : asked(picker, (query + typed).slice(0, longestQuery))
    }
  }
}

/** What a look brought may fit the query as well. The same choice stays marked. */
export function lookedInto(picker: Picker, value: string, look: SessionLook | null): Picker {
  const looks = new Map(picker.looks).set(value, look)
  const before = picker.fitting[picker.marked]
  const next = { ...picker, looks }
  const fitting = fittingOf(next)
  return {
    ...next,
    fitting,
    marked: clamp(before === undefined ? 0 : fitting.indexOf(before), fitting.length),
  }
}

function asked(picker: Picker, query: string): Picker {
  const next = { ...picker, query }
  return { ...next, fitting: fittingOf(next), marked: 0 }
}

function fittingOf({ choices, looks, query }: Picker): readonly string[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  return choices.flatMap((choice) => {
    if (words.length === 0) return [choice.value]
    const text = searched(choice, looks.get(choice.value) ?? null)
    return words.every((word) => text.includes(word)) ? [choice.value] : []
  })
}

/** Title, author, host, branch, commits, id, and the files that it touched as far as they are known. */
function searched({ value, label, about }: Choice, look: SessionLook | null): string {
  const facts = about ? [about.title, about.author, about.host, about.branch, ...about.commits] : []
  const found = look ? [look.title, look.branch, ...look.files] : []
  return [value, label, ...facts, ...found].filter(Boolean).join('\n').toLowerCase()
}

function clamp(at: number, length: number): number {
  return Math.max(0, Math.min(at, length - 1))
}

function withoutLast(text: string): string {
  return [...text].slice(0, -1).join('')
}

const keys = '↑↓ move   type to filter   Enter choose   Esc clear, leave'
const previewRows = 10
const widePreview = 110

/** How many choices a screen has room for. */
export function pageOf({ columns, rows }: Pick<Screen, 'columns' | 'rows'>): number {
  const around = 3
  const below = columns < widePreview && rows >= 16 ? previewRows + 1 : 0
  return Math.max(1, rows - around - below)
}

/** As many lines as the screen has rows, none wider than it. */
export function drawPicker(picker: Picker, screen: Screen): readonly string[] {
  const { columns, rows } = screen
  const wide = columns >= widePreview
  const page = pageOf(screen)
  const list = drawList(picker, { ...screen, columns: wide ? Math.floor(columns * 0.55) : columns }, page)
  const count = `${picker.fitting.length}/${picker.choices.length}`
  const head = `${safeLine(picker.question, columns - count.length - 2)}  ${count}`
  const query = `> ${cutFront(picker.query, columns - 4)}▏`
  const body = wide
    ? beside(
        list,
        drawPreview(picker, { ...screen, columns: columns - Math.floor(columns * 0.55) - 3 }, page),
        screen,
      )
    : rows >= 16
      ? [...list, '─'.repeat(columns), ...drawPreview(picker, screen, previewRows)]
      : list
  const lines = [
    styled('bold', head, screen),
    query,
    ...body,
    styled('dim', cutToWidth(keys, columns), screen),
  ]
  return lines.slice(0, rows)
}

function drawList(picker: Picker, screen: Screen, page: number): readonly string[] {
  const top = Math.max(0, Math.min(picker.marked - Math.floor(page / 2), picker.fitting.length - page))
  const shown = picker.fitting.slice(top, top + page)
  const byValue = new Map(picker.choices.map((choice) => [choice.value, choice]))
  const lines = shown.map((value, at) => {
    const choice = byValue.get(value)
    const isMarked = top + at === picker.marked
    const line = `${isMarked ? '▶' : ' '} ${choice ? rowOf(picker, choice, screen) : ''}`
    const cut = cutToWidth(line, screen.columns)
    return isMarked ? styled('reverse', padToWidth(cut, screen.columns), screen) : cut
  })
  if (lines.length === 0) lines.push(cutToWidth('  nothing fits', screen.columns))
  return [...lines, ...Array.from({ length: Math.max(0, page - lines.length) }, () => '')]
}

function rowOf({ looks }: Picker, { value, label, about }: Choice, { columns, now }: Screen): string {
  if (!about) return safeLine(label, columns)
  const age = formatAge(about.updated, now).padEnd(12)
  const who = about.author ?? about.host
  const title = looks.get(value)?.title ?? about.title ?? looks.get(value)?.first ?? null
  const tail = who === null ? '' : `  ${safeLine(who, 24)}`
  const head = `${value.slice(0, 8)}  ${age}`
  const room = Math.max(8, columns - 4 - textWidth(head) - textWidth(tail))
  return `${head}${padToWidth(safeLine(title || 'no title', room), room)}${tail}`
}

/** Of the marked choice; `rows` lines. */
function drawPreview(picker: Picker, { columns, now }: Screen, rows: number): readonly string[] {
  const value = picker.fitting[picker.marked]
  const choice = picker.choices.find((each) => each.value === value)
  if (!choice?.about || value === undefined) return Array.from({ length: rows }, () => '')
  const { about } = choice
  const look = picker.looks.get(value)
  const messages = look?.messages ?? about.messages
  const size = [messages === null ? '' : plural(messages, 'message'), formatBytes(about.sizeBytes)]
  const expires =
    about.expires === undefined
      ? ''
      : about.expires === null
        ? 'never expires'
        : `expires ${formatAge(about.expires, now)}`
  const who = [about.author ?? '', about.host === null ? '' : `on ${about.host}`].filter(Boolean).join(' ')
  const commits = about.commits.map((commit) => commit.slice(0, 8))
  const facts: readonly (readonly [string, string])[] = [
    ['session', [value, about.state].filter(Boolean).join(', ')],
    ['first', promptText(look, 'first')],
    ['last', promptText(look, 'last')],
    ['from', [who, look?.branch ?? about.branch ?? ''].filter(Boolean).join(', branch ')],
    ['commits', commits.join(' ')],
    ['size', size.filter(Boolean).join(', ')],
    ['age', [formatAge(about.updated, now), expires].filter(Boolean).join(', ')],
    ['signed', about.signer === null ? '' : `by ${about.signer}`],
    ['files', look?.files.toReversed().join(' ') ?? ''],
  ]
  const told = facts.filter(([, text]) => text !== '')
  const extra = Math.max(0, rows - told.length)
  const lines = told.flatMap(([name, text]) => {
    const room = Math.max(8, columns - 9)
    const most = name === 'first' || name === 'last' ? 1 + Math.floor(extra / 2) : 1
    return wrapped(safe(text), room, most).map((line, at) => `${(at === 0 ? name : '').padEnd(8)} ${line}`)
  })
  return Array.from({ length: rows }, (_, at) => cutToWidth(lines[at] ?? '', columns))
}

function promptText(look: SessionLook | null | undefined, which: 'first' | 'last'): string {
  if (look === undefined) return which === 'first' ? '…' : ''
  if (look === null) return which === 'first' ? '(its conversation is not here)' : ''
  return which === 'last' && look.last === look.first ? '' : look[which]
}

/** Lines of at most `columns`, cut at blanks where there are any; no more than `most`, the last one with dots. */
function wrapped(text: string, columns: number, most: number): readonly string[] {
  const lines: string[] = []
  let rest = text.replace(/\s+/g, ' ').trim()
  while (lines.length < most - 1 && textWidth(rest) > columns) {
    const cut = cutToWidth(rest, columns + 1).slice(0, -1)
    const at = cut.lastIndexOf(' ')
    const line = at > columns / 2 ? cut.slice(0, at) : cut
    if (line === '') break
    lines.push(line)
    rest = rest.slice(line.length).trimStart()
  }
  return [...lines, safeLine(rest, columns)]
}

function beside(left: readonly string[], right: readonly string[], { columns }: Screen): readonly string[] {
  const width = Math.floor(columns * 0.55)
  return left.map((line, at) => `${padded(line, width)} │ ${right[at] ?? ''}`.trimEnd())
}

/** Escapes of a marked line take no room, and it is padded already. */
function padded(line: string, width: number): string {
  return line.includes('\u001b') ? line : padToWidth(line, width)
}

/** What was typed last is what one looks at. */
function cutFront(text: string, columns: number): string {
  let cut = text
  while (textWidth(cut) > columns) cut = [...cut].slice(1).join('')
  return cut
}

const styles = { bold: [1, 22], dim: [2, 22], reverse: [7, 27] } as const

/** Without colours the arrow alone marks the line. */
function styled(style: keyof typeof styles, text: string, { color }: Screen): string {
  if (!color) return text
  const [on, off] = styles[style]
  return `\u001b[${on}m${text}\u001b[${off}m`
}
