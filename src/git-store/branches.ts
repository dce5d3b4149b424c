/** Looks at the user's branches, and puts HEAD of a work tree on one. */

import { TeleportError } from '../errors.ts'
import { isOid, type Oid } from '../model.ts'
import { type BranchPlan, type LocalBranch, planBranch } from './branch-plan.ts'
import { quietly, userContext } from './code-git.ts'
import { askGit, type GitContext, mustAskGit } from './git.ts'
import { showOutside } from './outside-text.ts'
import type { Scratch } from './scratch.ts'
import type { StagedCode } from './stage-code.ts'
import type { UserRepo } from './user-repo.ts'

/**
 * @param here the work tree that is restored, when it is there already
 * @param freed one that will be gone by then
 * Throws `unsafe-bundle` for what can be no branch.
 */
export async function chooseBranch(
  repo: UserRepo,
  scratch: Scratch,
  code: StagedCode,
  shortId: string,
  here: string | null,
  freed: string | null = null,
): Promise<BranchPlan> {
  const { branch } = code.state
  if (branch === null) return planBranch(null, shortId, () => undefined)
  const valid = await askGit(userContext(repo), ['check-ref-format', `refs/heads/${branch}`])
  if (valid.exitCode !== 0 || branch.startsWith('-'))
    throw new TeleportError('unsafe-bundle', `"${showOutside(branch, 100)}" can be no branch`)
  const known = new Map<string, LocalBranch>()
  for (const name of await listBranches(repo, branch)) {
    const found = await lookAt(repo, scratch, name, { head: code.head, own: [here, freed] })
    if (found) known.set(name, found)
  }
  return planBranch(branch, shortId, (name) => known.get(name))
}

async function listBranches(repo: UserRepo, branch: string): Promise<readonly string[]> {
  const args = [
    'for-each-ref',
    '--format=%(refname)',
    `refs/heads/${branch}`,
    `refs/heads/${branch}-teleport-*`,
  ]
  const listed = (await mustAskGit(userContext(repo), args)).toString().split('\n').filter(Boolean)
  return listed.map((ref) => ref.slice('refs/heads/'.length))
}

async function lookAt(
  repo: UserRepo,
  scratch: Scratch,
  branch: string,
  { head, own }: { readonly head: Oid; readonly own: readonly (string | null)[] },
): Promise<LocalBranch | undefined> {
  const args = ['for-each-ref', '--count=1', '--format=%(objectname) %(worktreepath)', `refs/heads/${branch}`]
  const printed = (await mustAskGit(userContext(repo), args)).toString().replace(/\n$/, '')
  const [, commit = '', worktree = ''] = /^([0-9a-f]+) ([\s\S]*)$/.exec(printed) ?? []
  if (!isOid(commit)) return undefined
  const inUse = worktree !== '' && !own.includes(worktree)
  if (commit === head) return { commit, relation: 'same', inUse }
  // There the new commits are known already.
  const behind = await scratch.ask(['merge-base', '--is-ancestor', commit, head])
  return { commit, relation: behind.exitCode === 0 ? 'behind' : 'other', inUse }
}

/** Puts HEAD on `head`, by the plan's branch. Throws `git-failed` when the branch is no longer what the plan expects. */
export async function attachHead(context: GitContext, plan: BranchPlan, head: Oid): Promise<void> {
  const git = (args: readonly string[], input?: string) => mustAskGit(context, [...quietly, ...args], input)
  const why = ['-m', 'git-teleport: pull']
  if (plan.branch === null) {
    await git(['update-ref', ...why, '--no-deref', 'HEAD', head])
    return
  }
  const ref = `refs/heads/${plan.branch}`
  await git(['update-ref', ...why, ref, head, plan.expected ?? '0'.repeat(head.length)])
  const now = await askGit(context, ['symbolic-ref', '--quiet', 'HEAD'])
  if (now.stdout.toString().trimEnd() !== ref) await git(['symbolic-ref', ...why, 'HEAD', ref])
}

/** Has a branch that was made follow the one on the remote that the sender's followed, where that is known here. */
export async function followUpstream(
  repo: UserRepo,
  plan: BranchPlan,
  upstream: string | null,
  remoteName: string,
): Promise<void> {
  if (plan.branch === null || plan.expected !== null || upstream === null) return
  const known = await askGit(userContext(repo), [
    ...['rev-parse', '--verify', '--quiet', `refs/remotes/${remoteName}/${upstream}^{commit}`],
  ])
  if (known.exitCode !== 0) return
  const set = (key: string, value: string) =>
    mustAskGit(userContext(repo), ['config', `branch.${plan.branch}.${key}`, value])
  await set('remote', remoteName)
  await set('merge', `refs/heads/${upstream}`)
}
