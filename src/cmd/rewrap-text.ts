/** What became of the readers of several sessions, as a table. Pure. */

import type { Rewrapped } from '../core/rewrap.ts'
import { formatTable } from '../review/table.ts'
import { safe, shortId } from './text.ts'

/** One row a session, and what to do about those that failed. */
export function describeRewraps(done: readonly Rewrapped[], dryRun: boolean): string {
  if (done.length === 0) return 'no live sessions of yours on the remote'
  const rows = done.map((each) => [
    shortId(each.session),
    `${dryRun && /ed$/.test(each.state) && !each.error ? 'would be ' : ''}${each.state}`,
    each.added.length > 0 ? safe(each.added.join(', ')) : '-',
    each.removed.length > 0 ? safe(each.removed.join(', ')) : '-',
    safe(each.title ?? '-'),
  ])
  const table = formatTable(rows, {
    columns: 200,
    headings: ['ID', 'STATE', 'LET IN', 'SHUT OUT', 'TITLE'],
  }).trimEnd()
  const waiting = done.some(({ state }) => state === 'waiting')
    ? ['waiting: the team does not know this device’s key yet; once it does: git teleport rewrap --all']
    : []
  const advice = done.flatMap(({ session, error }) =>
    error ? [`${shortId(session)}  ${safe(error.message)}${error.hint ? `: ${safe(error.hint)}` : ''}`] : [],
  )
  return [table, ...waiting, ...advice].join('\n')
}
