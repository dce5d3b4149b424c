/**
 * A git directory of our own over the user's objects: it sees them, writes only its own, and knows nothing of the
 * user's configuration, so that no filter, hook, conversion or monitor runs and bytes stay what they are.
 */

import { randomBytes } from 'node:crypto'
import { copyFile, mkdir, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { errnoOf, fileError } from '../errors.ts'
import { askGit, type GitAnswer, type GitContext, gitFailed } from './git.ts'
import type { Store } from './store.ts'
import { gitConfig, type UserRepo } from './user-repo.ts'

export interface ScratchOptions {
  readonly input?: Uint8Array | string
  /** Absolute; git's cwd too. */
  readonly workTree?: string
  /** Absolute path of the index file. */
  readonly index?: string
  readonly environment?: Readonly<Record<string, string>>
}

export interface Scratch {
  readonly dir: string
  /** For what asks git itself. */
  readonly context: GitContext
  path(...parts: string[]): string
  ask(args: readonly string[], options?: ScratchOptions): Promise<GitAnswer>
  /** As `ask`; throws `git-failed` unless git exits with 0. */
  git(args: readonly string[], options?: ScratchOptions): Promise<Buffer>
}

/** Under the store's lock; gone when `work` is done. */
export async function withScratch<T>(
  store: Pick<Store, 'path' | 'repo'>,
  work: (scratch: Scratch) => Promise<T>,
): Promise<T> {
  const folder = store.path('scratch')
  // Whoever holds the lock is the only one: what lies there was left by a process that was killed.
  await rm(folder, { recursive: true, force: true })
  const dir = path.join(folder, randomBytes(6).toString('hex'))
  try {
    await fill(store.repo, dir)
    return await work(scratchAt(store.repo, dir))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function scratchAt(repo: UserRepo, dir: string): Scratch {
  const environment = {
    ...repo.environment,
    GIT_DIR: dir,
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_LITERAL_PATHSPECS: '1',
    GIT_NO_LAZY_FETCH: '1',
  }
  const ask: Scratch['ask'] = (args, options = {}) =>
    askGit(
      {
        cwd: options.workTree ?? dir,
        environment: {
          ...environment,
          ...(options.workTree === undefined ? {} : { GIT_WORK_TREE: options.workTree }),
          ...(options.index === undefined ? {} : { GIT_INDEX_FILE: options.index }),
          ...options.environment,
        },
      },
      args,
      options.input,
    )
  return {
    dir,
    context: { cwd: dir, environment },
    path: (...parts) => path.join(dir, ...parts),
    ask,
    async git(args, options) {
      const answer = await ask(args, options)
      if (answer.exitCode !== 0) throw gitFailed(args, answer)
      return answer.stdout
    },
  }
}

async function fill(repo: UserRepo, dir: string): Promise<void> {
  try {
    for (const folder of ['objects/info', 'objects/pack', 'refs', 'info'])
      await mkdir(path.join(dir, folder), { recursive: true, mode: 0o700 })
    await writeFile(path.join(dir, 'HEAD'), 'ref: refs/heads/none\n')
    await writeFile(path.join(dir, 'config'), configText(repo, await gitConfig(repo)))
    await writeFile(
      path.join(dir, 'objects/info/alternates'),
      `${quote(path.join(repo.commonDir, 'objects'))}\n`,
    )
    // Wins over every .gitattributes of the work tree.
    await writeFile(
      path.join(dir, 'info/attributes'),
      '* -text -eol -crlf -filter -ident -working-tree-encoding\n',
    )
    await copyIfThere(path.join(repo.commonDir, 'shallow'), path.join(dir, 'shallow'))
  } catch (error) {
    throw fileError(error, `making ${dir}`)
  }
}

/** What says how this file system is, and nothing else of the user's configuration. */
const carried = ['core.filemode', 'core.symlinks', 'core.ignorecase', 'core.precomposeunicode']

function configText(repo: UserRepo, config: ReadonlyMap<string, readonly string[]>): string {
  const kept = carried.flatMap((key) => {
    const value = config.get(key)?.at(-1)
    // A boolean in any spelling; anything else is not ours to pass on.
    return value !== undefined && /^[A-Za-z0-9]+$/.test(value) ? [`\t${key.slice(5)} = ${value}`] : []
  })
  return `[core]
	repositoryFormatVersion = 1
	bare = false
	autocrlf = false
	safecrlf = false
	hooksPath = /dev/null
	attributesFile = /dev/null
	fsmonitor = false
	untrackedCache = false
	splitIndex = false
	logAllRefUpdates = false
	protectHFS = true
	protectNTFS = true
${kept.join('\n')}
[extensions]
	objectFormat = ${repo.objectFormat}
[gc]
	auto = 0
[maintenance]
	auto = false
[pack]
	threads = 1
`
}

/** As git unquotes it. */
function quote(file: string): string {
  return `"${file.replace(/["\\]/g, '\\$&')}"`
}

/**
 * Copies the index of the work tree, so that git in the scratch directory takes it for its own. Files as young as the
 * index are compared by content, so the copy must not look younger than it is.
 */
export async function copyIndex(repo: UserRepo, scratch: Scratch, name: string): Promise<string> {
  const [source, target] = [path.join(repo.gitDir, 'index'), scratch.path(name)]
  try {
    if (!(await copyIfThere(source, target))) return target
    const { mtimeMs } = await stat(source)
    const seconds = (Math.floor(mtimeMs) - 1) / 1000
    await utimes(target, seconds, seconds)
    for (const file of await readdir(repo.gitDir)) {
      if (/^sharedindex\.[0-9a-f]+$/.test(file))
        await copyIfThere(path.join(repo.gitDir, file), scratch.path(file))
    }
  } catch (error) {
    throw fileError(error, `copying ${source}`)
  }
  return target
}

async function copyIfThere(source: string, target: string): Promise<boolean> {
  try {
    await copyFile(source, target)
    return true
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false
    throw error
  }
}
