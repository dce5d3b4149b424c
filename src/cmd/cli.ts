/** From the command line to a command. */

import { Builtins, Cli, type CommandClass } from 'clipanion'
import { nearest } from '../core/nearest.ts'
import { exitCodes, TeleportError } from '../errors.ts'
import { AttachCommand } from './attach.ts'
import { AuditCommand } from './audit.ts'
import { AutoCommand } from './auto.ts'
import { BlameCommand } from './blame.ts'
import type { Context } from './command.ts'
import { CompletionCommand } from './completion.ts'
import { ConfigCommand } from './config.ts'
import { DemoCommand } from './demo.ts'
import { DetachCommand } from './detach.ts'
import * as direct from './direct.ts'
import { DoctorCommand } from './doctor.ts'
import { ExpireCommand } from './expire.ts'
import { ExportCommand } from './export.ts'
import { FetchCommand } from './fetch.ts'
import { FromCommand } from './from.ts'
import * as hook from './hook.ts'
import { HookClaudeCommand } from './hook-claude.ts'
import { ImportCommand } from './import.ts'
import { InitCommand } from './init.ts'
import type { Io } from './io.ts'
import * as key from './key.ts'
import { ListCommand } from './list.ts'
import { LogCommand } from './log.ts'
import { LogsCommand } from './logs.ts'
import * as member from './member.ts'
import { PolicyCommand } from './policy.ts'
import { PruneCommand } from './prune.ts'
import { PsCommand } from './ps.ts'
import { PullCommand } from './pull.ts'
import { PushCommand } from './push.ts'
import { reportError } from './report-error.ts'
import { ReviewCommand } from './review.ts'
import { RewrapCommand } from './rewrap.ts'
import { RmCommand } from './rm.ts'
import { RunCommand } from './run.ts'
import { ScanCommand } from './scan.ts'
import { SearchCommand } from './search.ts'
import { ShowCommand } from './show.ts'
import { StatusCommand } from './status.ts'
import { StopCommand } from './stop.ts'
import { safe } from './text.ts'
import { ToCommand } from './to.ts'
import { UndoCommand } from './undo.ts'
import { UninstallCommand } from './uninstall.ts'
import { WebCommand } from './web.ts'

/**
 * Every verb and its commands. One import for all of them: files that are loaded one by one would share thirty small
 * pieces, and finding those costs more than reading everything.
 */
const verbs: Readonly<Record<string, readonly CommandClass<Context>[]>> = {
  init: [InitCommand],
  push: [PushCommand],
  pull: [PullCommand],
  to: [ToCommand],
  from: [FromCommand],
  fetch: [FetchCommand],
  list: [ListCommand],
  show: [ShowCommand],
  search: [SearchCommand],
  web: [WebCommand],
  status: [StatusCommand],
  scan: [ScanCommand],
  run: [RunCommand],
  ps: [PsCommand],
  logs: [LogsCommand],
  stop: [StopCommand],
  log: [LogCommand],
  blame: [BlameCommand],
  review: [ReviewCommand],
  attach: [AttachCommand],
  detach: [DetachCommand],
  rm: [RmCommand],
  expire: [ExpireCommand],
  hook: [
    hook.HookInstallCommand,
    hook.HookUninstallCommand,
    hook.HookStatusCommand,
    hook.HookRunCommand,
    hook.HookSuperviseCommand,
    HookClaudeCommand,
  ],
  auto: [AutoCommand],
  config: [ConfigCommand],
  key: Object.values(key),
  rewrap: [RewrapCommand],
  audit: [AuditCommand],
  member: Object.values(member),
  policy: [PolicyCommand],
  export: [ExportCommand],
  import: [ImportCommand],
  doctor: [DoctorCommand],
  prune: [PruneCommand],
  undo: [UndoCommand],
  completion: [CompletionCommand],
  uninstall: [UninstallCommand],
  demo: [DemoCommand],
}

/** What only other programs start, in no list and with no help. */
const hiddenVerbs: typeof verbs = { direct: Object.values(direct) }

/** Runs one command line and returns its exit code; throws only what is a bug. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const color = io.isTerminal.stdout && !io.env['NO_COLOR']
  const cli = new Cli<Context>({
    binaryLabel: 'git-teleport',
    binaryName: 'git-teleport',
    binaryVersion: io.version,
    enableCapture: false,
    enableColors: color,
  })
  const usageOf = cli.usage.bind(cli)
  cli.usage = (...what) => namedValues(usageOf(...what))
  for (const command of commandsFor(argv)) cli.register(command)
  cli.register(Builtins.HelpCommand)
  const defects: unknown[] = []
  const context: Context = {
    io,
    argv,
    onDefect: (error) => defects.push(error),
    runLine: run,
    env: { ...io.env },
    stdin: io.stdin,
    stdout: io.stdout,
    stderr: io.stderr,
    colorDepth: color ? 4 : 1,
  }
  if (argv.length === 0) {
    io.stderr.write(cli.usage(null))
    return exitCodes.usage
  }
  try {
    const command = cli.process([...argv], context)
    const exitCode = await cli.run(command, context)
    if (defects.length > 0) throw defects[0]
    return exitCode
  } catch (error) {
    if (isUsageError(error)) return reportError(io, usage(error, argv), argv.includes('--json'))
    throw error
  }
}

/** The verb's own; all of them for a list of commands or a verb that there is not. */
function commandsFor(argv: readonly string[]): readonly CommandClass<Context>[] {
  const [verb = ''] = argv
  const all = { ...verbs, ...hiddenVerbs }
  const own = Object.hasOwn(all, verb) ? all[verb] : undefined
  return own ?? allCommands()
}

/** Those that people type: what only a hook starts has no help. */
export function allCommands(): readonly CommandClass<Context>[] {
  return Object.values(verbs)
    .flat()
    .filter((command) => command.usage !== undefined)
}

/** clipanion calls the value of an option `#0`. As wide as before, since columns were counted with it. */
function namedValues(help: string): string {
  return help.replace(/ #\d(?=\])/g, ' …').replace(/ #\d/g, ' … ')
}

/** Each of clipanion's errors for a line that fits no command carries this mark, and nothing else does. */
function isUsageError(error: unknown): error is Error {
  return error instanceof Error && 'clipanion' in error
}

function usage(error: Error, argv: readonly string[]): TeleportError {
  const [verb = ''] = argv
  const known = Object.hasOwn({ ...verbs, ...hiddenVerbs }, verb)
  const [first = ''] = error.message.replace(/^Unknown Syntax Error: /, '').split('\n')
  const message = known ? reason(verb, first) : `there is no command "${verb.slice(0, 40)}"`
  const near = known ? undefined : nearest(verb, Object.keys(verbs))
  const hint = near === undefined ? `git-teleport ${known ? `${verb} ` : ''}--help` : `git teleport ${near}`
  return new TeleportError('usage', safe(message), { hint })
}

/** With several reasons clipanion says only that there is no such command, which is not so. */
function reason(verb: string, told: string): string {
  if (/^Command not found/.test(told)) return `${verb} does not take these arguments`
  return told.charAt(0).toLowerCase() + told.slice(1).replace(/\.$/, '')
}

export const verbNames: readonly string[] = Object.keys(verbs)
