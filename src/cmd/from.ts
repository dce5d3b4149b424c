/** `git teleport from` */

import { Command, Option } from 'clipanion'
import { bringFrom } from '../core/from.ts'
import type { World } from '../core/world.ts'
import type { Outcome } from './command.ts'
import { describeChecks, JourneyCommand, problemJson } from './journey-options.ts'
import { describePull, mayStart, startClaude } from './pull.ts'
import { refuseResume } from './start-client.ts'
import { safe } from './text.ts'

export class FromCommand extends JourneyCommand {
  static override paths = [['from']]
  static override usage = Command.Usage({
    category: 'Move a session',
    description: 'Bring a session back from another machine, container or work tree',
    details: `
      The way back of \`to\`, with the same targets and checks: git-teleport there sends the session (without an id: the
      newest of that work tree), and it is restored here as by a pull: brought up to date, or refused with exit code 5
      where it went on in both places.
    `,
    examples: [
      ['Bring back what went on there', 'git teleport from ssh://build.example.org/home/ada/orchard'],
      ['With the commits and changes made there', 'git teleport from build:work/orchard --with-changes'],
      ['Look first', 'git teleport from docker://orchard-dev/workspaces/orchard --dry-run'],
    ],
  })

  deep = Option.Boolean('--deep', false, {
    description: 'Relocate paths in the conversation too; drops earlier thinking',
  })
  restoreEnv = Option.Boolean('--restore-env', false, {
    description: 'Also write session-env and shell snapshots: scripts that Claude Code runs',
  })

  async run(world: World): Promise<Outcome> {
    const { io } = this.context
    if (this.resume) refuseResume(io, this.json || this.dryRun, 'the command')
    const { deep, restoreEnv } = this
    const result = await bringFrom(world, { ...this.journey(false), deep, restoreEnv })
    const { problem, pulled, ...told } = result
    if (pulled === null) {
      const plan = problem
        ? `would not bring it: ${safe(problem.message)}`
        : `would bring ${this.session ?? 'the newest session'} from ${safe(told.target.name)}`
      const hint = problem?.hint === undefined ? [] : [`  ${safe(problem.hint)}`]
      const text = [...describeChecks(told.checks), '', plan, ...hint].join('\n')
      return {
        json: { ...told, problem: problemJson(problem), pulled: null, dryRun: true },
        text,
        exitCode: problem?.exitCode ?? 0,
      }
    }
    const text = describePull(pulled, world, false)
    if (!this.resume) return { json: { ...told, problem: null, pulled, dryRun: false }, text }
    io.stderr.write(`${text}\n`)
    if (!(await mayStart(world, pulled))) return { json: {}, text: '' }
    return { json: {}, text: '', exitCode: await startClaude(pulled, io) }
  }
}
