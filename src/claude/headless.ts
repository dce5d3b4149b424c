/** The client without a terminal: where it is, how it is called, how it is ended. */

import { type ChildProcess, spawn } from 'node:child_process'
import { access, constants, type FileHandle, open, readdir, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { errnoOf, fileError, TeleportError } from '../errors.ts'
import { hasEnded, isRunning } from './process-start.ts'

/**
 * Absolute path of `claude` on PATH, or where its installers put it for shells alone. Throws `no-agent`.
 */
export async function findClient(
  env: Readonly<Record<string, string | undefined>>,
  home: string,
): Promise<string> {
  const own = [path.join(home, '.local', 'bin'), path.join(home, '.claude', 'local')]
  const listed = (env['PATH'] ?? '').split(path.delimiter).filter((folder) => path.isAbsolute(folder))
  const folders = [...listed, ...own]
  const names = process.platform === 'win32' ? ['claude.exe', 'claude.cmd'] : ['claude']
  for (const folder of folders) {
    for (const name of names) {
      const file = path.join(folder, name)
      if (await isProgram(file)) return file
    }
  }
  throw new TeleportError('no-agent', 'claude is not on the PATH', {
    hint: 'install Claude Code: https://code.claude.com/docs/en/setup',
  })
}

async function isProgram(file: string): Promise<boolean> {
  const found = await stat(file).catch(() => undefined)
  if (!found?.isFile()) return false
  return access(file, constants.X_OK).then(
    () => true,
    () => false,
  )
}

export interface HeadlessStart {
  readonly program: string
  readonly session: string
  /** The session has a conversation already. */
  readonly resumes: boolean
  /** Options with their values. */
  readonly options: readonly (readonly [string, string])[]
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly prompt: string
  /** Files that take its two streams, straight from the client, so that it needs nobody to go on. */
  readonly stdout: string
  readonly stderr: string
}

export interface Headless {
  readonly pid: number
  /** One of the two says how it ended. */
  readonly ended: Promise<{ readonly exitCode: number | null; readonly signal: string | null }>
}

/**
 * Starts the client as the leader of a group of its own. The prompt goes through stdin: not for everybody to see in the
 * list of processes, of any length, and never an option. Throws `failed` when it cannot be started.
 */
export async function startHeadless(start: HeadlessStart): Promise<Headless> {
  const { program, session, resumes, options, cwd, env, prompt } = start
  const args = headlessArguments(session, resumes, options)
  const stdout = await openForAppending(start.stdout)
  const stderr = await openForAppending(start.stderr)
  try {
    const child = spawnLeader(program, args, { cwd, env, stdio: ['pipe', stdout.fd, stderr.fd] })
    // Listened to from the first moment: it may end before anybody else does anything.
    const ended = new Promise<Awaited<Headless['ended']>>((resolve) => {
      child.once('close', (exitCode, signal) => resolve({ exitCode, signal }))
    })
    // One that ends without reading tells why by its exit code.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(prompt)
    return { pid: await spawned(child, program), ended }
  } finally {
    await Promise.all([stdout.close(), stderr.close()])
  }
}

/** As the leader of a group of its own, which our terminal does not end. */
function spawnLeader(
  program: string,
  args: readonly string[],
  {
    cwd,
    env,
    stdio,
  }: Pick<HeadlessStart, 'cwd' | 'env'> & { readonly stdio: ['pipe' | 'ignore', number, number] },
): ChildProcess {
  return spawn(program, args, { cwd, env: { ...env }, stdio, detached: true, windowsHide: true })
}

async function spawned(child: ChildProcess, program: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', reject)
  }).catch((error: unknown) => {
    throw fileError(error, `starting ${program}`)
  })
  return child.pid ?? 0
}

/** For its owner alone. */
async function openForAppending(file: string): Promise<FileHandle> {
  return open(file, 'a', 0o600).catch((error: unknown) => {
    throw fileError(error, `writing ${file}`)
  })
}

/** Starts a program that outlives us and our terminal. Resolves once it runs; throws `failed` when it cannot be started. */
export async function startDetached(
  command: readonly string[],
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>>; readonly output: string },
): Promise<number> {
  const [program = '', ...args] = command
  const { cwd, env } = options
  const output = await openForAppending(options.output)
  try {
    const child = spawnLeader(program, args, { cwd, env, stdio: ['ignore', output.fd, output.fd] })
    const pid = await spawned(child, program)
    child.unref()
    return pid
  } finally {
    await output.close()
  }
}

/** Pure. */
export function headlessArguments(
  session: string,
  resumes: boolean,
  options: readonly (readonly [string, string])[],
): readonly string[] {
  const stream = ['--output-format', 'stream-json', '--verbose']
  // Joined, so that no value is taken for an option.
  const given = options.map(([name, value]) => `${name}=${value}`)
  return ['-p', resumes ? '--resume' : '--session-id', session, ...stream, ...given]
}

const lookEveryMs = 50

/**
 * Asks a client's group to end, and after `limitMs` ends it with everything that it started, which has groups of its
 * own. Returns whether it had to be forced.
 */
export async function endClient(pid: number, limitMs: number): Promise<boolean> {
  signalGroup(pid, 'SIGTERM')
  const deadline = performance.now() + limitMs
  while (performance.now() < deadline) {
    if (!isRunning(pid) || (await hasEnded(pid))) return false
    await setTimeout(lookEveryMs)
  }
  const started = await descendants(pid)
  signalGroup(pid, 'SIGKILL')
  for (const each of started) signal(each, 'SIGKILL')
  return true
}

function signalGroup(pid: number, name: NodeJS.Signals): void {
  signal(process.platform === 'win32' ? pid : -pid, name)
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error
  }
}

/** Linux: every process below `pid`. Elsewhere nobody can tell, and only the group is ended. */
async function descendants(pid: number): Promise<readonly number[]> {
  const names = await readdir('/proc').catch(() => [])
  const parents = new Map<number, number>()
  for (const name of names.filter((each) => /^\d+$/.test(each))) {
    const text = await readFile(`/proc/${name}/stat`, 'latin1').catch(() => '')
    const parent = Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1])
    if (Number.isSafeInteger(parent)) parents.set(Number(name), parent)
  }
  const found = [pid]
  for (const each of found) for (const [child, parent] of parents) if (parent === each) found.push(child)
  return found.slice(1)
}
