/** Finds what is to be replaced in one text, and looks at the outcome again until nothing more is found. Pure. */

import { TeleportError } from '../errors.ts'
import type { FindSecrets } from './find-secrets.ts'
import type { MakeLabel } from './label.ts'

/** A stretch of the text and what stands there instead. The rule is the one whose finding begins first. */
export interface Replacement {
  readonly start: number
  readonly end: number
  readonly rule: string
  readonly label: string
}

interface Stretch {
  readonly start: number
  readonly end: number
  readonly rule: string
}

const mostRounds = 5

/** Ascending, apart from each other. Throws `secret-found` when what is left goes on to look like a secret. */
export function settle(text: string, find: FindSecrets, makeLabel: MakeLabel): readonly Replacement[] {
  let stretches = joined(find(text))
  if (stretches.length === 0) return []
  for (let round = 0; round < mostRounds; round++) {
    const replacements = stretches.map((one) => ({
      ...one,
      label: makeLabel(one.rule, text.slice(one.start, one.end)),
    }))
    const more = find(replaceAll(text, replacements))
    if (more.length === 0) return replacements
    stretches = joined([...stretches, ...more.map((finding) => back(finding, replacements))])
  }
  throw new TeleportError('secret-found', 'a secret cannot be taken out of its surroundings')
}

/** One stretch for what overlaps or touches. */
function joined(findings: readonly Stretch[]): readonly Stretch[] {
  const result: Stretch[] = []
  for (const { start, end, rule } of findings.toSorted((a, b) => a.start - b.start || b.end - a.end)) {
    const last = result.at(-1)
    if (last && start < last.end) result[result.length - 1] = { ...last, end: Math.max(last.end, end) }
    else result.push({ start, end, rule })
  }
  return result
}

export function replaceAll(text: string, replacements: readonly Replacement[]): string {
  let result = ''
  let done = 0
  for (const { start, end, label } of replacements) {
    result += text.slice(done, start) + label
    done = end
  }
  return result + text.slice(done)
}

/** A finding in the replaced text, told in places of the text before; within a label it takes all that the label covers. */
function back({ start, end, rule }: Stretch, replacements: readonly Replacement[]): Stretch {
  let [from, to] = [start, end]
  let shift = 0
  let [foundStart, foundEnd] = [false, false]
  for (const one of replacements) {
    const labelStart = one.start + shift
    const labelEnd = labelStart + one.label.length
    if (!foundStart && start < labelEnd) {
      from = start < labelStart ? start - shift : one.start
      foundStart = true
    }
    if (!foundEnd && end <= labelEnd) {
      to = end <= labelStart ? end - shift : one.end
      foundEnd = true
    }
    shift = labelEnd - one.end
  }
  if (!foundStart) from = start - shift
  if (!foundEnd) to = end - shift
  return { start: from, end: to, rule }
}
