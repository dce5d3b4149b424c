/** The lines of a change, numbered and paired, with the words that differ. Pure. */

import { diffWordsWithSpace } from 'diff'
import type { ViewHunk } from '../../review/view-patch.ts'

export interface DiffSide {
  readonly number: number
  readonly parts: readonly DiffPart[]
}

export interface DiffPart {
  readonly text: string
  /** It is what differs from the other side's line. */
  readonly marked: boolean
}

/** One line of a change: on both sides, or on the one that has it. */
export interface DiffRow {
  readonly kind: 'same' | 'changed' | 'gap'
  readonly before: DiffSide | null
  readonly after: DiffSide | null
}

/** Longer lines are not compared word by word. */
const longestLine = 500

/**
 * Lines of a run of removals stand beside those of the additions that follow it. Words are compared in the first
 * `compared` rows alone: that costs far more than everything else.
 */
export function diffRows(
  hunks: readonly ViewHunk[],
  compared = Number.POSITIVE_INFINITY,
): readonly DiffRow[] {
  const rows = hunks.flatMap((hunk, at) => [
    ...(at === 0 ? [] : [{ kind: 'gap', before: null, after: null } as const]),
    ...hunkRows(hunk),
  ])
  return rows.map((row, at) => (at < compared ? withWords(row) : row))
}

/** Of all hunks. */
export function countChanges(hunks: readonly ViewHunk[]): {
  readonly added: number
  readonly removed: number
} {
  const lines = hunks.flatMap((hunk) => hunk.lines)
  const count = (sign: string) => lines.filter((line) => line.startsWith(sign)).length
  return { added: count('+'), removed: count('-') }
}

function hunkRows({ oldStart, newStart, lines }: ViewHunk): readonly DiffRow[] {
  const rows: DiffRow[] = []
  let [oldLine, newLine] = [oldStart, newStart]
  let removed: Numbered[] = []
  let added: Numbered[] = []
  const flush = () => {
    for (const pair of pairs(removed, added)) rows.push(pair)
    removed = []
    added = []
  }
  for (const line of lines) {
    const text = line.slice(1)
    if (line.startsWith('-')) {
      if (added.length > 0) flush()
      removed.push({ number: oldLine++, text })
    } else if (line.startsWith('+')) added.push({ number: newLine++, text })
    else {
      flush()
      rows.push({
        kind: 'same',
        before: plain({ number: oldLine++, text }),
        after: plain({ number: newLine++, text }),
      })
    }
  }
  flush()
  return rows
}

interface Numbered {
  readonly number: number
  readonly text: string
}

function plain({ number, text }: Numbered): DiffSide {
  return { number, parts: [{ text, marked: false }] }
}

function pairs(removed: readonly Numbered[], added: readonly Numbered[]): readonly DiffRow[] {
  const most = Math.max(removed.length, added.length)
  return Array.from({ length: most }, (_, at): DiffRow => {
    const [before, after] = [removed[at], added[at]]
    return { kind: 'changed', before: before ? plain(before) : null, after: after ? plain(after) : null }
  })
}

/** With the words marked that differ, where both sides have much in common. */
function withWords(row: DiffRow): DiffRow {
  const { kind, before, after } = row
  if (kind !== 'changed' || !before || !after) return row
  const [old, now] = [textOf(before), textOf(after)]
  if (old.length > longestLine || now.length > longestLine) return row
  const words = diffWordsWithSpace(old, now)
  const kept = words
    .filter((word) => !word.added && !word.removed)
    .reduce((sum, { value }) => sum + value.trim().length, 0)
  // Lines that have little in common are simply others.
  if (kept * 3 < Math.max(old.trim().length, now.trim().length)) return row
  const side = (own: 'added' | 'removed', other: 'added' | 'removed') =>
    words.flatMap((word) => (word[other] ? [] : [{ text: word.value, marked: word[own] === true }]))
  return {
    kind,
    before: { number: before.number, parts: side('removed', 'added') },
    after: { number: after.number, parts: side('added', 'removed') },
  }
}

function textOf({ parts }: DiffSide): string {
  return parts.map(({ text }) => text).join('')
}
