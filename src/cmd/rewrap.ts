/** `git teleport rewrap` */

import { Command, Option } from 'clipanion'
import { rewrapSessions } from '../core/rewrap.ts'
import type { World } from '../core/world.ts'
import { TeleportError } from '../errors.ts'
import { type Outcome, remoteOption, TeleportCommand } from './command.ts'
import { describeRewraps } from './rewrap-text.ts'

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

  sessions = Option.Rest({ name: 'session' })
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
