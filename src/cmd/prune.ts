/** `git teleport prune` */

import { Command, Option } from 'clipanion'
import { type PruneResult, prune } from '../core/prune.ts'
import type { World } from '../core/world.ts'
import { type Outcome, remoteOption, TeleportCommand } from './command.ts'
import { formatAge, formatBytes, plural, safe, shortId } from './text.ts'

export class PruneCommand extends TeleportCommand {
  static override paths = [['prune']]
  static override usage = Command.Usage({
    category: 'Life and death of a session',
    description: 'Delete expired sessions from the remote, and compact the private store',
    details: `
      Anyone with push rights may do it, for anyone's sessions: their end is written in the clear. Copies on this machine
      are named and stay. Then packs the objects of the store and drops those that nothing names any more and that are
      two weeks old.
    `,
    examples: [
      ['Clean up', 'git teleport prune'],
      ['Only say what has expired', 'git teleport prune --dry-run'],
    ],
  })

  dryRun = Option.Boolean('--dry-run', false, { description: 'Say what would go, and change nothing' })
  remote = remoteOption()

  async run(world: World): Promise<Outcome> {
    const result = await prune(world, { remote: this.remote, dryRun: this.dryRun })
    return { json: { ...result, dryRun: this.dryRun }, text: describe(result, world, this.dryRun) }
  }
}

function describe(result: PruneResult, world: World, dryRun: boolean): string {
  const { sessions, unreadable, localCopies, bytesBefore, bytesAfter } = result
  const size = formatBytes(bytesBefore)
  return [
    `${dryRun ? 'would delete' : 'deleted'} ${plural(sessions.length, 'expired session')} on the remote`,
    ...sessions.map(
      (each) =>
        `  ${shortId(each.session)}  ended ${formatAge(each.expires, world.now())}, sent by ${each.device}`,
    ),
    ...unreadable.map((ref) => `  left alone, for its commit cannot be read: ${safe(ref)}`),
    ...localCopies.map(({ path }) => `  expired, and still on this machine: ${safe(path)}`),
    dryRun ? `store: ${size}` : `store: ${size} → ${formatBytes(bytesAfter)}`,
  ].join('\n')
}
