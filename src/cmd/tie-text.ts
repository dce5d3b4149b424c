/** How ties between sessions and commits are printed. Pure. */

import type { TiedSession } from '../core/log.ts'
import { safeLine } from '../review/safe-text.ts'
import { shortId } from './text.ts'

/** Told in the output, so that nobody has to take a match on trust. */
const words: Readonly<Record<TiedSession['how'], string>> = {
  exact: 'exact',
  amended: 'amended',
  rebased: 'rebased',
  patch: 'same patch',
  squashed: 'squashed',
}

export const howWidth = 10

export function howWord(how: TiedSession['how']): string {
  return words[how]
}

export function shortCommit(commit: string): string {
  return commit.slice(0, 10)
}

export function sealedLine(session: string): string {
  return `session ${shortId(session)} exists; you are not among its readers`
}

/** `3f2a91c4  exact       Fix the upload  ada@example.org` */
export function tieLine(tied: TiedSession, columns: number): string {
  if (!tied.readable) return sealedLine(tied.session)
  const how = words[tied.how].padEnd(howWidth)
  const title = tied.title ?? '-'
  const author = tied.author === '' ? '' : `  ${tied.author}`
  return safeLine(`${shortId(tied.session)} ${how} `, columns).concat(
    ' ',
    safeLine(`${title}${author}`, Math.max(20, columns - 21)),
  )
}
