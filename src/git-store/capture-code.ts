/** Takes a picture of the code: unpushed commits, index and work tree, as git bundles. Nothing of the repository changes. */

import { existsSync } from 'node:fs'
import path from 'node:path'
import { TeleportError } from '../errors.ts'
import type { CodeState, Oid } from '../model.ts'
import { bundleCommits } from './capture-commits.ts'
import { captureWorkTree } from './capture-worktree.ts'
import { codeRefs, oidIn, sizeOf, tooLarge, treeOf, writeTree } from './code-git.ts'
import { showOutside } from './outside-text.ts'
import { parseRawChanges, pathText, splitZ } from './raw-entries.ts'
import type { Remote } from './remote.ts'
import { copyIndex, type Scratch } from './scratch.ts'
import { gitConfig, type UserRepo } from './user-repo.ts'

export interface CapturedCode {
  readonly state: CodeState
  /** Absolute paths in the scratch folder; null where there is nothing to say. */
  readonly commits: string | null
  readonly changes: string | null
  readonly sizeBytes: number
  /** What does not travel, in words. */
  readonly notes: readonly string[]
}

/**
 * Throws `changes-unsupported`, `changes-too-large` (more than `maxBytes`), `git-failed`, and `failed` on I/O. The files
 * live as long as the scratch folder.
 */
export async function captureCode(
  repo: UserRepo,
  remote: Remote,
  scratch: Scratch,
  maxBytes: number,
): Promise<CapturedCode> {
  const { head, headTree } = repo
  if (head === null || headTree === null) {
    throw new TeleportError('changes-unsupported', 'there is no commit yet that changes could rest on', {
      hint: 'commit something, or push without --with-changes',
    })
  }
  refuseInProgress(repo)
  const staged = await captureIndex(repo, scratch)
  const unstaged = await captureWorkTree(repo, scratch, staged.index, maxBytes)
  const commits = await bundleCommits(repo, remote, scratch, head, maxBytes)
  const clean = staged.tree === headTree && unstaged.tree === staged.tree && staged.intent === null
  const changes = clean ? null : await bundleChanges(scratch, head, staged, unstaged.tree)
  const sizeBytes = (commits.file === null ? 0 : await sizeOf(commits.file)) + (changes?.sizeBytes ?? 0)
  if (sizeBytes > maxBytes) throw tooLarge('the changes and unpushed commits', sizeBytes, maxBytes)
  const stagedPaths = await scratch.git(['diff-tree', '-r', '-z', '--name-only', headTree, staged.tree])
  return {
    state: {
      format: 1,
      head,
      branch: repo.branch,
      upstream: await upstreamOf(repo, remote),
      needs: commits.needs,
      index: changes?.index ?? null,
      worktree: changes?.worktree ?? null,
      intent: changes?.intent ?? null,
      counts: {
        commits: commits.count,
        staged: splitZ(stagedPaths).length,
        unstaged: unstaged.changed,
        untracked: unstaged.untracked,
      },
    },
    commits: commits.file,
    changes: changes?.file ?? null,
    sizeBytes,
    notes: unstaged.notes,
  }
}

const inProgress: readonly (readonly [file: string, what: string, way: string])[] = [
  ['MERGE_HEAD', 'a merge', 'git merge --continue, or git merge --abort'],
  ['rebase-merge', 'a rebase', 'git rebase --continue, or git rebase --abort'],
  ['rebase-apply', 'a rebase or git am', 'git rebase --continue, or git rebase --abort'],
  ['CHERRY_PICK_HEAD', 'a cherry-pick', 'git cherry-pick --continue, or git cherry-pick --abort'],
  ['REVERT_HEAD', 'a revert', 'git revert --continue, or git revert --abort'],
  ['sequencer', 'a sequence of picks', 'git cherry-pick --continue, or git cherry-pick --quit'],
]

/** Throws `changes-unsupported` in the middle of a merge and the like: what is half done cannot be told by trees. */
export function refuseInProgress(repo: UserRepo): void {
  for (const [file, what, way] of inProgress) {
    if (existsSync(path.join(repo.gitDir, file)))
      throw new TeleportError('changes-unsupported', `${what} is in progress in this work tree`, {
        hint: way,
      })
  }
}

