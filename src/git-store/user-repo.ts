/** Everything that is asked of the user's repository. Reads only, takes no lock, leaves no trace there. */

import { TeleportError } from '../errors.ts'
import { isOid, type Oid, type Turn } from '../model.ts'
import { type Environment, scrubEnvironment } from './environment.ts'
import { askGit, type GitAnswer, type GitContext, gitFailed, mustAskGit } from './git.ts'
import { showOutside } from './outside-text.ts'
import { findRoots } from './root-commits.ts'

export interface UserRepo {
  /** Top of the work tree: cwd of every git command, since relative remote URLs hang on it. */
  readonly top: string
  /** The git directory that all linked worktrees share; the store lies in it. */
  readonly commonDir: string
  readonly gitDir: string
  readonly objectFormat: 'sha1' | 'sha256'
  /** `null` while the branch has no commit. */
  readonly head: Oid | null
  /** Of `head`. */
  readonly headTree: Oid | null
  /** Short name; `null` when HEAD is detached. */
  readonly branch: string | null
  readonly shallow: boolean
  readonly environment: Record<string, string>
  /** Interrupts what goes on with its remotes. */
  readonly signal?: AbortSignal | undefined
  /** What goes on with its remotes may ask on a terminal, where there is one. */
  readonly turn?: Turn | undefined
  /** Name of the private store in `commonDir`, where it is another one than the command line's. */
  readonly storeName?: string | undefined
}

const oldestGit = [2, 34] as const

/** Three processes side by side. Throws `no-git` (also: too old) and `no-repository` (also: bare). */
export async function openUserRepo(
  cwd: string,
  env: Environment,
  options: {
    readonly background?: boolean
    readonly signal?: AbortSignal | undefined
    readonly turn?: Turn | undefined
    readonly storeName?: string | undefined
  } = {},
): Promise<UserRepo> {
  const environment = scrubEnvironment(env, { background: options.background ?? false })
  const context = { cwd, environment }
  // Nearly every command wants the configuration. One that fails says so when it is asked for.
  const config = readConfig(context)
  config.catch(() => undefined)
  const [version, answer] = await Promise.all([
    askGit(context, ['version']),
    askGit(context, ['rev-parse', ...questions]),
  ])
  requireVersion(version)
  const { signal, turn, storeName } = options
  const repo = { ...(await parseAnswers(cwd, environment, answer)), signal, turn, storeName }
  knownConfig.set(repo, config)
  return repo
}

// The order matters: git answers one after the other and stops at the first that it cannot.
const questions = [
  '--is-inside-work-tree',
  '--is-shallow-repository',
  '--show-object-format',
  '--path-format=absolute',
  '--git-dir',
  '--git-common-dir',
  '--show-toplevel',
  'HEAD',
  'HEAD^{tree}',
  '--symbolic-full-name',
  'HEAD',
]

function requireVersion(answer: GitAnswer): void {
  const [, major = '0', minor = '0'] = /(\d+)\.(\d+)/.exec(answer.stdout.toString()) ?? []
  const [oldestMajor, oldestMinor] = oldestGit
  if (Number(major) > oldestMajor) return
  if (Number(major) === oldestMajor && Number(minor) >= oldestMinor) return
  throw new TeleportError('no-git', `git ${major}.${minor} is too old`, {
    hint: `install git ${oldestGit.join('.')} or newer: https://git-scm.com/downloads`,
  })
}

async function parseAnswers(
  cwd: string,
  environment: Record<string, string>,
  answer: GitAnswer,
): Promise<UserRepo> {
  const lines = answer.stdout.toString().split('\n').slice(0, -1)
  const [inside, shallow, format, gitDir, commonDir, top, head = '', tree = '', symbolic = ''] = lines
  const unborn = answer.exitCode !== 0 && head === 'HEAD' && lines.length === 7
  // A line too many is a folder name with a line break in it.
  const complete = (answer.exitCode === 0 && lines.length === 9) || unborn
  if (inside !== 'true' || !complete || !gitDir || !commonDir || !top) throw noRepository(cwd, answer)
  const fullBranch = unborn ? await unbornBranch({ cwd, environment }) : symbolic
  return {
    top,
    commonDir,
    gitDir,
    objectFormat: format === 'sha256' ? 'sha256' : 'sha1',
    head: isOid(head) ? head : null,
    headTree: isOid(tree) ? tree : null,
    branch: shortBranch(fullBranch),
    shallow: shallow === 'true',
    environment,
  }
}

