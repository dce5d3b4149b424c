/** What is said of a reading that goes to people outside of the team. Pure. */

import { plural } from './text.ts'

/** By rule, and that nobody should take it for more than it is. */
export function redactionNote(counts: ReadonlyMap<string, number>): string {
  const sum = [...counts.values()].reduce((left, count) => left + count, 0)
  const rules = [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([rule, count]) => `${count} ${rule}`)
  const what =
    sum === 0 ? 'nothing was found to take out' : `${plural(sum, 'thing')} taken out: ${rules.join(', ')}`
  return `${what}; this is best effort, so read it before you hand it on`
}
