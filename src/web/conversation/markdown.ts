/**
 * The Markdown that answers are written in, as a tree; everything that it does not know stays text, and no
 * word is left out. No HTML, no images, no
 * address but http and https. Linear in the text but for single paragraphs, whose length is bounded. Pure.
 */

import { type Inline, parseInline } from './markdown-inline.ts'

export type MarkdownBlock =
  | { readonly kind: 'paragraph'; readonly inline: readonly Inline[] }
  | { readonly kind: 'heading'; readonly level: number; readonly inline: readonly Inline[] }
  /** `info` is what stands behind the fence, if that is more than the name of a language. */
  | { readonly kind: 'code'; readonly language: string; readonly info: string; readonly text: string }
  | {
      readonly kind: 'list'
      /** Null for bullets. */
      readonly start: number | null
      readonly items: readonly (readonly MarkdownBlock[])[]
    }
  | { readonly kind: 'quote'; readonly blocks: readonly MarkdownBlock[] }
  | {
      readonly kind: 'table'
      readonly head: readonly (readonly Inline[])[]
      /** Of as many cells as they were written with. */
      readonly rows: readonly (readonly (readonly Inline[])[])[]
    }
  | { readonly kind: 'rule' }

/** Deeper quotes and lists are text. */
const deepest = 6
/** Of a table's row; the last one holds the rest of the line. */
const mostCells = 30

export function parseMarkdown(text: string): readonly MarkdownBlock[] {
  return parseLines(text.split('\n'), 0)
}

