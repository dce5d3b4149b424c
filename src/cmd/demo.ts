/** `git teleport demo` */

import { Command, Option } from 'clipanion'
import { type DemoResult, runDemo } from '../core/demo.ts'
import type { World } from '../core/world.ts'
import { formatTable } from '../review/table.ts'
import { type Outcome, TeleportCommand } from './command.ts'
import { formatBytes, safe } from './text.ts'

export class DemoCommand extends TeleportCommand {
  static override paths = [['demo']]
  static override usage = Command.Usage({
    category: 'Set up',
    description: 'Watch a session move between two simulated machines',
    details:
      'Everything happens in a temporary folder with an invented session; nothing of yours is touched.',
    examples: [['A first look', 'git teleport demo']],
  })

  keep = Option.Boolean('--keep', false, { description: 'Leave the temporary folder for a look around' })

  async run(world: World): Promise<Outcome> {
    const { stdout } = this.context.io
    const say = (line: string) => {
      if (!this.json) stdout.write(`${safe(line)}\n`)
    }
    const result = await runDemo(world, { keep: this.keep }, say)
    return { json: { ...result }, text: summary(result) }
  }
}

function summary(result: DemoResult): string {
  const rows = result.moved.map(({ what, sent, arrived }) => [
    what,
    `${sent.files}`,
    formatBytes(sent.bytes),
    `${arrived.files}`,
    formatBytes(arrived.bytes),
  ])
  const table = formatTable(rows, {
    columns: 80,
    headings: ['WHAT MOVED', 'LAPTOP', '', 'DESKTOP', ''],
  }).trimEnd()
  const folder = result.folder === null ? [] : ['', `left in ${safe(result.folder)}`]
  return [
    '',
    table,
    '',
    'On the desktop it goes on with:',
    '',
    `  ${result.resume.join(' ')}`,
    ...folder,
  ].join('\n')
}
