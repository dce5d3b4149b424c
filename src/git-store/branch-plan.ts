/** Which branch a restored work tree stands on. Pure. */

import type { Oid } from '../model.ts'

/** What is known here about a branch of the wanted name. */
export interface LocalBranch {
  readonly commit: Oid
  /** How it stands to the commit that was restored. */
  readonly relation: 'same' | 'behind' | 'other'
  /** A work tree, other than the one that is restored, has it checked out. */
  readonly inUse: boolean
}

export interface BranchPlan {
  /** Short name; null: HEAD is detached, as it was there. */
  readonly branch: string | null
  /** What the branch must be until then; null: it must not exist. */
  readonly expected: Oid | null
  /** Why it is not the branch that the sender stood on, in words. */
  readonly told: string | null
}

/**
 * A branch is made, taken as it is, or moved forward. One that went another way, or that another work tree stands on, is
 * left alone: then it is `<branch>-teleport-<id>`, or with a number behind it if there is such a one too.
 */
export function planBranch(
  wanted: string | null,
  shortId: string,
  known: (branch: string) => LocalBranch | undefined,
): BranchPlan {
  if (wanted === null) return { branch: null, expected: null, told: null }
  const there = known(wanted)
  if (there === undefined) return { branch: wanted, expected: null, told: null }
  if (!there.inUse && there.relation !== 'other')
    return { branch: wanted, expected: there.commit, told: forward(wanted, there) }
  const why = there.relation === 'other' ? 'went another way here' : 'is checked out in another work tree'
  for (let count = 1; ; count += 1) {
    const branch = `${wanted}-teleport-${shortId}${count === 1 ? '' : `-${count}`}`
    const beside = known(branch)
    if (beside && (beside.inUse || beside.relation !== 'same')) continue
    const told = `branch ${wanted} ${why} and is left as it is; the commits are on ${branch}`
    return { branch, expected: beside?.commit ?? null, told }
  }
}

function forward(branch: string, { relation }: LocalBranch): string | null {
  return relation === 'behind' ? `branch ${branch} was moved forward` : null
}