function noRepository(cwd: string, answer: GitAnswer): TeleportError {
  const said = showOutside(answer.stderr)
  return new TeleportError(
    'no-repository',
    `${showOutside(cwd)} is not inside a Git repository with a work tree${said === '' ? '' : ` (${said})`}`,
    { hint: 'cd into your project and run the command again' },
  )
}

async function unbornBranch(context: GitContext): Promise<string> {
  const answer = await askGit(context, ['symbolic-ref', '--quiet', 'HEAD'])
  return answer.exitCode === 0 ? answer.stdout.toString().trimEnd() : ''
}

function shortBranch(ref: string): string | null {
  return ref.startsWith('refs/heads/') ? ref.slice('refs/heads/'.length) : null
}

const context = (repo: UserRepo): GitContext => ({ cwd: repo.top, environment: repo.environment })

type Config = ReadonlyMap<string, readonly string[]>

const knownConfig = new WeakMap<UserRepo, Promise<Config>>()

/**
 * The configuration that git sees in the work tree, every value of a key in order; section and variable in lower case,
 * as git prints them. Read once for each `UserRepo`. A key without a value counts as `true`.
 */
export function gitConfig(repo: UserRepo): Promise<Config> {
  const known = knownConfig.get(repo) ?? readConfig(context(repo))
  knownConfig.set(repo, known)
  return known
}

/** False only when `globalConfigValue` would find nothing: the repository's configuration includes the user's. */
export async function mayHaveGlobalConfig(repo: UserRepo, key: string): Promise<boolean> {
  return (await gitConfig(repo)).has(key)
}

async function readConfig(context: GitContext): Promise<Config> {
  const listed = await mustAskGit(context, ['config', '-z', '--list'])
  const config = new Map<string, string[]>()
  for (const entry of listed.toString().split('\0').slice(0, -1)) {
    const end = entry.indexOf('\n')
    const key = end < 0 ? entry : entry.slice(0, end)
    const values = config.get(key) ?? []
    values.push(end < 0 ? 'true' : entry.slice(end + 1))
    config.set(key, values)
  }
  return config
}

/** `user.name` and `user.email`; `null` unless both are configured: a guessed host name is nobody's identity. */
export async function userIdentity(repo: UserRepo): Promise<{ name: string; email: string } | null> {
  const config = await gitConfig(repo)
  const name = config.get('user.name')?.at(-1)?.trim()
  const email = config.get('user.email')?.at(-1)?.trim()
  return name && email ? { name, email } : null
}

/**
 * The root commits of HEAD's history, smallest first: what tells repositories apart. Empty when there is no commit yet,
 * or the clone is shallow, so that its roots are not the real ones. `cacheFile` makes the next call cheap.
 */
export async function repoIds(repo: UserRepo, cacheFile: string): Promise<readonly string[]> {
  if (repo.head === null || repo.shallow) return []
  return findRoots(context(repo), repo.head, cacheFile)
}

/** Sets a key of the user's own configuration to one value, or removes it with `null`. Throws `git-failed`. */
export async function setGlobalConfig(env: Environment, key: string, value: string | null): Promise<void> {
  const edit = value === null ? ['--unset-all', key] : ['--replace-all', key, value]
  const args = ['config', '--global', ...edit]
  const environment = scrubEnvironment(env, { background: false })
  const answer = await askGit({ cwd: environment['HOME'] ?? '.', environment }, args)
  // git config exits with 5 when there was nothing to remove.
  const wasUnset = value === null && answer.exitCode === 5
  if (answer.exitCode !== 0 && !wasUnset) throw gitFailed(args, answer)
}

/** A key of the user's own configuration, `~` expanded; `undefined` when it is not set. */
export async function globalConfigValue(env: Environment, key: string): Promise<string | undefined> {
  const environment = scrubEnvironment(env, { background: false })
  const args = ['config', '--global', '--type=path', '--get', key]
  const answer = await askGit({ cwd: environment['HOME'] ?? '.', environment }, args)
  return answer.exitCode === 0 ? answer.stdout.toString().trimEnd() : undefined
}

/** `2.39.5`. Throws `no-git`, also for one that is too old. */
export async function gitVersion(env: Environment): Promise<string> {
  const environment = scrubEnvironment(env, { background: true })
  const answer = await askGit({ cwd: environment['HOME'] ?? '.', environment }, ['version'])
  requireVersion(answer)
  return /\d+(?:\.\d+)+/.exec(answer.stdout.toString())?.[0] ?? ''
}
