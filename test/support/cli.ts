/** Runs the built program as its user does: a process of its own, on a machine, in a folder. */

import path from 'node:path'
import { parseJson } from './json.ts'
import { run } from './run.ts'
import type { Machine } from './sandbox.ts'

/** The program under test. */
export const programFile = path.resolve(import.meta.dirname, '../../../dist/git-teleport.cjs')

export interface CliOptions {
  readonly cwd: string
  readonly stdin?: string
  /** More of the environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Give it a terminal: then stdout holds both streams, with CR LF, and stderr is empty. */
  readonly tty?: boolean
  readonly timeoutMs?: number
}

export interface CliRan {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
  /** stdout, or stderr when stdout is empty, as JSON; throws with both streams when neither is. */
  json(): unknown
}

/** Runs `git-teleport …argv` on `machine`; never throws for a bad exit code. */
export async function cli(machine: Machine, argv: readonly string[], options: CliOptions): Promise<CliRan> {
  const [command, args] = options.tty ? onTerminal(argv) : [process.execPath, [programFile, ...argv]]
  const ran = await run(command, args, {
    cwd: options.cwd,
    env: { ...machine.env, ...options.env },
    ...(options.stdin === undefined ? {} : { stdin: options.stdin }),
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
  })
  const { exitCode, stdout, stderr } = ran
  return { exitCode, stdout, stderr, json: () => jsonOf(argv, stdout, stderr) }
}

/** Runs it and throws, with all it said, unless it ends with 0. */
export async function cliDone(
  machine: Machine,
  argv: readonly string[],
  options: CliOptions,
): Promise<CliRan> {
  const ran = await cli(machine, argv, options)
  if (ran.exitCode === 0) return ran
  throw new Error(
    `git-teleport ${argv.join(' ')} on ${machine.name} ended with ${ran.exitCode}:\n${ran.stdout}${ran.stderr}`,
  )
}

/** util-linux's script lends its child a terminal and hands on the exit code. */
function onTerminal(argv: readonly string[]): readonly [string, readonly string[]] {
  const line = [process.execPath, programFile, ...argv].map(quoted).join(' ')
  return ['script', ['--quiet', '--return', '--command', line, '/dev/null']]
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}

function jsonOf(argv: readonly string[], stdout: string, stderr: string): unknown {
  try {
    return parseJson(stdout.trim() === '' ? stderr : stdout)
  } catch (error) {
    throw new Error(`git-teleport ${argv.join(' ')} printed no JSON:\n${stdout}\n${stderr}`, { cause: error })
  }
}
