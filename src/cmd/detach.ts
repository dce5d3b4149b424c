/** `git teleport detach` */

import { Command, Option } from 'clipanion'
import { detachCommits } from '../core/attach.ts'
import type { World } from '../core/world.ts'
import { type Outcome, remoteOption, TeleportCommand } from './command.ts'
import { tiesOutcome } from './ties-outcome.ts'

export class DetachCommand extends TeleportCommand {
  static override paths = [['detach']]
  static override usage = Command.Usage({
    category: 'Look',
    description: 'Take the tie between a session and commits away',
    details:
      'From HEAD, if no commit is named. Here it is gone at once, for others with the next push of the session.',
    examples: [
      ['From the last commit', 'git teleport detach 3f2a91c4'],
      ['From every commit', 'git teleport detach 3f2a91c4 --all'],
    ],
  })

  all = Option.Boolean('-a,--all', false, { description: 'From every commit that it is tied to' })
  dryRun = Option.Boolean('--dry-run', false, { description: 'Say what would be untied, and change nothing' })
  remote = remoteOption()
  session = Option.String()
  commits = Option.Rest({ name: 'commit' })

  async run(world: World): Promise<Outcome> {
    const done = await detachCommits(world, {
      session: this.session,
      commits: this.commits,
      all: this.all,
      remote: this.remote,
      dryRun: this.dryRun,
    })
    return tiesOutcome(world, done, this.dryRun, {
      tied: 'untied',
      to: 'from',
    })
  }
}
