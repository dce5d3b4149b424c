/** The ways to another checkout: commands run there, and a repository there as git reaches it. */

import { spawn } from 'node:child_process'
import { TeleportError } from '../errors.ts'
import type { Oid } from '../model.ts'
import { type Environment, scrubEnvironment } from './environment.ts'
import { endWithUs } from './git.ts'
import { showOutside } from './outside-text.ts'
import { type Remote, remoteKey } from './remote.ts'
import { noSuchFolder, noSuchProgram, quoteWord, remoteArguments, remoteLine } from './shell-words.ts'
import { hostAndPort, type SshTarget, type Target, targetName } from './target.ts'

export interface Channel {
  readonly name: string
  /**
   * Runs a program in the target's folder; arguments arrive there as they are. Throws `remote-access` when the target is not
   * reached, `no-repository` for a folder that is not there, `no-program-there`, and `interrupted`.
   */
  run(argv: readonly string[]): Promise<ChannelAnswer>
  /** A bare repository there, as a remote; `has`: commits that the target says it has. */
  remote(path: string, has: readonly Oid[]): Remote
  /** What to start here so that a program runs in a folder there, with this terminal. */
  interactive(folder: string, argv: readonly string[]): Started
}

export interface Started {
  readonly argv: readonly string[]
  readonly cwd: string
}

export interface ChannelAnswer {
  /** 255 when a signal ended it. */
  readonly exitCode: number
  readonly stdout: string
  /** The end of it. */
  readonly stderr: string
}

export interface ChannelOptions {
  readonly env: Environment
  /** Where git and ssh run. */
  readonly cwd: string
  readonly signal: AbortSignal
  /** What git is told to use in place of `ssh`, in its own order; null: nothing. */
  readonly sshCommand: { readonly command: string; readonly isShell: boolean } | null
}

const mostOutput = 16 * 1024 * 1024
const mostErrors = 64 * 1024

export function openChannel(target: Target, options: ChannelOptions): Channel {
  const name = targetName(target)
  const start = starter(target, options)
  return {
    name,
    run: async (argv) =>
      understood(name, target, await runBounded(name, start.run(argv), options, start.cwd)),
    remote: (path, has) => {
      const url = repositoryUrl(target, path)
      const direct = target.kind === 'container' ? { has, allowProtocol: 'ext' } : { has }
      return { name, url, key: remoteKey(url), direct }
    },
    interactive: start.interactive,
  }
}

interface Starter {
  readonly cwd: string
  run(argv: readonly string[]): readonly string[]
  interactive(folder: string, argv: readonly string[]): Started
}

function starter(target: Target, options: ChannelOptions): Starter {
  const { cwd } = options
  switch (target.kind) {
    case 'folder':
      return {
        cwd: target.path,
        run: (argv) => argv,
        interactive: (folder, argv) => ({ argv, cwd: folder }),
      }
    case 'container': {
      const login = target.user === null ? [] : ['--user', target.user]
      const exec = (how: string) => [target.engine, 'exec', how, ...login, target.name]
      return {
        cwd,
        run: (argv) => [...exec('-i'), ...remoteArguments(target.path, argv)],
        interactive: (folder, argv) => ({ argv: [...exec('-it'), ...remoteArguments(folder, argv)], cwd }),
      }
    }
    case 'ssh':
      return {
        cwd,
        run: (argv) => [...ssh(target, options, ['-a', '-T']), remoteLine(target.path, argv)],
        interactive: (folder, argv) => ({
          argv: [...ssh(target, options, ['-t']), remoteLine(folder, argv)],
          cwd,
        }),
      }
  }
}

/** As git starts it, so that both find the same keys: a command of the user's is the shell's to read, its arguments are not. */
function ssh(target: SshTarget, { sshCommand }: ChannelOptions, how: readonly string[]): readonly string[] {
  const port = target.port === null ? [] : ['-p', String(target.port)]
  const login = target.user === null ? target.host : `${target.user}@${target.host}`
  const args = [...how, ...port, login]
  if (sshCommand === null) return ['ssh', ...args]
  const { command, isShell } = sshCommand
  return isShell ? ['sh', '-c', `${command} "$@"`, command, ...args] : [command, ...args]
}

