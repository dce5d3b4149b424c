/** Makes text from outside harmless on a terminal: no escape, no hidden or turned-around letters. Pure. */

import { cutToWidth } from './width.ts'

/** Colours and cursor moves, C1 form too: they hold nothing readable, so they go as a whole. */
const controlSequence = /(?:\x1b\[|\x9b)[0-9;:?]{0,64}[ -/]?[@-~]/g

/**
 * Controls, formatting such as bidi overrides and zero widths, private use, unassigned, lone surrogates, and the two
 * line ends that only Unicode knows. What a stripped escape had carried stays readable.
 */
const unsafe = /[^\P{C}\n]|[\u2028\u2029]/gu

/** Plain text that keeps its lines: `\r` and `\r\n` become `\n`, a tab four spaces, everything unsafe is left out. */
export function safeText(text: string): string {
  if (isPlain(text)) return text
  return text
    .replace(/\r\n?/g, '\n')
    .replaceAll('\t', '    ')
    .replace(controlSequence, '')
    .replace(unsafe, '')
}

/**
 * One line of at most `maxColumns` columns on a terminal, for tables and titles. Every run of white space is one
 * space; what is cut off shows as `…`.
 */
export function safeLine(text: string, maxColumns: number): string {
  if (text.length <= maxColumns && isPlain(text)) return text
  // Longer than any line can show, so that a huge text costs nothing; more than that in front is blank.
  const head = Number.isFinite(maxColumns) ? text.slice(0, 4096 + maxColumns * 8) : text
  return cutToWidth(safeText(head).replace(/\s+/g, ' ').trim(), maxColumns)
}

/** Words of ASCII with a space between them: nearly every cell of a table, and ten thousand rows have many. */
function isPlain(text: string): boolean {
  return /^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/.test(text)
}
