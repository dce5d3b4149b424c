/** What `to` and `from` share: their options, and how checks are told. */

import { Option } from 'clipanion'
import type { Checked } from '../core/meet-checks.ts'
import type { JourneyOptions } from '../core/to.ts'
import { TeleportError } from '../errors.ts'
import { remoteOption, TeleportCommand } from './command.ts'
import { safe } from './text.ts'

export abstract class JourneyCommand extends TeleportCommand {
  target = Option.String()
  session = Option.String({ required: false })
  withChanges = Option.Boolean('--with-changes', false, {
    description: 'Take unpushed commits, index and work tree along, and check them out',
  })
  checkout = Option.Boolean('--checkout', false, {
    description: 'Also switch the work tree, which must be clean, to the commit of the session',
  })
  fork = Option.Boolean('--fork', false, { description: 'Restore it under a new id, beside the one there' })
  force = Option.Boolean('--force', false, { description: 'Replace the one there, which goes to the backup' })
  via = Option.String('--via', 'direct', {
    description: "direct (as it is), or remote: through the project's remote",
  })
  trust = Option.Boolean('--trust', false, {
    description: 'Count the device there as one of your own, and let it count this one',
  })
  npx = Option.Boolean('--npx', false, {
    description: 'Where git-teleport is not installed, run it by npx',
  })
  program = Option.String('--program', { description: 'What git-teleport is called there' })
  resume = Option.Boolean('--resume', false, { description: 'Start claude with the session afterwards' })
  dryRun = Option.Boolean('--dry-run', false, { description: 'Check everything, and send nothing' })
  remote = remoteOption()

  protected journey(attended: boolean): JourneyOptions {
    const { target, session, withChanges, checkout, fork, force, trust, npx, program, dryRun } = this
    if (this.via !== 'direct' && this.via !== 'remote')
      throw new TeleportError('usage', '--via is direct or remote')
    return {
      ...{ target, session, withChanges, checkout, fork, force, trust, npx, program, dryRun },
      via: this.via,
      remote: this.remote,
      version: this.context.io.version,
      ask: attended && !this.yes && !this.json,
    }
  }
}

/** One line for each, as `doctor` has it. */
export function describeChecks(checks: readonly Checked[]): readonly string[] {
  const width = Math.max(...checks.map(({ name }) => name.length))
  return checks.map(({ name, level, detail }) => `${level.padEnd(8)} ${name.padEnd(width)}  ${safe(detail)}`)
}

/** As an error is told, for a dry run, which ends well but for its exit code. */
export function problemJson(problem: TeleportError | null): Readonly<Record<string, unknown>> | null {
  return problem && { code: problem.code, message: problem.message, hint: problem.hint ?? null }
}
