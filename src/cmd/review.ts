/** `git teleport review` */

import { Command, Option } from 'clipanion'
import { type Review, type ReviewedSession, reviewBranch } from '../core/review.ts'
import type { World } from '../core/world.ts'
import { safeLine } from '../review/safe-text.ts'
import { formatTable } from '../review/table.ts'
import { type Outcome, PagedCommand, remoteOption } from './command.ts'
import { plural, safe, shortId } from './text.ts'
import { howWord, sealedLine, shortCommit } from './tie-text.ts'

export class ReviewCommand extends PagedCommand {
  static override paths = [['review']]
  static override usage = Command.Usage({
    category: 'Look',
    description: 'Show every session behind a branch, in order',
    details:
      'For a pull request: the sessions with their commits, and what was asked before each. A branch begins where it left the default branch of the remote.',
    examples: [
      ['The branch that is checked out', 'git teleport review'],
      ['A range', 'git teleport review main..feature'],
    ],
  })

  offline = Option.Boolean('--offline', false, { description: 'Ask no remote' })
  remote = remoteOption()
  range = Option.String({ required: false })

  async run(world: World): Promise<Outcome> {
    const review = await reviewBranch(world, { of: this.range, remote: this.remote, offline: this.offline })
    const { io } = this.context
    return { json: { ...review }, text: reviewText(review, io.isTerminal.stdout ? io.columns : 200) }
  }
}

function reviewText(review: Review, columns: number): string {
  const untied = review.commits.filter(({ sessions }) => sessions.length === 0)
  const { files, insertions, deletions } = review.stat
  const summary = [
    plural(review.commits.length, 'commit'),
    plural(review.sessions.length, 'session'),
    plural(files, 'file'),
    `+${insertions} -${deletions}`,
  ]
  return [
    summary.join(', '),
    ...review.sessions.map((session) => sessionText(session, columns)),
    ...(untied.length > 0
      ? [['without a session:', ...untied.map((each) => commitLine(each, columns))].join('\n')]
      : []),
  ].join('\n\n')
}

function sessionText(session: ReviewedSession, columns: number): string {
  const head = `${shortId(session.session)} ${safeLine(`${session.title ?? '-'}  ${session.author}`, columns - 9)}`
  const prompts = session.prompts.map(({ commit, text }) => [`  ${shortCommit(commit)}`, safe(text)])
  return [
    session.state === 'sealed' ? sealedLine(session.session) : head,
    ...session.commits.map((each) => `${commitLine(each, columns - 12)}  ${howWord(each.how)}`),
    ...(prompts.length > 0
      ? [formatTable(prompts, { columns, headings: ['  BEFORE', 'ASKED'] }).trimEnd()]
      : []),
    ...(session.state === 'unread' ? ['  its conversation is not here or cannot be read'] : []),
  ].join('\n')
}

function commitLine(
  { commit, subject }: { readonly commit: string; readonly subject: string },
  columns: number,
): string {
  return `  ${shortCommit(commit)} ${safeLine(subject, columns - 13)}`
}
