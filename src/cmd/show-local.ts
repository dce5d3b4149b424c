/** What `show` says of a session that it reads as it lies here. Pure. */

import type { LocalSession } from '../core/local-reading.ts'
import { type Rows, titledRows } from './show-rows.ts'
import { formatAge, formatBytes, plural } from './text.ts'

/** For whoever asks on this machine. */
export function localRows(shown: LocalSession, now: Date): Rows {
  return [
    ['session', shown.session],
    ['in', shown.cwd ?? '-'],
    ['branch', shown.branch ?? '-'],
    [
      'changed',
      `${shown.updated} (${formatAge(shown.updated, now)})${shown.live ? ', open in a client' : ''}`,
    ],
    ['commits', commitsOf(shown)],
    ['size', sizeOf(shown)],
  ]
}

/** For readers on other machines and in public: no path, nothing relative to who asks. */
export function publicLocalRows(shown: LocalSession): Rows {
  return [
    ['session', shown.session],
    ['signed', 'by nobody: as it lies on a machine'],
    ['changed', shown.updated],
    ['commits', commitsOf(shown)],
    ...(shown.messages === null ? [] : [['messages', String(shown.messages)] as const]),
  ]
}

/** For a terminal. */
export function describeLocal(shown: LocalSession, facts: Rows): string {
  return `${standing(shown)}\n\n${titledRows(shown.title, facts)}`
}

function standing({ pushed }: LocalSession): string {
  if (pushed === null) return 'NOT PUSHED: as it lies here, signed by nobody.'
  return `AS IT LIES HERE, signed by nobody. What was last pushed or pulled is push ${pushed.seq}.`
}

function commitsOf({ codeCommits }: LocalSession): string {
  return codeCommits.map((commit) => commit.slice(0, 10)).join(' ') || '-'
}

function sizeOf({ messages, agents, sizeBytes }: LocalSession): string {
  return [
    ...(messages === null ? [] : [plural(messages, 'message')]),
    formatBytes(sizeBytes),
    ...(agents === 0 ? [] : [plural(agents, 'subagent')]),
  ].join(', ')
}
