/** What every command shares: the common options, the two ways to print, and how an error leaves the program. */

import { type BaseContext, Command, Option } from 'clipanion'
import type { World } from '../core/world.ts'
import { exitCodes, interruption, TeleportError } from '../errors.ts'
import type { Io } from './io.ts'
import { withOutput } from './pager.ts'
import { reportError } from './report-error.ts'
import { makeWorld } from './world.ts'

export interface Context extends BaseContext {
  readonly io: Io
  /** The command line as it was typed. */
  readonly argv: readonly string[]
  /** Takes what is a defect of ours: clipanion would print what is thrown at it, on stdout. */
  readonly onDefect: (error: unknown) => void
  /** Runs another command line, as if it had been typed. */
  readonly runLine: (argv: readonly string[], io: Io) => Promise<number>
}

/** What a command found out: printed as JSON with `--json`, else as text. */
export interface Outcome {
  readonly json: Readonly<Record<string, unknown>>
  /** Without the final line feed; empty prints nothing. */
  readonly text: string
  /** Only for commands whose answer may be a no; default 0. */
  readonly exitCode?: number
  /** Being interrupted is how the command ends, not how it fails. */
  readonly untilInterrupted?: boolean
}

export abstract class TeleportCommand extends Command<Context> {
  json = Option.Boolean('--json', false, { description: 'Print one JSON document instead of text' })
  quiet = Option.Boolean('-q,--quiet', false, { description: 'Print no progress and no warnings' })
  yes = Option.Boolean('-y,--yes', false, { description: 'Answer every question with yes' })

  plain = Option.Boolean('--no-interactive', false, {
    description: 'Choose from a numbered list instead of a picker',
  })

  abstract run(world: World): Promise<Outcome>

  override async execute(): Promise<number> {
    const { io } = this.context
    const world = makeWorld(io, { quiet: this.quiet, yes: this.yes, plain: this.plain })
    try {
      const outcome = await this.run(world)
      world.progress.done()
      if (io.signal.aborted && !outcome.untilInterrupted) throw interruption()
      await this.print(outcome, world)
      return outcome.exitCode ?? 0
    } catch (error) {
      world.progress.done()
      if (!(error instanceof TeleportError)) {
        this.context.onDefect(error)
        return exitCodes.bug
      }
      return reportError(io, io.signal.aborted ? interruption() : error, this.json)
    }
  }

  protected async print(outcome: Outcome, _world: World): Promise<void> {
    const { stdout } = this.context.io
    if (this.json) stdout.write(`${JSON.stringify({ version: 1, ...outcome.json })}\n`)
    else if (outcome.text !== '') stdout.write(`${outcome.text}\n`)
  }
}

/** Those whose answer may be longer than a screen. */
export abstract class PagedCommand extends TeleportCommand {
  noPager = Option.Boolean('--no-pager', false, { description: 'Print straight to the terminal' })

  protected override async print(outcome: Outcome, world: World): Promise<void> {
    if (this.json || outcome.text === '') return super.print(outcome, world)
    await withOutput(this.context.io, world, !this.noPager, ({ write }) => write(`${outcome.text}\n`))
  }
}

/** `--remote`, for the commands that talk to one. */
export function remoteOption(): string | undefined {
  return Option.String('--remote', { description: 'The remote to use instead of the configured one' })
}

/** `--trust-policy`, for the commands that may see a team for the first time. */
export function trustPolicyOption(): string | undefined {
  return Option.String('--trust-policy', {
    description: 'Accept the team as of this commit without being asked',
  })
}
