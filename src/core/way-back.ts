/** What to type to get back to what was before the code of a session was restored. Pure. */

import type { BranchPlan } from '../git-store/branch-plan.ts'
import type { Oid } from '../model.ts'

/** Commands, in order. */
export type WayBack = readonly string[]

export interface Where {
  readonly folder: string
  readonly isNew: boolean
  /** Files were restored that are only intended to be added, which `git stash` cannot keep apart. */
  readonly intends: boolean
}

/**
 * A new work tree goes, with what was changed in it. Where one was switched, changes are stashed first, so that nothing
 * is lost that was done since.
 */
export function wayBack(
  before: { readonly head: Oid | null; readonly branch: string | null },
  plan: BranchPlan,
  where: Where,
): WayBack {
  if (where.isNew) return [`git worktree remove --force ${shellWord(where.folder)}`, ...undoBranch(plan)]
  const { branch, head } = before
  const same = branch !== null && branch === plan.branch
  const back = branch === null ? `git checkout --detach ${head ?? 'HEAD'}` : `git switch ${shellWord(branch)}`
  return [
    ...(where.intends ? ['git add --all'] : []),
    'git stash push --include-untracked',
    ...(same ? [`git reset --keep ${head ?? 'HEAD'}`] : [back, ...undoBranch(plan)]),
  ]
}

function undoBranch({ branch, expected }: BranchPlan): WayBack {
  if (branch === null) return []
  if (expected === null) return [`git branch -D ${shellWord(branch)}`]
  return [`git branch --force ${shellWord(branch)} ${expected}`]
}

/** As a shell reads it back. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_./@%+=:,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

/** A stash keeps its id whatever is stashed after it. */
export function unstash(stash: Oid): string {
  return `git stash apply --index ${stash}`
}
