/**
 * `<store>/policy`: a bare repository with no content of its own worth keeping, in which the default branch of a remote is
 * looked at. It borrows the user's objects, so that a clone that is up to date has nothing to fetch.
 */

import { randomBytes } from 'node:crypto'
import { appendFile, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileError, TeleportError } from '../errors.ts'
import { isOid, type Oid } from '../model.ts'
import { accessError } from './access-error.ts'
import { askGit, type GitAnswer, gitFailed, mustAskGit } from './git.ts'
import { initBareRepo } from './init-bare.ts'
import type { Remote } from './remote.ts'
import { storeContext, storeRemote, transportContext } from './store-git.ts'
import type { UserRepo } from './user-repo.ts'

/** A file's bytes by its name in `.teleport`. Files larger than asked for have `null`. */
export type FoundFiles = ReadonlyMap<string, Uint8Array | null>

export interface PolicyRepo {
  /**
   * Fetches the remote's HEAD unless `commit` is here, with its history where `from` must be found in it.
   * Returns what HEAD is by then.
   */
  bring(commit: Oid, from: Oid | null): Promise<Oid>
  /** The plain files among `names` in `commit`'s folder `.teleport`; null when there is no such folder. */
  read(commit: Oid, names: readonly string[], maxBytes: number): Promise<FoundFiles>
  /** Whether `older` is proven to be `newer` or one of its ancestors. */
  descends(newer: Oid, older: Oid): Promise<boolean>
}

const fetchFlags = [
  '--quiet',
  '--no-tags',
  '--no-prune',
  '--refmap=',
  '--no-write-fetch-head',
  '--no-auto-maintenance',
  '--no-recurse-submodules',
]

/** Makes the repository when there is none. */
export async function openPolicyRepo(repo: UserRepo, storeDir: string, remote: Remote): Promise<PolicyRepo> {
  // Made anew when a clone becomes shallow or stops being so: the two borrow differently.
  const dir = path.join(storeDir, repo.shallow ? 'policy-shallow' : 'policy')
  if (!(await isThere(dir))) await createPolicyRepo(repo, dir)
  const git = storeContext(repo, dir)
  const head = `refs/policy/${remote.key}`

  async function fetch(what: readonly string[]): Promise<GitAnswer> {
    // How the remote is reached may be said in the user's repository. Only for this: that it is a partial clone, say, must
    // not make git look for missing objects elsewhere when the policy is read.
    const included = ['include.path', path.join(repo.commonDir, 'config')] as const
    const context = await transportContext(repo, dir, remote, [included, ['core.bare', 'true']])
    return askGit(context, ['fetch', ...fetchFlags, ...what])
  }

  async function fetchHead(from: Oid | null): Promise<void> {
    const refspec = `+HEAD:${head}`
    let answer = await fetch([...howMuch(repo, from), storeRemote, refspec])
    // What is a cache may be broken, or a server may dislike being asked for less: then everything, from nothing.
    if (answer.exitCode !== 0) answer = await startOver(refspec)
    if (answer.exitCode !== 0) throw accessError(repo, remote, answer)
  }

  async function startOver(refspec: string): Promise<GitAnswer> {
    await rm(dir, { recursive: true, force: true })
    await createPolicyRepo(repo, dir)
    return fetch(['--no-filter', storeRemote, refspec])
  }

  /** What a partial clone lacks, or was not asked for at first. A filter counts from the folder that is named. */
  async function fetchObjects(oids: readonly Oid[], filter = '--no-filter'): Promise<void> {
    const answer = await fetch([filter, storeRemote, ...oids])
    if (answer.exitCode === 0) return
    const whole = await startOver(`+HEAD:${head}`)
    if (whole.exitCode !== 0) throw accessError(repo, remote, whole)
  }

  async function has(oids: readonly Oid[]): Promise<ReadonlyMap<Oid, number | null>> {
    // One process for each: with objects left out by a filter, git's batches end at the first that is missing.
    const rows = oids.map(async (oid): Promise<[Oid, number | null]> => {
      const answer = await askGit(git, ['cat-file', '-s', oid])
      return [oid, answer.exitCode === 0 ? Number(answer.stdout.toString('latin1')) : null]
    })
    return new Map(await Promise.all(rows))
  }

  /** The entries of a folder, as far as `paths` names them; fetches the folder when it is not here. */
  async function listTree(commit: Oid, paths: readonly string[], again = true): Promise<readonly Entry[]> {
    const args = ['ls-tree', '-z', '--full-tree', commit, '--', ...paths]
    const answer = await askGit(git, args)
    if (answer.exitCode === 0) return parseEntries(answer.stdout)
    if (!again) throw gitFailed(args, answer, 'run the command again')
    const text = await mustAskGit(git, ['cat-file', 'commit', commit])
    const [, tree = ''] = /^tree ([0-9a-f]+)\n/.exec(text.toString('latin1')) ?? []
    if (isOid(tree)) await fetchObjects([tree], '--filter=tree:0')
    return listTree(commit, paths, false)
  }

  return {
    async bring(commit, from) {
      if ((await has([commit])).get(commit) !== null && (!repo.shallow || from === null || from === commit))
        return commit
      await fetchHead(from)
      const found = (await mustAskGit(git, ['rev-parse', '--verify', head])).toString('latin1').trim()
      if (isOid(found)) return found
      throw new TeleportError('bug', 'git named a commit that is none')
    },

    async read(commit, names, maxBytes) {
      const [folder] = await listTree(commit, ['.teleport'])
      if (!folder) return new Map()
      if (folder.type !== 'tree') throw oddEntry('.teleport', 'folder')
      if ((await has([folder.oid])).get(folder.oid) === null)
        await fetchObjects([folder.oid], '--filter=tree:1')
      const entries = await listTree(
        commit,
        names.map((name) => `.teleport/${name}`),
      )
      for (const { mode, path: where } of entries)
        if (!mode.startsWith('1006') && mode !== '100755') throw oddEntry(where, 'file')
      const missing = await missingOf(entries)
      if (missing.length > 0) await fetchObjects(missing)
      return readBlobs(entries, await has(entries.map(({ oid }) => oid)), maxBytes)
    },

    async descends(newer, older) {
      if (newer === older) return true
      if ((await has([older])).get(older) === null) return false
      return (await askGit(git, ['merge-base', '--is-ancestor', older, newer])).exitCode === 0
    },
  }

  async function missingOf(entries: readonly Entry[]): Promise<readonly Oid[]> {
    const sizes = await has(entries.map(({ oid }) => oid))
    return entries.map(({ oid }) => oid).filter((oid) => sizes.get(oid) === null)
  }

  async function readBlobs(
    entries: readonly Entry[],
    sizes: ReadonlyMap<Oid, number | null>,
    maxBytes: number,
  ): Promise<FoundFiles> {
    const found = new Map<string, Uint8Array | null>()
    for (const { oid, path: where } of entries) {
      const large = (sizes.get(oid) ?? 0) > maxBytes
      found.set(path.posix.basename(where), large ? null : await mustAskGit(git, ['cat-file', 'blob', oid]))
    }
    return found
  }
}

