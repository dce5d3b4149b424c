/** `git teleport review` */

import { once } from 'node:events'
import { Command, Option } from 'clipanion'
import { traceCommits } from '../core/agent-trace.ts'
import { type Review, type ReviewedSession, reviewBranch } from '../core/review.ts'
import type { World } from '../core/world.ts'
import { TeleportError } from '../errors.ts'
import { safeJson } from '../review/json-export.ts'
import { safeLine } from '../review/safe-text.ts'
import { formatTable } from '../review/table.ts'
import { type Outcome, PagedCommand, remoteOption } from './command.ts'
import { reviewMarkdown } from './review-markdown.ts'
import { formatNamed, limitNamed } from './show-as.ts'
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
      ['To paste into the pull request', 'git teleport review --format md'],
    ],
  })

  format = Option.String('--format', {
    description: 'text, md for a pull request, or agent-trace, a line for each commit',
  })
  limit = Option.String('--limit', {
    description: 'With --format md: at most so many characters (65536), 0 for any',
  })
  offline = Option.Boolean('--offline', false, { description: 'Ask no remote' })
  remote = remoteOption()
  range = Option.String({ required: false })

  async run(world: World): Promise<Outcome> {
    const form = formatNamed(this.format, ['text', 'md', 'agent-trace'])
    if (form !== 'text' && this.json) throw new TeleportError('usage', '--format does not go with --json')
    if (form !== 'md' && this.limit !== undefined)
      throw new TeleportError('usage', '--limit goes with --format md')
    const { remote, offline, range } = this
    const { io } = this.context
    if (form === 'agent-trace') {
      await traceCommits(world, { of: { range }, remote, offline }, async (record) => {
        if (!io.stdout.write(`${safeJson(record)}\n`)) await once(io.stdout, 'drain')
      })
      return { json: {}, text: '' }
    }
    const review = await reviewBranch(world, { of: range, remote, offline })
    if (form === 'md') {
      io.stdout.write(reviewMarkdown(review, limitNamed(this.limit)))
      return { json: {}, text: '' }
    }
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
