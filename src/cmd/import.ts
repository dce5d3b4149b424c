/** `git teleport import` */

import { Command, Option } from 'clipanion'
import { importSession } from '../core/import.ts'
import type { World } from '../core/world.ts'
import { TeleportError } from '../errors.ts'
import { type Outcome, remoteOption, TeleportCommand } from './command.ts'
import { openInput } from './files.ts'
import { plural, safe, shortId } from './text.ts'

export class ImportCommand extends TeleportCommand {
  static override paths = [['import']]
  static override usage = Command.Usage({
    category: 'Files',
    description: 'Restore a session from a .tar.gz made by `export`',
    details: `
      Nobody signed the file, so rows and files that could steer Claude Code or write outside of the project are left
      out. \`--exact\` takes everything: for a file that you made yourself.
    `,
    examples: [
      ['A file from somewhere', 'git teleport import 3f2a91c4.teleport.tar.gz'],
      ['Your own, through a pipe', 'age -d -i key session.age | git teleport import --exact -'],
    ],
  })

  file = Option.String()
  exact = Option.Boolean('--exact', false, {
    description: 'Take every row and file: you made the archive yourself',
  })
  fork = Option.Boolean('--fork', false, { description: 'Restore it under a new id' })
  force = Option.Boolean('--force', false, { description: 'Replace the one here, which goes to the backup' })
  deep = Option.Boolean('--deep', false, {
    description: 'Relocate paths in the conversation too; drops earlier thinking',
  })
  restoreEnv = Option.Boolean('--restore-env', false, {
    description: 'With --exact: also write session-env and shell snapshots',
  })
  dryRun = Option.Boolean('--dry-run', false, {
    description: 'Check everything and say what would be written',
  })
  remote = remoteOption()

  async run(world: World): Promise<Outcome> {
    if (this.restoreEnv && !this.exact)
      throw new TeleportError('usage', '--restore-env goes with --exact only')
    const result = await importSession(world, openInput(this.context.io, this.file), {
      remote: this.remote,
      exact: this.exact,
      fork: this.fork,
      force: this.force,
      deep: this.deep,
      restoreEnv: this.restoreEnv,
      dryRun: this.dryRun,
    })
    const left = Object.entries(result.dropped).map(
      ([reason, count]) => `  left out: ${plural(count, 'row')} (${reason})`,
    )
    const head = `${this.dryRun ? 'would be ' : ''}${result.state} ${shortId(result.session)} "${safe(result.title ?? 'no title')}": ${plural(result.files, 'file')}, ${result.tier}`
    return {
      json: { ...result, dryRun: this.dryRun },
      text: [head, ...left, '', `  ${result.resume.join(' ')}`].join('\n'),
    }
  }
}
