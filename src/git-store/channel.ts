/** The ways to another checkout: commands run there, and a repository there as git reaches it. */

import { TeleportError } from '../errors.ts'
import type { Oid } from '../model.ts'
import { type ChannelAnswer, runBounded } from './bounded-run.ts'
import { detachedEnvironment, type Environment, scrubEnvironment } from './environment.ts'
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
  /** The same, handing on what it prints while it does. `stdout` of the answer is empty. */
  follow(argv: readonly string[], write: (text: string) => void): Promise<ChannelAnswer>
  /** A bare repository there, as a remote; `has`: commits that the target says it has. */
  remote(path: string, has: readonly Oid[]): Remote
  /** What to start here so that a program runs in a folder there, with this terminal. */
  interactive(folder: string, argv: readonly string[]): Started
}

export interface Started {
  readonly argv: readonly string[]
  readonly cwd: string
}

export interface ChannelOptions {
  readonly env: Environment
  /** Where git and ssh run. */
  readonly cwd: string
  readonly signal: AbortSignal
  /** What git is told to use in place of `ssh`, in its own order; null: nothing. */
  readonly sshCommand: { readonly command: string; readonly isShell: boolean } | null
}

export function openChannel(target: Target, options: ChannelOptions): Channel {
  const name = targetName(target)
  const start = starter(target, options)
  const answer = async (argv: readonly string[], write?: (text: string) => void) => {
    const { env, signal } = options
    const [program = '', ...args] = start.run(argv)
    const environment = scrubEnvironment(detachedEnvironment(env), { background: false })
    return understood(
      name,
      target,
      await runBounded({ name, program, args, cwd: start.cwd, environment, signal }, write),
    )
  }
  return {
    name,
    run: (argv) => answer(argv),
    follow: answer,
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
