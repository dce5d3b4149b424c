/** `git teleport attach` */

import { Command, Option } from 'clipanion'
import { attachCommits } from '../core/attach.ts'
import type { World } from '../core/world.ts'
import { type Outcome, remoteOption, TeleportCommand } from './command.ts'
import { shortId } from './text.ts'
import { tiesOutcome } from './ties-outcome.ts'

export class AttachCommand extends TeleportCommand {
  static override paths = [['attach']]
  static override usage = Command.Usage({
    category: 'Look',
    description: 'Tie a session to commits by hand',
    details: 'To HEAD, if no commit is named. The next push of the session carries the link.',
    examples: [
      ['The last commit', 'git teleport attach 3f2a91c4'],
      ['Two of them', 'git teleport attach 3f2a91c4 HEAD~1 HEAD'],
    ],
  })

  dryRun = Option.Boolean('--dry-run', false, { description: 'Say what would be tied, and change nothing' })
  remote = remoteOption()
  session = Option.String()
  commits = Option.Rest({ name: 'commit' })

  async run(world: World): Promise<Outcome> {
    const done = await attachCommits(world, {
      session: this.session,
      commits: this.commits,
      remote: this.remote,
      dryRun: this.dryRun,
    })
    if (done.commits.length === 0) {
      return {
        json: { session: done.session, commits: [], dryRun: this.dryRun },
        text: `nothing to do: ${shortId(done.session)} is tied already`,
      }
    }
    return tiesOutcome(world, done, this.dryRun, { tied: 'tied', to: 'to' })
  }
}
