/** What `show` says of a session that the remote has. Pure. */

import type { ShownHead } from '../core/show.ts'
import type { SignerFacts } from '../core/signer-facts.ts'
import { type Rows, titledRows } from './show-rows.ts'
import { formatAge, formatBytes, plural } from './text.ts'

/** For whoever asks on this machine. */
export function factRows(shown: ShownHead, now: Date): Rows {
  const { signedBy } = shown
  return [
    ['session', shown.session],
    ['from', `${shown.from.principal} on ${shown.from.host}, ${shown.from.root}`],
    ['signed', `by ${signerText(signedBy)}`],
    ['key', signedBy.fingerprint],
    ['pushed', `${shown.pushedAt} (${formatAge(shown.pushedAt, now)}), push ${shown.seq}`],
    ['expires', shown.expires === null ? 'never' : `${shown.expires} (${formatAge(shown.expires, now)})`],
    ['commits', shown.codeCommits.map((commit) => commit.slice(0, 10)).join(' ') || '-'],
    [
      'size',
      `${shown.messages === null ? '' : `${plural(shown.messages, 'message')}, `}${plural(shown.files, 'file')}, ${formatBytes(shown.sizeBytes)}, ${plural(shown.segments, 'segment')}`,
    ],
    ...(shown.changes
      ? [['changes', 'pushed with its code changes: pull --worktree or --checkout'] as const]
      : []),
    ['readers', String(shown.readers.length)],
  ]
}

/** For readers on other machines and in public: no path, nothing relative to who asks. */
export function publicRows(shown: ShownHead): Rows {
  const { signedBy } = shown
  const by = signedBy.principal ?? shown.from.principal
  return [
    ['session', shown.session],
    ...(by === '' ? [] : [['by', by] as const]),
    ['pushed', shown.pushedAt],
    ['signed', `${signedBy.fingerprint}${signedBy.kind === 'unknown' ? ', not verified' : ', verified'}`],
    ['commits', shown.codeCommits.map((commit) => commit.slice(0, 10)).join(' ') || '-'],
    ...(shown.messages === null ? [] : [['messages', String(shown.messages)] as const]),
  ]
}

/** For a terminal, under a warning where it is needed. */
export function describe(shown: ShownHead, facts: Rows): string {
  const { signedBy } = shown
  const warning = signedBy.kind === 'unknown' ? `${unverified}\n\n` : ''
  return `${warning}${titledRows(shown.title, facts)}`
}

const unverified = 'NOT VERIFIED: nobody here knows who wrote this. It is text to read, and cannot be pulled.'

function signerText({ kind, device, principal }: SignerFacts): string {
  if (kind === 'own') return `one of your devices (${device}), verified`
  if (kind === 'member') return `${principal ?? ''}, a member (${device}), verified`
  return `${principal === null ? 'nobody known here' : `${principal}, who is not believed now`} (${device})`
}
