/** Runs git. The only file that starts processes, but for the long-lived reader in cat-file.ts. */

import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import { errnoOf, stopIfInterrupted, TeleportError } from '../errors.ts'
import type { Turn } from '../model.ts'
import { showOutside } from './outside-text.ts'

/** Where a git command runs and with what environment. Nothing of our own environment is added. */
export interface GitContext {
  readonly cwd: string
  readonly environment: Readonly<Record<string, string>>
  /** Ends what may wait for others, such as transport; questions are short. */
  readonly signal?: AbortSignal | undefined
  /** Of the terminal, for what may ask on it: transport. */
  readonly turn?: Turn | undefined
}

export interface GitAnswer {
  /** 255 when a signal ended git. */
  readonly exitCode: number
  readonly stdout: Buffer
  readonly stderr: string
}

/**
 * Asks git something short, or lets it do what every push, pull and list does: transport and reference transactions.
 * Without execa, whose import and first call cost 25 ms, more than all questions together. Throws `no-git`, and
 * `interrupted` when the context has a signal that is given.
 */
export async function askGit(
  context: GitContext,
  args: readonly string[],
  input?: Uint8Array | string,
): Promise<GitAnswer> {
  const { turn } = context
  return turn ? turn(() => askNow(context, args, input)) : askNow(context, args, input)
}

async function askNow(
  context: GitContext,
  args: readonly string[],
  input: Uint8Array | string | undefined,
): Promise<GitAnswer> {
  const child = spawn('git', args, {
    cwd: context.cwd,
    env: { ...context.environment },
    windowsHide: true,
  })
  endWithUs(child)
  leaveOthersBehind(child)
  // One that ends without reading tells why by its exit code.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  const exitCode = await endedOrInterrupted(child, context)
  return { exitCode, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() }
}

/** Throws `interrupted` as soon as the context's signal says so. */
async function endedOrInterrupted(child: ChildProcess, context: GitContext): Promise<number> {
  const { signal } = context
  const stop = () => {
    child.kill()
    // Helpers of git's outlive it while they wait for the network, and hold its output open.
    child.stdout?.destroy()
    child.stderr?.destroy()
  }
  if (signal?.aborted) stop()
  signal?.addEventListener('abort', stop, { once: true })
  const exitCode = await ended(child, context).finally(() => signal?.removeEventListener('abort', stop))
  stopIfInterrupted(signal)
  return exitCode
}

/** What `second` makes of what `first` prints, which may be large. The exit code is that of the first that failed. */
export async function pipeGit(
  context: GitContext,
  first: readonly string[],
  second: readonly string[],
  input: string,
): Promise<GitAnswer> {
  const { cwd } = context
  const options = { cwd, env: { ...context.environment }, windowsHide: true }
  const source = spawn('git', first, { ...options, stdio: ['pipe', 'pipe', 'ignore'] })
  const sink = spawn('git', second, { ...options, stdio: ['pipe', 'pipe', 'ignore'] })
  for (const child of [source, sink]) {
    endWithUs(child)
    child.stdin.on('error', () => undefined)
  }
  source.stdin.end(input)
  source.stdout.pipe(sink.stdin)
  const stdout: Buffer[] = []
  sink.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  const [before, after] = await Promise.all([ended(source, context), ended(sink, context)])
  return { exitCode: before === 0 ? after : before, stdout: Buffer.concat(stdout), stderr: '' }
}

const running = new Set<ChildProcess>()
const killRunning = () => {
  for (const child of running) child.kill()
}

const lastWordsMs = 1000

/** What ssh leaves running, such as a connection for others to share, may hold stderr open: it is not waited for. */
export function leaveOthersBehind(child: ChildProcess): void {
  child.once('exit', () => {
    const timer = setTimeout(() => child.stderr?.destroy(), lastWordsMs)
    child.once('close', () => clearTimeout(timer))
  })
}

/** However our process ends, but for a signal that nobody can catch. */
export function endWithUs(child: ChildProcess): void {
  if (running.size === 0) process.on('exit', killRunning)
  running.add(child)
  child.once('close', () => {
    running.delete(child)
    if (running.size === 0) process.off('exit', killRunning)
  })
}

/**
 * Lets git do what is rare: housekeeping. It ends with our own process.
 * Prompts reach the user through the terminal, not through stdin. Throws `no-git`.
 */
