/** `git teleport export` */

import { once } from 'node:events'
import { Command, Option } from 'clipanion'
import { exportSession } from '../core/export.ts'
import type { World } from '../core/world.ts'
import { TeleportError } from '../errors.ts'
import { type Outcome, remoteOption, TeleportCommand } from './command.ts'
import { writeOutput } from './files.ts'
import { formatBytes, plural, safe, shortId } from './text.ts'

export class ExportCommand extends TeleportCommand {
  static override paths = [['export']]
  static override usage = Command.Usage({
    category: 'Files',
    description: 'Write a session of this machine to a .tar.gz',
    details:
      'Neither encrypted nor signed: encrypt it yourself before it leaves your machine, for example with age.',
    examples: [
      ['Write 3f2a91c4.teleport.tar.gz', 'git teleport export 3f2a91c4'],
      ['Encrypt it on the way', 'git teleport export --output - | age -r age1… > session.age'],
    ],
  })

  session = Option.String({ required: false })
  output = Option.String('-o,--output', { description: 'The file to write, or - for standard output' })
  remote = remoteOption()

  async run(world: World): Promise<Outcome> {
    const { io } = this.context
    if (this.output === '-' && this.json)
      throw new TeleportError('usage', '--json and the archive cannot share standard output')
    let file = this.output
    const exported = await exportSession(
      world,
      { session: this.session, remote: this.remote },
      async (session, archive) => {
        file ??= `${shortId(session)}.teleport.tar.gz`
        if (file !== '-') return writeOutput(io, file, archive)
        for await (const chunk of archive) if (!io.stdout.write(chunk)) await once(io.stdout, 'drain')
      },
    )
    if (file === '-') return { json: {}, text: '' }
    const text = `wrote ${safe(file ?? '')}: ${plural(exported.files, 'file')}, ${formatBytes(exported.sizeBytes)}, not encrypted`
    return { json: { ...exported, output: file }, text }
  }
}
