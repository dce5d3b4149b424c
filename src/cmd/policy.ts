/** `git teleport policy` */

import { Command, Option } from 'clipanion'
import { forgetPolicy, type PolicyReport, showPolicy } from '../core/policy.ts'
import { formatSetting } from '../core/team-text.ts'
import type { World } from '../core/world.ts'
import { TeleportError } from '../errors.ts'
import { formatTable } from '../review/table.ts'
import { type Outcome, remoteOption, TeleportCommand, trustPolicyOption } from './command.ts'
import { plural, safe } from './text.ts'

export class PolicyCommand extends TeleportCommand {
  static override paths = [['policy']]
  static override usage = Command.Usage({
    category: 'Team',
    description: 'Show which rules hold here, and who says so',
    details: `
      The team and its rules are read from \`.teleport/\` on the default branch of the remote. What is seen for the first
      time is shown and has to be confirmed; from then on it may only move forward. A managed policy of this machine
      comes before it, your own \`git config teleport.*\` behind it.
    `,
    examples: [
      ['What holds here', 'git teleport policy'],
      ['Without asking the remote', 'git teleport policy --offline'],
      ['Give up what was accepted for this remote', 'git teleport policy --forget'],
    ],
  })

  offline = Option.Boolean('--offline', false, { description: 'What was accepted last' })
  forget = Option.Boolean('--forget', false, { description: 'Give up what was accepted for this remote' })
  trustPolicy = trustPolicyOption()
  remote = remoteOption()

  async run(world: World): Promise<Outcome> {
    if (this.forget && (this.trustPolicy !== undefined || this.offline)) {
      throw new TeleportError('usage', '--forget goes with neither --trust-policy nor --offline')
    }
    if (this.forget) {
      const forgotten = await forgetPolicy(world, { remote: this.remote })
      return { json: { forgotten }, text: forgotten ? 'forgotten' : 'nothing was forgotten' }
    }
    const report = await showPolicy(world, {
      remote: this.remote,
      trustPolicy: this.trustPolicy,
      offline: this.offline,
    })
    return { json: { ...report }, text: describe(report) }
  }
}

function describe(report: PolicyReport): string {
  const team =
    report.commit === null
      ? [`team     none on ${safe(report.remote)}: your own devices only`]
      : [
          `team     ${plural(report.members, 'member')} with ${plural(report.devices, 'device')}, ${plural(report.readers, 'extra reader')}`,
          `policy   ${report.commit}  on ${safe(report.remote)}`,
          `you      ${safe(report.you ?? 'no member: this device is on no line')}`,
        ]
  const rows = report.settings.map(({ key, value, source }) => [key, safe(formatSetting(value)), source])
  return [
    ...team,
    '',
    formatTable(rows, { columns: 200, headings: ['SETTING', 'VALUE', 'FROM'] }).trimEnd(),
  ].join('\n')
}
