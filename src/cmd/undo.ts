/** `git teleport undo` */

import { Command, Option } from 'clipanion'
import { undoPull } from '../core/undo.ts'
import type { World } from '../core/world.ts'
import { type Outcome, remoteOption, TeleportCommand } from './command.ts'
import { plural, shortId } from './text.ts'

export class UndoCommand extends TeleportCommand {
  static override paths = [['undo']]
  static override usage = Command.Usage({
    category: 'Life and death of a session',
    description: 'Put back what the last pull replaced',
    details: `
      Restores the files that the last pull, import or fork in this repository replaced, and deletes those that it
      added, unless they changed since. Rows that it added to the prompt history stay.
    `,
    examples: [['Take the last pull back', 'git teleport undo']],
  })

  force = Option.Boolean('--force', false, { description: 'Also when the files changed since' })
  remote = remoteOption()

  async run(world: World): Promise<Outcome> {
    const result = await undoPull(world, { remote: this.remote, force: this.force })
    const text = `undid the last pull of ${shortId(result.session)}: ${plural(result.restored.length, 'file')} put back, ${result.deleted.length} deleted`
    return { json: { ...result }, text }
  }
}
