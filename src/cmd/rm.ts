/** `git teleport rm` */

import { Command, Option } from 'clipanion'
import { removeSession } from '../core/rm.ts'
import type { World } from '../core/world.ts'
import { type Outcome, remoteOption, TeleportCommand } from './command.ts'
import { shortId } from './text.ts'

export class RmCommand extends TeleportCommand {
  static override paths = [['rm']]
  static override usage = Command.Usage({
    category: 'Life and death of a session',
    description: 'Remove a session from the remote, now',
    details: `
      Deletes the session's ref and leaves a tombstone in the index. What others have fetched they keep, and the host
      may keep the encrypted objects until it cleans up. The copy on this machine stays.
    `,
    examples: [['Remove a session without being asked', 'git teleport rm 3f2a91c4 --yes']],
  })

  session = Option.String()
  remote = remoteOption()

  async run(world: World): Promise<Outcome> {
    const result = await removeSession(world, { session: this.session, remote: this.remote })
    return {
      json: { ...result },
      text: `removed ${shortId(result.session)} from the remote; the copy on this machine stays`,
    }
  }
}