interface CapturedIndex {
  /** A copy of the index, with what is only intended to be added. */
  readonly index: string
  readonly tree: Oid
  readonly intent: Oid | null
}

async function captureIndex(repo: UserRepo, scratch: Scratch): Promise<CapturedIndex> {
  const index = await copyIndex(repo, scratch, 'index')
  const [unmerged] = splitZ(await scratch.git(['ls-files', '--unmerged', '-z'], { index }))
  if (unmerged !== undefined) {
    const name = showOutside(pathText(unmerged.slice(unmerged.indexOf('\t') + 1)), 200)
    throw new TeleportError('changes-unsupported', `${name} has conflicts that are not resolved`, {
      hint: 'resolve them and run git add, or go back with git merge --abort',
    })
  }
  // git writes no tree entry for what is only intended to be added: it is what the index has more than its tree.
  const tree = await writeTree(scratch, index)
  const more = parseRawChanges(
    await scratch.git(['diff-index', '--cached', '--ita-visible-in-index', '--raw', '-z', tree, '--'], {
      index,
    }),
  )
  const intended = more.filter(({ status }) => status === 'A')
  if (intended.length === 0) return { index, tree, intent: null }
  await scratch.git(['hash-object', '-w', '--stdin'], { input: '' })
  const rows = intended.map(({ newMode, newOid, path: name }) => ({ mode: newMode, oid: newOid, path: name }))
  return { index, tree, intent: await treeOf(scratch, 'intent-index', rows) }
}

async function upstreamOf(repo: UserRepo, remote: Remote): Promise<string | null> {
  if (repo.branch === null) return null
  const config = await gitConfig(repo)
  const last = (key: string) => config.get(`branch.${repo.branch}.${key}`)?.at(-1)
  const merge = last('merge') ?? ''
  return last('remote') === remote.name && merge.startsWith('refs/heads/')
    ? merge.slice('refs/heads/'.length)
    : null
}

interface BundledChanges {
  readonly file: string
  readonly sizeBytes: number
  readonly index: Oid
  readonly worktree: Oid
  readonly intent: Oid | null
}

async function bundleChanges(
  scratch: Scratch,
  head: Oid,
  staged: CapturedIndex,
  worktreeTree: Oid,
): Promise<BundledChanges> {
  const index = await commitTree(scratch, staged.tree, head)
  const worktree = await commitTree(scratch, worktreeTree, index)
  const intent = staged.intent === null ? null : await commitTree(scratch, staged.intent, worktree)
  const named: readonly (readonly [string, Oid])[] = [
    [codeRefs.index, index],
    [codeRefs.worktree, worktree],
    ...(intent === null ? [] : ([[codeRefs.intent, intent]] as const)),
  ]
  const creations = named.map(([ref, oid]) => `create ${ref} ${oid}\n`).join('')
  await scratch.git(['update-ref', '--stdin'], { input: creations })
  const file = scratch.path('changes.bundle')
  await scratch.git(['bundle', 'create', '--quiet', file, '--stdin'], {
    input: [...named.map(([ref]) => ref), `^${head}`, ''].join('\n'),
  })
  return { file, sizeBytes: await sizeOf(file), index, worktree, intent }
}

/** Nobody, at no time: the same state is the same commit, so that nothing new gives nothing to send. */
const nobody = {
  GIT_AUTHOR_NAME: 'git-teleport',
  GIT_AUTHOR_EMAIL: 'git-teleport@localhost',
  GIT_AUTHOR_DATE: '@1000000000 +0000',
  GIT_COMMITTER_NAME: 'git-teleport',
  GIT_COMMITTER_EMAIL: 'git-teleport@localhost',
  GIT_COMMITTER_DATE: '@1000000000 +0000',
}

async function commitTree(scratch: Scratch, tree: Oid, parent: Oid): Promise<Oid> {
  return oidIn(
    await scratch.git(['commit-tree', tree, '-p', parent], { input: 'state\n', environment: nobody }),
  )
}
