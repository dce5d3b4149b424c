/** `git teleport doctor` */

import { Command } from 'clipanion'
import { examine } from '../core/doctor.ts'
import type { World } from '../core/world.ts'
import { exitCodes } from '../errors.ts'
import { type Outcome, remoteOption, TeleportCommand } from './command.ts'
import { safe } from './text.ts'

const signs = { ok: 'ok', warning: 'warn', problem: 'FAIL' } as const

export class DoctorCommand extends TeleportCommand {
  static override paths = [['doctor']]
  static override usage = Command.Usage({
    category: 'Look',
    description: 'Check everything that a push or a pull needs',
    details: 'Exit code 1 when something is wrong; each finding names the command that mends it.',
    examples: [['Is everything in place?', 'git teleport doctor']],
  })

  remote = remoteOption()

  async run(world: World): Promise<Outcome> {
    const findings = await examine(world, { remote: this.remote })
    const lines = findings.flatMap(({ name, level, detail, hint }) => [
      `${signs[level].padEnd(5)} ${name.padEnd(12)} ${safe(detail)}`,
      ...(hint === null ? [] : [`      ${''.padEnd(12)} → ${safe(hint)}`]),
    ])
    const broken = findings.some((finding) => finding.level === 'problem')
    return {
      json: { findings },
      text: lines.join('\n'),
      exitCode: broken ? exitCodes.failed : exitCodes.done,
    }
  }
}
