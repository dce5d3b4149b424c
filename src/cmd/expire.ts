/** `git teleport expire` */

import { Command, Option } from 'clipanion'
import { type ExpireOptions, expireSessions } from '../core/expire.ts'
import type { World } from '../core/world.ts'
import { TeleportError } from '../errors.ts'
import { type Outcome, remoteOption, TeleportCommand } from './command.ts'
import { plural, safe, shortId } from './text.ts'

export class ExpireCommand extends TeleportCommand {
  static override paths = [['expire']]
  static override usage = Command.Usage({
    category: 'Life and death of a session',
    description: 'Let sessions of yours end now',
    details: `
      Signs an end in the past: no machine restores the session any more, and anybody's \`prune\` deletes it. \`rm\` deletes
      at once. What others have fetched they keep.
    `,
    examples: [
      ['One session', 'git teleport expire 3f2a91c4 --yes'],
      ['All that this device sent', 'git teleport expire --mine'],
    ],
  })

  session = Option.String({ required: false })
  mine = Option.Boolean('--mine', false, { description: 'Every live session that this device sent last' })
  allMine = Option.Boolean('--all-mine', false, { description: 'Those of your other devices too' })
  dryRun = Option.Boolean('--dry-run', false, { description: 'Say which, and change nothing' })
  remote = remoteOption()

  async run(world: World): Promise<Outcome> {
    const { remote, dryRun } = this
    const sessions = await expireSessions(world, { what: this.what(world), remote, dryRun })
    const lines = sessions.map(({ session, title }) => `${shortId(session)}  ${safe(title ?? 'no title')}`)
    const head = `${plural(sessions.length, 'session')} ${dryRun ? 'would expire' : 'expired'}`
    return { json: { sessions, dryRun }, text: [head, ...lines].join('\n') }
  }

  private what(world: World): ExpireOptions['what'] {
    const named = [this.session !== undefined, this.mine, this.allMine].filter(Boolean)
    if (named.length === 0 && world.attended && !this.json) return 'ask'
    if (named.length !== 1) {
      throw new TeleportError('usage', 'expire takes one of a session, --mine and --all-mine', {
        hint: 'git teleport list',
      })
    }
    if (this.session !== undefined) return { session: this.session }
    return this.mine ? 'device' : 'own'
  }
}
