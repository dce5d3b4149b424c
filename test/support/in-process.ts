/** Runs the program inside the test's own process: the same code as the built one, a hundred times cheaper to start. */

import { randomBytes } from 'node:crypto'
import { Readable, Writable } from 'node:stream'
import { run } from '../../src/cmd/cli.ts'
import type { Io } from '../../src/cmd/io.ts'
import { makeWorld } from '../../src/cmd/world.ts'
import type { SystemFacts, World } from '../../src/core/world.ts'
import { parseJson } from './json.ts'
import type { Machine } from './sandbox.ts'

export interface InProcessOptions {
  readonly cwd: string
  readonly stdin?: string | Uint8Array
  /** More of the environment. */
  readonly env?: Readonly<Record<string, string>>
  readonly now?: () => Date
  readonly signal?: AbortSignal
  readonly system?: Partial<SystemFacts>
  /** As if stdout were a terminal, 80 columns wide; its environment should name none that a pager works on. */
  readonly onTerminal?: boolean
}

export interface Told {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
  /** stdout, or stderr when stdout is empty, as JSON. */
  json(): unknown
}

/** `git-teleport …argv` on `machine`, without a terminal. A bug (an error that is no TeleportError) rejects. */
export async function teleport(
  machine: Machine,
  argv: readonly string[],
  options: InProcessOptions,
): Promise<Told> {
  const stdout = sink()
  const stderr = sink()
  const io = ioOf(machine, options, stdout.stream, stderr.stream)
  const exitCode = await run(argv, io)
  const out = stdout.text()
  const err = stderr.text()
  return {
    exitCode,
    stdout: out,
    stderr: err,
    json: () => parseJson(out.trim() === '' ? lastLine(err) : out),
  }
}

/** What a use case gets there when no command stands around it; what it has to say goes nowhere. */
export function worldOf(machine: Machine, options: InProcessOptions): World {
  return makeWorld(ioOf(machine, options, sink().stream, sink().stream), { quiet: true, yes: false })
}

function ioOf(machine: Machine, options: InProcessOptions, stdout: Writable, stderr: Writable): Io {
  return {
    stdin: Readable.from(options.stdin === undefined ? [] : [Buffer.from(options.stdin)]),
    stdout,
    stderr,
    env: { ...machine.env, ...options.env },
    cwd: options.cwd,
    isTerminal: { stdin: false, stdout: options.onTerminal ?? false, stderr: false },
    columns: 80,
    now: options.now ?? (() => new Date()),
    random: (n) => randomBytes(n),
    home: machine.home,
    platform: process.platform,
    hostname: machine.name,
    system: { policyFile: '/nonexistent', policyOwner: null, isPublicHost: () => false, ...options.system },
    signal: options.signal ?? new AbortController().signal,
    pid: process.pid,
    version: '0.0.0-test',
  }
}

/** Warnings go before the one line that is the answer. */
function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? ''
}

/** The same, and throws with all it said unless it ends with 0. */
export async function teleported(
  machine: Machine,
  argv: readonly string[],
  options: InProcessOptions,
): Promise<Told> {
  const told = await teleport(machine, argv, options)
  if (told.exitCode === 0) return told
  throw new Error(
    `git-teleport ${argv.join(' ')} on ${machine.name} ended with ${told.exitCode}:\n${told.stdout}${told.stderr}`,
  )
}

function sink() {
  const chunks: Uint8Array[] = []
  const stream = new Writable({
    write(chunk: Uint8Array, _encoding, done) {
      chunks.push(chunk)
      done()
    },
  })
  return { stream, text: () => Buffer.concat(chunks).toString('utf8') }
}
