/** The work tree and the branch of a background session. The repository's own hooks run, as for the user's own commands. */

import { lstat, mkdir, readFile, rm, rmdir } from 'node:fs/promises'
import path from 'node:path'
import { fileError, TeleportError } from '../errors.ts'
import { isOid, type Oid } from '../model.ts'
import { oidIn, userContext } from './code-git.ts'
import { askGit, type GitAnswer, type GitContext, gitFailed, mustAskGit } from './git.ts'
import { listFolder } from './json-file.ts'
import { showOutside } from './outside-text.ts'
import type { Remote } from './remote.ts'
import type { UserRepo } from './user-repo.ts'

type Repo = Pick<UserRepo, 'top' | 'environment' | 'signal' | 'commonDir'>

/** Throws `usage` for what can be no branch, and for one that is there. */
export async function requireNewBranch(repo: Repo, branch: string): Promise<void> {
  const valid = await askGit(userContext(repo), ['check-ref-format', '--branch', branch])
  if (valid.exitCode !== 0 || valid.stdout.toString().trimEnd() !== branch)
    throw new TeleportError('usage', `"${showOutside(branch, 100)}" can be no branch`)
  if ((await branchTip(repo, branch)) === null) return
  throw new TeleportError('usage', `there is a branch ${branch} already`, {
    hint: 'choose another one: git teleport run --branch <name>',
  })
}

/** Null where there is no such branch. */
export async function branchTip(repo: Repo, branch: string): Promise<Oid | null> {
  const args = ['rev-parse', '--verify', '--quiet', `refs/heads/${branch}^{commit}`]
  const found = (await askGit(userContext(repo), args)).stdout.toString().trimEnd()
  return isOid(found) ? found : null
}

/**
 * A linked work tree with the branch checked out, which is made at `base`, or is there already with `base` null. Throws
 * `git-failed`, and then neither is left.
 */
export async function addRunWorktree(
  repo: Repo,
  place: { readonly folder: string; readonly branch: string; readonly base: Oid | null },
): Promise<void> {
  const { folder, branch, base } = place
  await forgetWorktree(repo, folder)
  await mkdir(path.dirname(folder), { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw fileError(error, `making ${path.dirname(folder)}`)
  })
  const what = base === null ? [folder, branch] : ['-b', branch, folder, base]
  const args = ['worktree', 'add', '--quiet', ...what]
  const answer = await askGit(userContext(repo), args)
  if (answer.exitCode === 0) return
  await removeRunWorktree(repo, folder, { force: true })
  // The branch is made before a file is written, so that a full disk leaves it.
  if (base !== null) await deleteBranch(repo, branch, base)
  throw gitFailed(args, answer, 'git worktree list   (and is there space on the disk?)')
}

/** Only while it is still at `tip`. */
export async function deleteBranch(repo: Repo, branch: string, tip: Oid): Promise<void> {
  await askGit(userContext(repo), ['update-ref', '-d', `refs/heads/${branch}`, tip])
}

/** Its folder, and what the repository knows of it. With `force` false only where nothing is changed or untracked. */
export async function removeRunWorktree(
  repo: Repo,
  folder: string,
  options: { readonly force: boolean },
): Promise<boolean> {
  const force = options.force ? ['--force'] : []
  const answer = await askGit(userContext(repo), ['worktree', 'remove', ...force, folder])
  // The folder of the repository's work trees goes with the last of them.
  await rmdir(path.dirname(folder)).catch(() => undefined)
  if (answer.exitCode === 0) return true
  if (await worktreeExists(repo, folder)) {
    if (!options.force) return false
    await rm(folder, { recursive: true, force: true })
  }
  await forgetWorktree(repo, folder)
  return true
}

/** A folder that is gone: git remembers it, and takes its branch for checked out. Others that are gone are not ours to forget. */
async function forgetWorktree(repo: Repo, folder: string): Promise<void> {
  const known = path.join(repo.commonDir, 'worktrees')
  for (const name of await listFolder(known)) {
    const file = await readFile(path.join(known, name, 'gitdir'), 'utf8').catch(() => '')
    const isIt = path.resolve(known, name, file.trimEnd()) === path.join(folder, '.git')
    if (isIt && !(await exists(folder))) await rm(path.join(known, name), { recursive: true, force: true })
  }
}

function exists(file: string): Promise<boolean> {
  return lstat(file).then(
    () => true,
    () => false,
  )
}

