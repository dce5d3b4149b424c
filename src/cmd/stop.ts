/** `git teleport stop` */

import { Command, Option } from 'clipanion'
import { type StoppedRun, stopRun } from '../core/run-stop.ts'
import type { World } from '../core/world.ts'
import { type Outcome, remoteOption, TeleportCommand } from './command.ts'
import { safe, shortId } from './text.ts'

export class StopCommand extends TeleportCommand {
  static override paths = [['stop']]
  static override usage = Command.Usage({
    category: 'In the background',
    description: 'End a background session; what it has done is committed and pushed',
    details: 'The client is asked to end, and ended after ten seconds. `run --resume` goes on with it.',
    examples: [['Enough', 'git teleport stop 3f2a91c4']],
  })

  session = Option.String()
  remote = remoteOption()

  async run(world: World): Promise<Outcome> {
    const stopped = await stopRun(world, { session: this.session, remote: this.remote })
    return { json: { ...stopped }, text: describe(stopped) }
  }
}

function describe({ session, state, forced, attended, branch }: StoppedRun): string {
  const id = shortId(session)
  if (state === 'ended') return `${id} had ended already`
  const how = forced ? 'stopped by force' : 'stopped'
  const rest = attended
    ? `what it has done is committed on ${safe(branch)} and pushed now, beside this`
    : `nobody is left to commit and push what it has done:\n\n  git teleport run --finish ${id}`
  return `${how} ${id}; ${rest}`
}