/**
 * A clone with its whole history borrows it and tells the server so: what is missing is small, and of that only commits
 * and their root folders are asked for. A shallow one cannot, and takes one commit, or all commits without any files when
 * an ancestor has to be found among them. A server that knows no filters sends more, which is right as well.
 */
function howMuch(repo: UserRepo, from: Oid | null): readonly string[] {
  if (!repo.shallow) return ['--filter=tree:1']
  return from === null ? ['--filter=tree:1', '--depth=1'] : ['--filter=tree:0', '--depth=2147483647']
}

interface Entry {
  readonly mode: string
  readonly type: string
  readonly oid: Oid
  readonly path: string
}

function parseEntries(stdout: Buffer): readonly Entry[] {
  return stdout
    .toString('utf8')
    .split('\0')
    .flatMap((row) => {
      const [, mode = '', type = '', oid = '', where = ''] =
        /^(\d+) (\w+) ([0-9a-f]+)\t(.*)$/s.exec(row) ?? []
      return isOid(oid) ? [{ mode, type, oid, path: where }] : []
    })
}

function oddEntry(where: string, wanted: string): TeleportError {
  return new TeleportError('bad-policy', `${where} on the default branch is no plain ${wanted}`, {
    hint: 'replace it in a pull request',
  })
}

async function isThere(dir: string): Promise<boolean> {
  return (await stat(path.join(dir, 'HEAD')).catch(() => undefined))?.isFile() ?? false
}

/** Whole or not at all, and fine when two processes do it at once. */
async function createPolicyRepo(repo: UserRepo, dir: string): Promise<void> {
  const unfinished = `${dir}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`
  try {
    await initPolicyRepo(repo, unfinished)
    await rename(unfinished, dir)
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true })
    if (!(await isThere(dir))) throw fileError(error, `creating ${dir}`)
  }
}

async function initPolicyRepo(repo: UserRepo, dir: string): Promise<void> {
  await mkdir(dir, { mode: 0o700 })
  await initBareRepo(repo, dir)
  const config = path.join(dir, 'config')
  await appendFile(config, overrides(repo.shallow))
  await mkdir(path.join(dir, 'objects', 'info'), { recursive: true })
  // Relative to the folder of objects: the repository can be moved.
  await writeFile(path.join(dir, 'objects', 'info', 'alternates'), '../../../objects\n')
}

/**
 * A shallow clone's commits must not be offered as known: their parents are missing. `true` lists none of them.
 * Old projects hold commits that fsck dislikes, and their own clones have taken them long ago.
 */
function overrides(shallow: boolean): string {
  return `[core]
	bare = true
	hooksPath = /dev/null
	logAllRefUpdates = false
	alternateRefsPrefixes = refs/heads refs/remotes
${shallow ? '\talternateRefsCommand = true\n' : ''}[gc]
	auto = 0
[maintenance]
	auto = false
[protocol]
	version = 2
[fetch]
	prune = false
	pruneTags = false
	fsckObjects = false
	unpackLimit = 1
	writeCommitGraph = false
	recurseSubmodules = no
`
}