/** Whether the folder is a linked work tree of this very repository. */
export async function worktreeExists(repo: Pick<Repo, 'commonDir'>, folder: string): Promise<boolean> {
  const found = await lstat(path.join(folder, '.git')).catch(() => undefined)
  if (!found?.isFile()) return false
  const link = await readFile(path.join(folder, '.git'), 'utf8').catch(() => '')
  const admin = /^gitdir: ([^\n]+)\n?$/.exec(link)?.[1]
  return (
    admin !== undefined &&
    path.dirname(path.resolve(folder, admin)) === path.join(repo.commonDir, 'worktrees')
  )
}

export interface RunChanges {
  /** Paths that are changed, or untracked and not ignored. */
  readonly paths: number
  /** Of HEAD there; null: detached. */
  readonly branch: string | null
}

export async function changesIn(repo: Repo, folder: string): Promise<RunChanges> {
  const there = contextIn(repo, folder)
  const listed = await mustAskGit(there, [
    'status',
    '--porcelain',
    '-z',
    '--no-renames',
    '--untracked-files=all',
  ])
  const head = await askGit(there, ['symbolic-ref', '--quiet', '--short', 'HEAD'])
  return {
    paths: listed.toString('latin1').split('\0').length - 1,
    branch: head.exitCode === 0 ? head.stdout.toString().replace(/\n$/, '') : null,
  }
}

/**
 * Commits everything that is not ignored, by the user's own identity, hooks and all. Throws `git-failed` where a hook or
 * git itself refuses; the changes are then still there.
 */
export async function commitAll(repo: Repo, folder: string, message: string): Promise<Oid> {
  const there = contextIn(repo, folder)
  await mustAskGit(there, ['add', '--all'])
  await mustAskGit(there, ['commit', '--quiet', '--message', message])
  return oidIn(await mustAskGit(there, ['rev-parse', '--verify', 'HEAD']))
}

/** More than a branch of one session has. */
const mostCommits = 1000

export interface BranchCommit {
  readonly commit: Oid
  readonly tree: Oid
  /** Unix time of the committer. */
  readonly seconds: number
}

/** What `branch` has beside the history of `base`, oldest first, the newest thousand at most. */
export async function commitsSince(repo: Repo, base: Oid, branch: string): Promise<readonly BranchCommit[]> {
  const range = ['--no-merges', `--max-count=${mostCommits}`, `refs/heads/${branch}`, `^${base}`]
  const listed = await mustAskGit(userContext(repo), [
    'log',
    '--reverse',
    '--format=%H %T %ct',
    ...range,
    '--',
  ])
  return listed
    .toString()
    .split('\n')
    .flatMap((line) => {
      const [commit = '', tree = '', seconds = ''] = line.split(' ')
      return isOid(commit) && isOid(tree) ? [{ commit, tree, seconds: Number(seconds) }] : []
    })
}

/** How many commits of `branch` no branch of the remote is known to have. */
export async function countUnpushed(repo: Repo, remote: Remote, commit: Oid): Promise<number> {
  const args = ['rev-list', '--count', commit, '--not', `--remotes=${remote.name}`]
  const answer = await askGit(userContext(repo), args)
  return answer.exitCode === 0 ? Number(answer.stdout.toString()) : 0
}

/**
 * Sends that branch alone and never by force: no tags, no submodules, whatever the configuration adds. Throws `remote-access`
 * for a remote that is not reached, and `remote-refused` for one that does not take it.
 */
export async function pushBranch(repo: Repo, remote: Remote, branch: string, folder: string): Promise<void> {
  const ref = `refs/heads/${branch}`
  const only = ['--no-follow-tags', '--recurse-submodules=no', '--no-force']
  const args = ['push', '--porcelain', '--quiet', ...only, '--', remote.name, `${ref}:${ref}`]
  const answer = await askGit(contextIn(repo, folder), args)
  if (answer.exitCode === 0) return
  throw notPushed(remote, branch, answer)
}

function notPushed(remote: Remote, branch: string, answer: GitAnswer): TeleportError {
  const refused = /^!\t/m.test(answer.stdout.toString())
  const said = showOutside(answer.stderr, 200)
  const what = refused
    ? `${remote.name} did not take branch ${branch}`
    : `branch ${branch} did not reach ${remote.name}`
  return new TeleportError(
    refused ? 'remote-refused' : 'remote-access',
    `${what}${said === '' ? '' : `: ${said}`}`,
    { hint: `git push ${remote.name} ${branch}` },
  )
}

/** The folder may be gone; what concerns only the repository is then asked of it. */
function contextIn(repo: Repo, folder: string): GitContext {
  return { ...userContext(repo), cwd: folder }
}