const fence = /^ {0,3}(`{3,}|~{3,})([^`]*)$/
const languageName = /^[\w+#.-]{1,40}$/
const heading = /^ {0,3}(#{1,6})\s+(.*)$/s
const rule = /^ {0,3}(?:-[ \t]*){3,}$|^ {0,3}(?:\*[ \t]*){3,}$|^ {0,3}(?:_[ \t]*){3,}$/
const item = /^( {0,3})([-*+]|\d{1,9}[.)])(?: {1,4}|\t|$)(.*)$/
const quote = /^ {0,3}> ?/

/** A block, and the line after it. */
type Taken = readonly [MarkdownBlock, number]

function parseLines(lines: readonly string[], depth: number): readonly MarkdownBlock[] {
  const blocks: MarkdownBlock[] = []
  let at = 0
  while (at < lines.length) {
    if (isBlank(lines[at])) {
      at += 1
      continue
    }
    const [block, next] = takeSpecial(lines, at, depth) ?? takeParagraph(lines, at, depth)
    blocks.push(block)
    at = next
  }
  return blocks
}

function takeSpecial(lines: readonly string[], at: number, depth: number): Taken | undefined {
  const line = lines[at] ?? ''
  const opened = fence.exec(line)
  if (opened) return takeCode(lines, at, opened[1] ?? '', opened[2] ?? '')
  const titled = heading.exec(line)
  if (titled)
    return [
      { kind: 'heading', level: titled[1]?.length ?? 1, inline: parseInline(titleIn(titled[2] ?? '')) },
      at + 1,
    ]
  if (rule.test(line)) return [{ kind: 'rule' }, at + 1]
  if (depth < deepest && quote.test(line)) return takeQuote(lines, at, depth)
  if (depth < deepest && item.test(line)) return takeList(lines, at, depth)
  if (line.includes('|') && isTableRule(lines[at + 1] ?? '')) return takeTable(lines, at)
  return undefined
}

/** Without the signs that may stand behind it. By hand: what looks for them anew at each blank takes minutes for some lines. */
function titleIn(text: string): string {
  const title = text.trimEnd()
  let end = title.length
  while (title.charAt(end - 1) === '#') end -= 1
  return end < title.length && /\s/.test(title.charAt(end - 1)) ? title.slice(0, end).trimEnd() : title
}

function isTableRule(line: string): boolean {
  return cellsIn(line).every((cell) => /^:?-+:?$/.test(cell.trim()))
}

function cellsIn(line: string): readonly string[] {
  return line
    .trim()
    .replace(/^\|/, '')
    .replace(/\|$/, '')
    .split(/(?<!\\)\|/)
}

function takeCode(lines: readonly string[], at: number, mark: string, behind: string): Taken {
  let until = at + 1
  while (until < lines.length && !closesFence(lines[until] ?? '', mark)) until += 1
  const text = lines.slice(at + 1, until).join('\n')
  const said = behind.trim()
  const [first = ''] = said.split(/\s/)
  const language = languageName.test(first) ? first.toLowerCase() : ''
  return [{ kind: 'code', language, info: said === first && language !== '' ? '' : said, text }, until + 1]
}

function closesFence(line: string, mark: string): boolean {
  const text = line.trim()
  return text.startsWith(mark) && text === mark.charAt(0).repeat(text.length)
}

function takeQuote(lines: readonly string[], at: number, depth: number): Taken {
  let end = at
  while (end < lines.length && quote.test(lines[end] ?? '')) end += 1
  const inner = lines.slice(at, end).map((line) => line.replace(quote, ''))
  return [{ kind: 'quote', blocks: parseLines(inner, depth + 1) }, end]
}

function takeList(lines: readonly string[], start: number, depth: number): Taken {
  const first = item.exec(lines[start] ?? '')
  const isOrdered = /\d/.test(first?.[2] ?? '')
  const items: (readonly MarkdownBlock[])[] = []
  let at = start
  while (at < lines.length) {
    const found = item.exec(lines[at] ?? '')
    if (!found || /\d/.test(found[2] ?? '') !== isOrdered || rule.test(lines[at] ?? '')) break
    const margin = (lines[at] ?? '').length - (found[3] ?? '').length
    const inner = [found[3] ?? '']
    at += 1
    while (at < lines.length && continues(lines, at, margin, inner)) {
      inner.push((lines[at] ?? '').replace(new RegExp(`^ {0,${margin}}`), ''))
      at += 1
    }
    items.push(parseLines(inner, depth + 1))
    // A blank line between two items.
    if (isBlank(lines[at]) && item.test(lines[at + 1] ?? '')) at += 1
  }
  return [{ kind: 'list', start: isOrdered ? Number.parseInt(first?.[2] ?? '1', 10) : null, items }, at]
}

/** Indented below the item's text, or its paragraph's next line. */
function continues(lines: readonly string[], at: number, margin: number, inner: readonly string[]): boolean {
  const line = lines[at] ?? ''
  const least = Math.min(margin, 2)
  if (isBlank(line)) return !isBlank(lines[at + 1]) && indentOf(lines[at + 1] ?? '') >= least
  if (indentOf(line) >= least) return true
  return !isBlank(inner.at(-1)) && !item.test(line) && !startsBlock(line)
}

function takeTable(lines: readonly string[], at: number): Taken {
  const head = cellsOf(lines[at] ?? '')
  let end = at + 2
  while (end < lines.length && (lines[end] ?? '').includes('|')) end += 1
  const rows = lines.slice(at + 2, end).map(cellsOf)
  return [{ kind: 'table', head, rows }, end]
}

function cellsOf(line: string): readonly (readonly Inline[])[] {
  const cells = cellsIn(line)
  const last = cells.slice(mostCells - 1).join('|')
  const shown = cells.length > mostCells ? [...cells.slice(0, mostCells - 1), last] : cells
  return shown.map((cell) => parseInline(cell.trim().replaceAll('\\|', '|')))
}

function takeParagraph(lines: readonly string[], at: number, depth: number): Taken {
  let end = at + 1
  while (end < lines.length && !isBlank(lines[end]) && !endsParagraph(lines, end, depth)) end += 1
  const text = lines
    .slice(at, end)
    .map((line) => line.trim())
    .join('\n')
  return [{ kind: 'paragraph', inline: parseInline(text) }, end]
}

function endsParagraph(lines: readonly string[], at: number, depth: number): boolean {
  const line = lines[at] ?? ''
  return startsBlock(line) || (depth < deepest && item.test(line))
}

function startsBlock(line: string): boolean {
  return fence.test(line) || heading.test(line) || rule.test(line) || quote.test(line)
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length
}

function isBlank(line: string | undefined): boolean {
  return line === undefined || line.trim() === ''
}