/** What git takes for a repository at `path` there, which is absolute. */
function repositoryUrl(target: Target, path: string): string {
  switch (target.kind) {
    case 'folder':
      return path
    case 'ssh': {
      const login = target.user === null ? '' : `${target.user}@`
      return `ssh://${login}${hostAndPort(target)}${path.split('/').map(encodeURIComponent).join('/')}`
    }
    case 'container': {
      const login = target.user === null ? [] : ['--user', target.user]
      const words = [target.engine, 'exec', '-i', ...login, target.name]
      return `ext::${[...words.map(extWord), '%S', extWord(path)].join(' ')}`
    }
  }
}

/** git splits at blanks that no `%` stands before, and asks no shell. */
function extWord(word: string): string {
  return word.replace(/[% ]/g, '%$&')
}

async function runBounded(
  name: string,
  [program = '', ...args]: readonly string[],
  { env, signal }: ChannelOptions,
  cwd: string,
): Promise<ChannelAnswer> {
  if (signal.aborted) throw interrupted()
  const child = spawn(program, args, {
    cwd,
    env: scrubEnvironment(ofNoSession(env), { background: false }),
    stdio: ['ignore', 'pipe', 'pipe'],
    windowsHide: true,
  })
  endWithUs(child)
  const stdout: Buffer[] = []
  let size = 0
  let stderr = Buffer.alloc(0)
  // What it started may outlive it, and would hold its output open.
  const stop = () => {
    child.kill()
    child.stdout.destroy()
    child.stderr.destroy()
  }
  child.stdout.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > mostOutput) stop()
    else stdout.push(chunk)
  })
  child.stderr.on('data', (chunk: Buffer) => {
    stderr = Buffer.concat([stderr, chunk]).subarray(-mostErrors)
  })
  signal.addEventListener('abort', stop, { once: true })
  const exitCode = await new Promise<number>((resolve, reject) => {
    child.once('error', (cause) =>
      reject(new TeleportError('remote-access', `cannot start ${program} to reach ${name}`, { cause })),
    )
    child.once('close', (code) => resolve(code ?? 255))
  }).finally(() => signal.removeEventListener('abort', stop))
  if (signal.aborted) throw interrupted()
  if (size > mostOutput)
    throw new TeleportError('remote-access', `${name} answers with more than anybody asked for`)
  return { exitCode, stdout: Buffer.concat(stdout).toString(), stderr: stderr.toString() }
}

/** What runs for another checkout does not run inside of the session that this runs in. */
function ofNoSession(env: Environment): Environment {
  const { CLAUDE_CODE_SESSION_ID: _id, ...rest } = env
  return rest
}

function understood(name: string, target: Target, answer: ChannelAnswer): ChannelAnswer {
  if (target.kind === 'folder') return answer
  const { exitCode, stderr } = answer
  const folder = target.path
  if (exitCode === noSuchFolder) {
    throw new TeleportError('no-repository', `there is no folder ${showOutside(folder, 200)} at ${name}`, {
      hint: `clone the project there first: git clone <url> ${quoteWord(folder)}`,
    })
  }
  if (exitCode === noSuchProgram) {
    throw new TeleportError(
      'no-program-there',
      `git-teleport is not installed at ${name}, or not where a plain command finds it`,
      {
        hint: 'install it there, or run it by --npx, or say where it is: --program <path>',
      },
    )
  }
  const started = exitCode !== 255 && !(target.kind === 'container' && exitCode > 124 && exitCode < 128)
  if (started) return answer
  const said = showOutside(stderr)
  throw new TeleportError('remote-access', `${name} cannot be reached${said === '' ? '' : `: ${said}`}`, {
    hint: target.kind === 'ssh' ? `ssh ${target.host} true` : `${target.engine} ps`,
    data: { exitCode },
  })
}

function interrupted(): TeleportError {
  return new TeleportError('interrupted', 'interrupted; nothing was left half-done')
}
