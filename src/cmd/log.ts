/** `git teleport log` */

import { Command, Option } from 'clipanion'
import { type LoggedCommit, logSessions } from '../core/log.ts'
import type { World } from '../core/world.ts'
import { TeleportError } from '../errors.ts'
import { safeLine } from '../review/safe-text.ts'
import { type Outcome, PagedCommand, remoteOption } from './command.ts'
import { shortCommit, tieLine } from './tie-text.ts'

export class LogCommand extends PagedCommand {
  static override paths = [['log']]
  static override usage = Command.Usage({
    category: 'Look',
    description: 'Show commits with the sessions behind them',
    details:
      'In the order of git log. Says how each was found: the linked commit itself (exact), what an amend or a rebase made of it, the same patch, or several squashed into one.',
    examples: [
      ['The newest 20', 'git teleport log -n 20'],
      ['Of a branch', 'git teleport log main..feature'],
    ],
  })

  limit = Option.String('-n,--max-count', { description: 'At most so many commits' })
  offline = Option.Boolean('--offline', false, { description: 'Ask no remote' })
  remote = remoteOption()
  range = Option.Rest({ name: 'range' })

  async run(world: World): Promise<Outcome> {
    const commits = await logSessions(world, {
      revisions: this.range,
      limit: this.limit === undefined ? undefined : countOf(this.limit),
      remote: this.remote,
      offline: this.offline,
    })
    const { io } = this.context
    const columns = io.isTerminal.stdout ? io.columns : 200
    return { json: { commits }, text: commits.map((commit) => commitText(commit, columns)).join('\n') }
  }
}

/** Throws `usage` for what is no count. */
function countOf(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new TeleportError('usage', `"${text}" is no number of commits`, { hint: 'git teleport log -n 20' })
}

export function commitText(commit: LoggedCommit, columns: number): string {
  const head = `${shortCommit(commit.commit)} ${safeLine(commit.subject, columns - 11)}`
  return [head, ...commit.sessions.map((tied) => `    ${tieLine(tied, columns - 4)}`)].join('\n')
}
