/** What `show` says of the part of a conversation that led to a commit. Pure. */

import type { LoggedCommit } from '../core/log.ts'
import type { ShownPart } from '../core/show-commit.ts'
import { howWord, sealedLine, shortCommit, tieLine } from './tie-text.ts'

/** Above the part, in text. */
export function partHead(part: ShownPart, columns: number): string {
  if (part.missing === 'sealed') return sealedLine(part.session)
  return `== ${tieLine(part, columns - 3)}${part.missing === null ? '' : missingWords[part.missing]}`
}

export function commitTitle(commit: LoggedCommit): string {
  return `${shortCommit(commit.commit)} ${commit.subject}`
}

export function partRows(part: ShownPart): readonly (readonly [string, string])[] {
  if (part.missing === 'sealed') return [['session', sealedLine(part.session)]]
  return [
    ['session', part.session],
    ['title', part.title ?? '-'],
    ...(part.author === '' ? [] : [['by', part.author] as const]),
    ['tied', howWord(part.how)],
    ...(part.missing === null ? [] : [['conversation', missingWords[part.missing].trim()] as const]),
  ]
}

const missingWords: Readonly<Record<Exclude<ShownPart['missing'], null>, string>> = {
  sealed: '',
  'not-here': '\n    its conversation is not here: git teleport fetch',
  message: '\n    its link names no message of the conversation: --all shows all of it',
}
