/** The table as Markdown. Pure. */

import type { Row } from './row.ts'

/** Nothing of the machine but what `conditions` says. */
export function formatReport(rows: readonly Row[], conditions: readonly string[]): string {
  const lines = rows.map(
    ({ what, bar, measured, ok }) =>
      `| ${what} | ${bar} | ${measured} | ${ok === null ? '' : ok ? 'ok' : '**over**'} |`,
  )
  return [
    '| | bar | measured | |',
    '| --- | --- | --- | --- |',
    ...lines,
    '',
    ...conditions.map((line) => `* ${line}`),
    '',
  ].join('\n')
}
