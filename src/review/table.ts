/** Rows and columns for the terminal, whatever alphabet is in them. Pure. */

import { safeLine } from './safe-text.ts'
import { cutToWidth, padToWidth, textWidth } from './width.ts'

const gap = '  '
/** Below this a column says too little to be worth its place. */
const narrowest = 8

/**
 * Lines of a table, headings first, each ending with a newline; empty when there are no rows. Cells may hold anything.
 * When the lines would be wider than `columns`, the widest columns are cut until they fit; the first column, which
 * holds what one types again, never is. `columns` may be `Infinity`.
 */
export function formatTable(
  rows: readonly (readonly string[])[],
  options: { columns: number; headings: readonly string[] },
): string {
  if (rows.length === 0) return ''
  const { headings, columns } = options
  const cells = [headings, ...rows].map((row) =>
    headings.map((_, at) => measure(safeLine(row[at] ?? '', at === 0 ? Infinity : columns))),
  )
  const natural = headings.map((_, at) => cells.reduce((most, row) => Math.max(most, row[at]?.width ?? 0), 0))
  const widths = fitWidths(natural, headings, columns)
  return cells.map((row) => `${formatRow(row, widths)}\n`).join('')
}

/** Its width is asked for three times, and measuring is most of the work. */
interface Cell {
  readonly text: string
  readonly width: number
}

function measure(text: string): Cell {
  return { text, width: textWidth(text) }
}

function formatRow(row: readonly Cell[], widths: readonly number[]): string {
  return row
    .map((cell, at) => fill(cell, widths[at] ?? 0))
    .join(gap)
    .trimEnd()
}

function fill({ text, width }: Cell, columns: number): string {
  return width <= columns
    ? text + ' '.repeat(columns - width)
    : padToWidth(cutToWidth(text, columns), columns)
}

function fitWidths(
  natural: readonly number[],
  headings: readonly string[],
  columns: number,
): readonly number[] {
  const widths = [...natural]
  const least = natural.map((width, at) =>
    at === 0 ? width : Math.min(width, Math.max(narrowest, textWidth(headings[at] ?? ''))),
  )
  let excess = widths.reduce((sum, width) => sum + width, gap.length * (widths.length - 1)) - columns
  while (excess > 0) {
    const at = widestThatCanShrink(widths, least)
    if (at === -1) break
    widths[at] = (widths[at] ?? 0) - 1
    excess -= 1
  }
  return widths
}

function widestThatCanShrink(widths: readonly number[], least: readonly number[]): number {
  const spare = widths.map((width, at) => (width > (least[at] ?? 0) ? width : -1))
  const most = Math.max(...spare)
  return most === -1 ? -1 : spare.indexOf(most)
}
