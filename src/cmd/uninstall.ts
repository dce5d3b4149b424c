/** `git teleport uninstall` */

import { Command, Option } from 'clipanion'
import { uninstall } from '../core/uninstall.ts'
import type { World } from '../core/world.ts'
import { type Outcome, TeleportCommand } from './command.ts'
import { safe } from './text.ts'

export class UninstallCommand extends TeleportCommand {
  static override paths = [['uninstall']]
  static override usage = Command.Usage({
    category: 'Set up',
    description: 'Remove every trace of the tool from this machine',
    details: `
      Removes the private stores of all repositories, the device key, the settings and the plugin of Claude Code. Sessions
      of Claude Code stay, and so do work trees of background sessions and what was pushed: remove that first, with \`rm\`.
    `,
    examples: [['But keep the key', 'git teleport uninstall --keep-key']],
  })

  keepKey = Option.Boolean('--keep-key', false, {
    description: 'Keep the device key and the list of own devices',
  })

  async run(world: World): Promise<Outcome> {
    const result = await uninstall(world, { keepKey: this.keepKey })
    const lines = [
      ...result.removed.map((path) => `removed ${safe(path)}`),
      ...result.kept.map((path) => `kept    ${safe(path)}`),
      '',
      'last:  npm uninstall --global git-teleport   (add --prefix ~/.local if the set-up put it there)',
    ]
    return { json: { ...result }, text: lines.join('\n') }
  }
}
