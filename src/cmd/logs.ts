/** `git teleport logs` */

import { once } from 'node:events'
import { Command, Option } from 'clipanion'
import { readLog, transcriptOf } from '../core/run-log.ts'
import type { World } from '../core/world.ts'
import { TeleportError } from '../errors.ts'
import { renderTranscript } from '../review/transcript.ts'
import { type Outcome, remoteOption, TeleportCommand } from './command.ts'
import { onOption, runOnTarget } from './on-target.ts'

export class LogsCommand extends TeleportCommand {
  static override paths = [['logs']]
  static override usage = Command.Usage({
    category: 'In the background',
    description: 'Read what a background session has said and done, as `show` prints it',
    details:
      'Without a session: of the one that was started last. Works while it runs and after it has ended.',
    examples: [
      ['Watch it', 'git teleport logs -f 3f2a91c4'],
      ['For a program: the stream of the client', 'git teleport logs --raw 3f2a91c4'],
    ],
  })

  session = Option.String({ required: false })
  follow = Option.Boolean('-f,--follow', false, { description: 'Go on until the session has ended' })
  full = Option.Boolean('--full', false, { description: 'Tool calls, results and changes in full' })
  thinking = Option.Boolean('--thinking', false, { description: 'Thinking too' })
  raw = Option.Boolean('--raw', false, { description: 'The stream as the client wrote it: JSON lines' })
  remote = remoteOption()
  on = onOption()

  async run(world: World): Promise<Outcome> {
    const { on, json, context } = this
    if (on !== undefined) return runOnTarget(world, { on, json, context })
    if (this.raw && (this.json || this.full || this.thinking))
      throw new TeleportError('usage', '--raw goes with neither --json, --full nor --thinking')
    const { session, follow, remote } = this
    return readLog(world, { session, follow, remote }, async (log) => {
      const { io } = this.context
      const color = !this.json && io.isTerminal.stdout && !io.env['NO_COLOR']
      const { full, thinking } = this
      const columns = io.isTerminal.stdout ? io.columns : 200
      const pieces = this.raw
        ? log.raw
        : renderTranscript(transcriptOf(log), { color, columns, full, thinking })
      const told: string[] = []
      for await (const piece of pieces) {
        if (this.json) told.push(piece.toString())
        else if (!io.stdout.write(piece)) await once(io.stdout, 'drain')
      }
      return { json: { session: log.session, log: log.log, conversation: told.join('') }, text: '' }
    })
  }
}
