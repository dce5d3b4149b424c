/** `git teleport rewrap` */

import { Command, Option } from 'clipanion'
import { type Rewrapped, rewrapSessions } from '../core/rewrap.ts'
import type { World } from '../core/world.ts'
import { TeleportError } from '../errors.ts'
import { formatTable } from '../review/table.ts'
import { type Outcome, remoteOption, TeleportCommand } from './command.ts'
import { safe, shortId } from './text.ts'

export class RewrapCommand extends TeleportCommand {
  static override paths = [['rewrap']]
  static override usage = Command.Usage({
    category: 'Keys',
    description: 'Give live sessions the readers that the team and your devices make them have by now',
    details: `
      Who came is let in without sending the conversation again. When somebody has to go, the session gets a new identity
      and is encrypted anew from the copy here; what they have fetched they keep.
    `,
    examples: [
      ['After somebody joined or left', 'git teleport rewrap --all'],
      ['Only say what would happen', 'git teleport rewrap --all --dry-run'],
    ],
  })

  sessions = Option.Rest()
  all = Option.Boolean('--all', false, { description: 'Every live session that your devices sent last' })
  dryRun = Option.Boolean('--dry-run', false, { description: 'Say what would happen, and change nothing' })
  remote = remoteOption()

  async run(world: World): Promise<Outcome> {
    if (this.all !== (this.sessions.length === 0)) {
      throw new TeleportError('usage', 'rewrap takes either sessions or --all', {
        hint: 'git teleport rewrap --all',
      })
    }
    const { remote, sessions, dryRun } = this
    const done = await rewrapSessions(world, { sessions, remote, dryRun })
    const failed = done.find(({ error }) => error !== null)
    return {
      json: { sessions: done, dryRun },
      text: describeRewraps(done, dryRun),
      exitCode: failed ? 1 : 0,
    }
  }
}

/** One row a session, and what to do about those that failed. */
export function describeRewraps(done: readonly Rewrapped[], dryRun: boolean): string {
  if (done.length === 0) return 'no live sessions of yours on the remote'
  const rows = done.map((each) => [
    shortId(each.session),
    `${dryRun && each.state !== 'same' && each.state !== 'failed' ? 'would be ' : ''}${each.state}`,
    each.added.length > 0 ? safe(each.added.join(', ')) : '-',
    each.removed.length > 0 ? safe(each.removed.join(', ')) : '-',
    safe(each.title ?? '-'),
  ])
  const table = formatTable(rows, {
    columns: 200,
    headings: ['ID', 'STATE', 'LET IN', 'SHUT OUT', 'TITLE'],
  }).trimEnd()
  const advice = done.flatMap(({ session, error }) =>
    error ? [`${shortId(session)}  ${safe(error.message)}${error.hint ? `: ${safe(error.hint)}` : ''}`] : [],
  )
  return [table, ...advice].join('\n')
}
