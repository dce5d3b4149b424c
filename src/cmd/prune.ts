/** `git teleport prune` */

import { Command } from 'clipanion'
import { pruneStore } from '../core/prune.ts'
import type { World } from '../core/world.ts'
import { type Outcome, remoteOption, TeleportCommand } from './command.ts'
import { formatBytes } from './text.ts'

export class PruneCommand extends TeleportCommand {
  static override paths = [['prune']]
  static override usage = Command.Usage({
    category: 'Life and death of a session',
    description: "Compact this repository's private store",
    details:
      'Packs the objects of the store and drops those that nothing names any more and that are two weeks old.',
    examples: [['Make the store small', 'git teleport prune']],
  })

  remote = remoteOption()

  async run(world: World): Promise<Outcome> {
    const result = await pruneStore(world, { remote: this.remote })
    return {
      json: { ...result },
      text: `store: ${formatBytes(result.bytesBefore)} → ${formatBytes(result.bytesAfter)}`,
    }
  }
}
