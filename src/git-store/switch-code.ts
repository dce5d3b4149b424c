/** Switches the work tree that one stands in to exactly the state that was sent. It has to be clean. */

import { lstat, stat } from 'node:fs/promises'
import path from 'node:path'
import { TeleportError } from '../errors.ts'
import type { Oid } from '../model.ts'
import type { BranchPlan } from './branch-plan.ts'
import { attachHead } from './branches.ts'
import { oidIn, quietly, treeOf, userContext, writeTree } from './code-git.ts'
import { type CheckoutJournal, removeCodeJournal, writeCodeJournal } from './code-journal.ts'
import { mustAskGit } from './git.ts'
import { showOutside } from './outside-text.ts'
import { parseRawChanges, pathText, splitZ } from './raw-entries.ts'
import { restoreTree } from './restore-tree.ts'
import { copyIndex, type Scratch } from './scratch.ts'
import type { StagedCode } from './stage-code.ts'
import type { Store } from './store.ts'
import type { UserRepo } from './user-repo.ts'

/** How many paths differ from HEAD or are untracked. Other commits in submodules count, changes inside of them do not. */
export async function countChanges(repo: UserRepo): Promise<number> {
  const args = ['status', '--porcelain', '-z', '--no-renames', '--ignore-submodules=dirty']
  return splitZ(await mustAskGit(userContext(repo), [...quietly, ...args])).length
}

/**
 * Puts all changes aside while `work` runs, untracked files included, and returns the stash. Where it fails they are
 * brought back.
 */
export async function withStash(repo: UserRepo, work: () => Promise<void>): Promise<Oid> {
  const stash = (...args: readonly string[]) =>
    mustAskGit(userContext(repo), [...quietly, 'stash', ...args, '--quiet'])
  await stash('push', '--include-untracked', '--message', 'before git teleport pull')
  try {
    await work()
  } catch (error) {
    await stash('pop', '--index')
    throw error
  }
  return oidIn(await mustAskGit(userContext(repo), ['rev-parse', '--verify', 'refs/stash']))
}

/** Throws `not-clean` when an ignored file lies where one would be written; `git-failed` puts back what was begun. */
export async function switchCode(
  repo: UserRepo,
  store: Store,
  scratch: Scratch,
  code: StagedCode,
  plan: BranchPlan,
): Promise<void> {
  const { head, headTree } = repo
  if (head === null || headTree === null) {
    throw new TeleportError('not-clean', 'the branch that is checked out has no commit yet', {
      hint: 'git teleport pull --worktree <folder>',
    })
  }
  const added = await addedPaths(scratch, headTree, [code.indexTree, code.worktreeTree])
  await refuseInTheWay(repo, added)
  const journal: CheckoutJournal = {
    kind: 'checkout',
    top: repo.top,
    head,
    branch: repo.branch,
    index: await indexMark(repo),
    indexTree: code.indexTree,
    added,
  }
  await writeCodeJournal(store, journal)
  const target = { top: repo.top, context: userContext(repo), index: path.join(repo.gitDir, 'index') }
  try {
    await restoreTree(scratch, code, target, headTree)
    await attachHead(userContext(repo), plan, code.head)
  } catch (error) {
    await putBack(repo, scratch, journal)
    await removeCodeJournal(store)
    throw error
  }
  await removeCodeJournal(store)
}

async function addedPaths(scratch: Scratch, from: Oid, trees: readonly Oid[]): Promise<readonly string[]> {
  const added = new Set<string>()
  for (const tree of trees) {
    const args = ['diff-tree', '-r', '-z', '--raw', '--no-renames', from, tree]
    for (const change of parseRawChanges(await scratch.git(args)))
      if (change.status === 'A') added.add(change.path)
  }
  return [...added]
}

/** The tree is clean, so what is there is ignored, or a folder that makes room for a file. */
async function refuseInTheWay(repo: UserRepo, added: readonly string[]): Promise<void> {
  for (const name of added) {
    const file = Buffer.concat([Buffer.from(`${repo.top}/`), Buffer.from(name, 'latin1')])
    const found = await lstat(file).catch(() => undefined)
    if (!found) continue
    if (found.isDirectory()) {
      const context = {
        ...userContext(repo),
        environment: { ...repo.environment, GIT_LITERAL_PATHSPECS: '1' },
      }
      const inside = await mustAskGit(context, [
        ...quietly,
        'ls-files',
        '--others',
        '-z',
        '--',
        pathText(name),
      ])
      if (inside.length === 0) continue
    }
    throw new TeleportError(
      'not-clean',
      `${showOutside(pathText(name), 200)} is in the way: it is ignored here and part of what was sent`,
      { hint: 'move it away, or use: git teleport pull --worktree <folder>' },
    )
  }
}

async function indexMark(repo: UserRepo): Promise<string> {
  const found = await stat(path.join(repo.gitDir, 'index'), { bigint: true }).catch(() => undefined)
  return found ? `${found.size} ${found.mtimeNs} ${found.ino}` : 'none'
}

/** Takes away the paths that were new, then has git write everything as HEAD has it. */
async function putBack(repo: UserRepo, scratch: Scratch, journal: CheckoutJournal): Promise<void> {
  const empty = (await scratch.git(['hash-object', '-w', '--stdin'], { input: '' })).toString().trim()
  const nothing = await treeOf(scratch, 'nothing', [])
  const index = scratch.path('added')
  const rows = journal.added.map((name) => `100644 ${empty}\t${name}\0`).join('')
  await scratch.git(['update-index', '-z', '--index-info'], { index, input: Buffer.from(rows, 'latin1') })
  await scratch.git(['read-tree', '--reset', '-u', nothing], { index, workTree: repo.top })
  await mustAskGit(userContext(repo), [...quietly, 'read-tree', '--reset', '-u', journal.head])
}

/**
 * After a kill, in the same work tree. `done`: HEAD had moved. `back`: it is as it was before. `touched`: somebody went on
 * since, so nothing is done.
 */
export async function recoverCheckout(
  repo: UserRepo,
  store: Store,
  scratch: Scratch,
  journal: CheckoutJournal,
): Promise<'done' | 'back' | 'touched'> {
  const untouched =
    repo.head === journal.head &&
    repo.branch === journal.branch &&
    ((await indexMark(repo)) === journal.index || (await indexTree(repo, scratch)) === journal.indexTree)
  if (untouched) await putBack(repo, scratch, journal)
  await removeCodeJournal(store)
  if (untouched) return 'back'
  return repo.head === journal.head ? 'touched' : 'done'
}

async function indexTree(repo: UserRepo, scratch: Scratch): Promise<Oid> {
  return writeTree(scratch, await copyIndex(repo, scratch, 'index-now'))
}
