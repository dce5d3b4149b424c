/** The sessions behind a branch as Markdown for a pull request. Pure. */

import type { Review, ReviewedSession } from '../core/review.ts'
import { folded, inlineMarkdown, quoted } from '../review/markdown-text.ts'
import { plural, shortId } from './text.ts'
import { howWord, sealedLine, shortCommit } from './tie-text.ts'

/** At most `limit` characters: longer ones lose the ends of prompts, then the prompts, then sessions, and say so. */
export function reviewMarkdown(review: Review, limit: number): string {
  for (const promptLength of [2000, 300, 80, 0]) {
    const text = wholeReview(review, review.sessions, promptLength)
    if (text.length <= limit) return text
  }
  const kept: ReviewedSession[] = []
  for (const session of review.sessions) {
    if (wholeReview(review, [...kept, session], 0).length > limit - 100) break
    kept.push(session)
  }
  const text = wholeReview(review, kept, 0)
  return text.length <= limit ? text : `${headOf(review)}\n`.slice(0, limit)
}

function headOf({ commits, sessions, stat }: Review): string {
  const counts = [
    plural(commits.length, 'commit'),
    plural(sessions.length, 'session'),
    plural(stat.files, 'file'),
    `+${stat.insertions} -${stat.deletions}`,
  ]
  return `## Sessions behind this branch\n\n${counts.join(', ')}`
}

function wholeReview(review: Review, sessions: readonly ReviewedSession[], promptLength: number): string {
  const left = review.sessions.length - sessions.length
  const untied = review.commits.filter((commit) => commit.sessions.length === 0)
  const parts = [
    headOf(review),
    ...sessions.map((session) => sessionPart(session, promptLength)),
    ...(untied.length > 0 && left === 0
      ? [folded(`${plural(untied.length, 'commit')} without a session`, untied.map(commitLine).join('\n'))]
      : []),
    ...(left > 0 ? [`_Shortened: ${plural(left, 'more session')}._`] : []),
  ]
  return `${parts.join('\n\n')}\n`
}

function sessionPart(session: ReviewedSession, promptLength: number): string {
  if (session.state === 'sealed') return `### ${inlineMarkdown(sealedLine(session.session))}`
  const { title, author, prompts, commits } = session
  const asked = prompts.map(
    ({ commit, text }) =>
      `Before \`${shortCommit(commit)}\`:\n\n${quoted([inlineMarkdown(cut(text, promptLength))])}`,
  )
  const told =
    session.state === 'unread'
      ? ['_Its conversation is not here or cannot be read._']
      : promptLength === 0
        ? [`_${plural(prompts.length, 'prompt')}, left out for length._`]
        : asked.length > 0
          ? [folded(plural(prompts.length, 'prompt'), asked.join('\n\n'))]
          : []
  const lines = commits.map((commit) => `${commitLine(commit)} (${howWord(commit.how)})`)
  return [
    `### ${inlineMarkdown(title ?? 'no title')}\n\n\`${shortId(session.session)}\` by ${inlineMarkdown(author)}`,
    lines.join('\n'),
    ...told,
  ].join('\n\n')
}

function commitLine({ commit, subject }: { readonly commit: string; readonly subject: string }): string {
  return `- \`${shortCommit(commit)}\` ${inlineMarkdown(subject)}`
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`
}
