/** A small world for one test: machines with homes of their own, bare remotes, checkouts; gone at the end. */

import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { type Ran, type RunOptions, run } from './run.ts'

export interface Machine {
  readonly name: string
  /** The machine's own folder; everything of it lies below. */
  readonly folder: string
  readonly home: string
  /** Claude Code's configuration folder, `<home>/.claude`; not created. */
  readonly config: string
  /** The whole environment of this machine's programs: nothing comes from outside but PATH. */
  readonly env: Readonly<Record<string, string>>
  /** Runs a program to its end, in `home` unless told. */
  run(command: string, args: readonly string[], options?: Partial<RunOptions>): Promise<Ran>
  /** Runs git in `cwd` and returns its output without the last newline; throws when git fails. */
  git(cwd: string, ...args: string[]): Promise<string>
}

export interface Sandbox {
  /** Real path, short: sockets lie below it. */
  readonly folder: string
  /** Makes a machine: own HOME, XDG folders, TMPDIR and git identity `<name>@example.org`. */
  machine(name: string): Promise<Machine>
  /** Makes an empty bare repository and returns its path. */
  bareRemote(name?: string, format?: 'sha1' | 'sha256'): Promise<string>
  remove(): Promise<void>
}

interface Teardown {
  teardown(work: () => Promise<void>): void
}

/** Makes a sandbox that is removed when the test `t` ends. */
export async function makeSandbox(t: Teardown): Promise<Sandbox> {
  const folder = await realpath(await mkdtemp(path.join(os.tmpdir(), 'gt-')))
  const remove = () => rm(folder, { recursive: true, force: true, maxRetries: 5 })
  t.teardown(remove)
  return {
    folder,
    remove,
    machine: (name) => makeMachine(folder, name),
    bareRemote: async (name = 'remote', format = 'sha1') => {
      const bare = path.join(folder, `${name}.git`)
      const owner = { cwd: folder, env: environmentOf(folder) }
      const args = ['init', '--quiet', '--bare', '--initial-branch=main', `--object-format=${format}`, bare]
      must(await run('git', args, owner), 'git init')
      if (format === 'sha256') await makeFirstCommit(bare, owner)
      return bare
    },
  }
}

/** git 2.39 does not take the object format over from an empty repository that it clones. */
async function makeFirstCommit(bare: string, owner: Parameters<typeof run>[2]): Promise<void> {
  const person = {
    GIT_AUTHOR_NAME: 'a',
    GIT_AUTHOR_EMAIL: 'a',
    GIT_COMMITTER_NAME: 'a',
    GIT_COMMITTER_EMAIL: 'a',
  }
  const options = { ...owner, env: { ...owner.env, ...person } }
  const inBare = async (...args: readonly string[]) =>
    must(await run('git', ['-C', bare, ...args], options), `git ${args[0]}`).stdout.trimEnd()
  const tree = await inBare('hash-object', '-w', '-t', 'tree', '/dev/null')
  await inBare('update-ref', 'refs/heads/main', await inBare('commit-tree', '-m', 'first', tree))
}

/** Clones `remote` to `<home>/<where>`; an empty remote first gets a commit, so that HEAD has a root. */
export async function checkout(machine: Machine, remote: string, where: string): Promise<string> {
  const top = path.join(machine.home, where)
  await mkdir(path.dirname(top), { recursive: true })
  await machine.git(machine.home, 'clone', '--quiet', remote, top)
  const born = await machine.run('git', ['rev-parse', '--verify', '--quiet', 'HEAD'], { cwd: top })
  if (born.exitCode === 0) return top
  await writeFile(path.join(top, 'README.md'), '# A project\n')
  await machine.git(top, 'add', 'README.md')
  await machine.git(top, 'commit', '--quiet', '--message', 'start')
  await machine.git(top, 'push', '--quiet', 'origin', 'HEAD')
  return top
}

async function makeMachine(sandbox: string, name: string): Promise<Machine> {
  const folder = path.join(sandbox, name)
  const home = path.join(folder, 'home')
  const env = environmentOf(folder)
  await mkdir(home, { recursive: true })
  await mkdir(path.join(folder, 'tmp'))
  await writeFile(
    path.join(home, '.gitconfig'),
    `[user]\n\tname = ${name}\n\temail = ${name}@example.org\n[init]\n\tdefaultBranch = main\n[advice]\n\tdetachedHead = false\n`,
  )
  const start: Machine['run'] = (command, args, options = {}) =>
    run(command, args, { cwd: home, ...options, env: { ...env, ...options.env } })
  return {
    name,
    folder,
    home,
    config: path.join(home, '.claude'),
    env,
    run: start,
    git: async (cwd, ...args) =>
      must(await start('git', args, { cwd }), `git ${args.join(' ')}`).stdout.trimEnd(),
  }
}

function environmentOf(folder: string): Record<string, string> {
  const home = path.join(folder, 'home')
  return {
    HOME: home,
    XDG_CONFIG_HOME: path.join(home, '.config'),
    XDG_CACHE_HOME: path.join(home, '.cache'),
    XDG_DATA_HOME: path.join(home, '.local/share'),
    XDG_STATE_HOME: path.join(home, '.local/state'),
    TMPDIR: path.join(folder, 'tmp'),
    PATH: process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
    LANG: 'C.UTF-8',
    TZ: 'UTC',
    TERM: 'dumb',
    GIT_CONFIG_NOSYSTEM: '1',
  }
}

/** Returns `ran` when it ended well; throws with all it said otherwise. */
export function must(ran: Ran, what: string): Ran {
  if (ran.exitCode === 0) return ran
  throw new Error(`${what} ended with ${ran.exitCode ?? ran.signal}:\n${ran.stdout}${ran.stderr}`)
}
