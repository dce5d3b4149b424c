/** What a conversation came to, in lines. Pure. */

import type { FileCount, Stats } from '../review/stats.ts'
import { formatTable } from '../review/table.ts'
import { plural, safe } from './text.ts'

export function statsText(stats: Stats): string {
  const { tokens, tools, files } = stats
  const said = [
    plural(stats.turns, 'prompt'),
    plural(stats.answers, 'answer'),
    ...(stats.subagents > 0 ? [plural(stats.subagents, 'subagent')] : []),
  ]
  const used = tools.slice(0, mostTools).map(({ tool, calls, failed }) => {
    const name = safe(tool) || 'tool'
    return failed > 0 ? `${name} ${calls} (${failed} failed)` : `${name} ${calls}`
  })
  const more = tools.length - used.length
  const spent = [
    `${digits(tokens.input)} in`,
    `${digits(tokens.output)} out`,
    `${digits(tokens.cacheRead)} from the cache`,
    `${digits(tokens.cacheWrite)} into it`,
  ]
  const sum = (of: 'added' | 'removed') => files.reduce((total, file) => total + file[of], 0)
  const written = files.filter(({ writes }) => writes > 0).length
  const rows: readonly (readonly [string, string])[] = [
    ['turns', said.join(', ')],
    ['tools', [...used, ...(more > 0 ? [`${more} more`] : [])].join(', ')],
    ['models', stats.models.slice(0, mostTools).map(safe).join(', ')],
    ['tokens', Object.values(tokens).some((count) => count > 0) ? spent.join(', ') : ''],
    ['cost', stats.costUsd === null ? '' : `$${stats.costUsd.toFixed(2)}, as Claude Code counted`],
    ['time', stats.began === '' ? '' : `${formatDuration(stats.durationSeconds)}, from ${safe(stats.began)}`],
    ['changed', written === 0 ? '' : `${plural(written, 'file')}, +${sum('added')} -${sum('removed')}`],
  ]
  return rows
    .filter(([, text]) => text !== '')
    .map(([name, text]) => `${name.padEnd(8)} ${text}`)
    .join('\n')
}

const mostTools = 12

/** The files, the most written first; empty when none was touched. */
export function filesText(files: readonly FileCount[], columns: number): string {
  const rows = [...files]
    .sort((a, b) => b.writes - a.writes || b.reads - a.reads)
    .map(({ path, reads, writes, added, removed }) => [path, ...[reads, writes, added, removed].map(String)])
  if (rows.length === 0) return 'no file was touched'
  return formatTable(rows, { columns, headings: ['FILE', 'READ', 'WRITTEN', '+', '-'] }).trimEnd()
}

function digits(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',')
}

/** `2 h 5 min`, `3 d 4 h`. */
export function formatDuration(seconds: number): string {
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.round(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return `${hours} h ${minutes % 60} min`
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}