export async function runGit(
  context: GitContext,
  args: readonly string[],
  input?: Uint8Array | string,
): Promise<GitAnswer> {
  const { execa } = await import('execa')
  const result = await execa('git', args, {
    cwd: context.cwd,
    env: context.environment,
    extendEnv: false,
    encoding: 'buffer',
    stripFinalNewline: false,
    reject: false,
    ...(input === undefined ? { stdin: 'ignore' as const } : { input }),
  })
  if (result.code !== undefined && result.exitCode === undefined && result.signal === undefined) {
    throw spawnError(result.cause ?? result, context)
  }
  return {
    exitCode: result.exitCode ?? 255,
    stdout: Buffer.from(result.stdout),
    stderr: Buffer.from(result.stderr).toString(),
  }
}

/** Lets git read `source` to its end. Throws `git-failed` unless it exits with 0. */
export async function feedGit(
  context: GitContext,
  args: readonly string[],
  source: AsyncIterable<Uint8Array>,
): Promise<Buffer> {
  const child = spawn('git', args, { cwd: context.cwd, env: { ...context.environment }, windowsHide: true })
  endWithUs(child)
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  const end = endedOrInterrupted(child, context)
  // One that ends without reading tells why by its exit code; a source that fails ends git.
  const fed = pipeline(source, child.stdin).catch((error: unknown) => {
    if (errnoOf(error) !== 'EPIPE' && errnoOf(error) !== 'ERR_STREAM_PREMATURE_CLOSE') {
      child.kill()
      throw error
    }
  })
  const [exitCode] = await Promise.all([end, fed])
  const answer = { exitCode, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() }
  if (exitCode !== 0) throw gitFailed(args, answer)
  return answer.stdout
}

/** Streams what git prints. Ends git when the reader stops early. `onFailure` makes the error of a bad exit. */
export async function* streamGit(
  context: GitContext,
  args: readonly string[],
  onFailure: (answer: GitAnswer) => Error,
): AsyncIterable<Uint8Array> {
  const child = spawn('git', args, {
    cwd: context.cwd,
    env: { ...context.environment },
    stdio: ['ignore', 'pipe', 'ignore'],
    windowsHide: true,
  })
  const end = ended(child, context)
  // Seen below; a reader that stops early never looks at it.
  end.catch(() => undefined)
  try {
    yield* child.stdout
    const exitCode = await end
    if (exitCode !== 0) throw onFailure({ exitCode, stdout: Buffer.alloc(0), stderr: '' })
  } finally {
    if (child.exitCode === null) child.kill()
  }
}

/** Runs git and throws `git-failed` unless it exits with 0. */
export async function mustRunGit(
  context: GitContext,
  args: readonly string[],
  input?: Uint8Array | string,
): Promise<Buffer> {
  const answer = await runGit(context, args, input)
  if (answer.exitCode !== 0) throw gitFailed(args, answer)
  return answer.stdout
}

/** As `mustRunGit`, for questions. */
export async function mustAskGit(
  context: GitContext,
  args: readonly string[],
  input?: Uint8Array | string,
): Promise<Buffer> {
  const answer = await askGit(context, args, input)
  if (answer.exitCode !== 0) throw gitFailed(args, answer)
  return answer.stdout
}

/** `git-failed`, showing what git said without reading anything into it. */
export function gitFailed(args: readonly string[], answer: GitAnswer, hint?: string): TeleportError {
  const said = showOutside(answer.stderr)
  return new TeleportError('git-failed', `git ${args[0]} failed${said === '' ? '' : `: ${said}`}`, {
    data: { exitCode: answer.exitCode },
    ...(hint === undefined ? {} : { hint }),
  })
}

/** The exit code of `child` once its output is closed. */
export function ended(child: ChildProcess, context: GitContext): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(spawnError(error, context)))
    child.once('close', (code) => resolve(code ?? 255))
  })
}

function spawnError(error: unknown, context: GitContext): TeleportError {
  // A missing folder and a missing program give the same ENOENT.
  if (!existsSync(context.cwd)) {
    return new TeleportError('no-repository', `the folder ${context.cwd} does not exist`, { cause: error })
  }
  const missing = errnoOf(error) === 'ENOENT'
  return new TeleportError('no-git', missing ? 'git is not installed' : 'git cannot be started', {
    hint: 'install git 2.34 or newer: https://git-scm.com/downloads',
    cause: error,
  })
}
