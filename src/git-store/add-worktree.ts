/** Makes a new linked work tree with exactly the state that was sent: whole, or not at all. */

import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { errnoOf, fileError, TeleportError } from '../errors.ts'
import type { BranchPlan } from './branch-plan.ts'
import { attachHead } from './branches.ts'
import { quietly, userContext } from './code-git.ts'
import { removeCodeJournal, type WorktreeJournal, writeCodeJournal } from './code-journal.ts'
import { askGit, mustAskGit } from './git.ts'
import { restoreTree } from './restore-tree.ts'
import type { Scratch } from './scratch.ts'
import type { StagedCode } from './stage-code.ts'
import type { Store } from './store.ts'
import type { UserRepo } from './user-repo.ts'

/** The real path of a folder that is not there yet, or is empty. Throws `folder-exists`; makes nothing. */
export async function newFolder(cwd: string, wanted: string): Promise<string> {
  const dir = path.resolve(cwd, wanted)
  const names = await readdir(dir).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return []
    if (errnoOf(error) === 'ENOTDIR') return ['']
    throw fileError(error, `looking at ${dir}`)
  })
  if (names.length > 0) {
    throw new TeleportError('folder-exists', `${dir} is there already, and is no empty folder`, {
      hint: 'name a folder that is not there: git teleport pull --worktree <folder>',
    })
  }
  return path.join(await realParent(path.dirname(dir)), path.basename(dir))
}

/** Of the nearest parent that is there. */
async function realParent(folder: string): Promise<string> {
  const real = await realpath(folder).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT' && path.dirname(folder) !== folder) return undefined
    throw fileError(error, `looking at ${folder}`)
  })
  return real ?? path.join(await realParent(path.dirname(folder)), path.basename(folder))
}

/** Built beside its place and moved there at the end. Throws `git-failed` and `failed`, and then nothing is left. */
export async function addWorktree(
  repo: UserRepo,
  store: Store,
  scratch: Scratch,
  code: StagedCode,
  place: { readonly dir: string; readonly plan: BranchPlan },
): Promise<void> {
  const { dir, plan } = place
  const temporary = path.join(path.dirname(dir), `.git-teleport-${randomBytes(6).toString('hex')}`)
  const journal: WorktreeJournal = {
    kind: 'worktree',
    dir,
    temporary,
    head: code.head,
    branch: plan.branch,
    expected: plan.expected,
  }
  await writeCodeJournal(store, journal)
  try {
    await mkdir(path.dirname(dir), { recursive: true })
    await mkdir(temporary, { mode: 0o700 })
    await build(repo, scratch, code, path.join(temporary, path.basename(dir)), dir)
    await attachHead({ ...userContext(repo), cwd: dir }, plan, code.head)
  } catch (error) {
    await discardWorktree(repo, journal)
    await removeCodeJournal(store)
    throw fileError(error, `making the work tree ${dir}`)
  }
  await rm(temporary, { recursive: true, force: true })
  await removeCodeJournal(store)
}

async function build(
  repo: UserRepo,
  scratch: Scratch,
  code: StagedCode,
  top: string,
  dir: string,
): Promise<void> {
  const add = ['worktree', 'add', '--quiet', '--no-checkout', '--detach', top, code.head]
  await mustAskGit(userContext(repo), [...quietly, '-c', 'worktree.useRelativePaths=false', ...add])
  const admin = await adminFolder(repo, top)
  if (admin === undefined)
    throw new TeleportError('git-failed', `git worktree add made no work tree in ${top}`)
  const context = { ...userContext(repo), cwd: top }
  await restoreTree(scratch, code, { top, context, index: path.join(admin, 'index') }, null)
  // The link back first: a work tree is never in its place without being known there.
  await writeFile(path.join(admin, 'gitdir'), `${path.join(dir, '.git')}\n`)
  await rename(top, dir)
}

/** The folder in the common git directory that belongs to the linked work tree `top`; `undefined` when it is none of ours. */
async function adminFolder(repo: UserRepo, top: string): Promise<string | undefined> {
  const link = await readFile(path.join(top, '.git'), 'utf8').catch(() => '')
  const admin = /^gitdir: ([^\n]+)\n?$/.exec(link)?.[1]
  const ours = path.join(repo.commonDir, 'worktrees')
  return admin !== undefined && path.dirname(path.resolve(top, admin)) === ours
    ? path.resolve(top, admin)
    : undefined
}

/** Takes away what was made of it; what stands in its place already, whole, goes too. */
async function discardWorktree(repo: UserRepo, journal: WorktreeJournal): Promise<void> {
  for (const top of [path.join(journal.temporary, path.basename(journal.dir)), journal.dir]) {
    const admin = await adminFolder(repo, top)
    if (admin === undefined) continue
    await rm(top, { recursive: true, force: true })
    await rm(admin, { recursive: true, force: true })
  }
  await rm(journal.temporary, { recursive: true, force: true })
}

/** After a kill: one that is in its place gets its branch, any other is discarded. True when it is in its place. */
export async function recoverWorktree(
  repo: UserRepo,
  store: Store,
  journal: WorktreeJournal,
): Promise<boolean> {
  const { dir, head, branch, expected } = journal
  const inPlace = (await adminFolder(repo, dir)) !== undefined
  if (inPlace) {
    const context = { ...userContext(repo), cwd: dir }
    const found = await askGit(context, ['rev-parse', '--verify', '--quiet', 'HEAD'])
    const attached = await askGit(context, ['symbolic-ref', '--quiet', 'HEAD'])
    // Somebody may have gone on there since. That the branch cannot be had leaves HEAD detached, and nothing is lost.
    if (attached.exitCode !== 0 && found.stdout.toString().trimEnd() === head)
      await attachHead(context, { branch, expected, told: null }, head).catch(() => undefined)
    await rm(journal.temporary, { recursive: true, force: true })
  } else await discardWorktree(repo, journal)
  await removeCodeJournal(store)
  return inPlace
}
