/** `ps --prune`: clears background sessions that are over and whose work is safe elsewhere. */

import type { RunRecord } from '../bundle/run-record.ts'
import { removeRun } from '../git-store/run-files.ts'
import { deleteBranch, removeRunWorktree, worktreeExists } from '../git-store/run-worktree.ts'
import type { SessionId } from '../model.ts'
import { whyKept } from './run-pull.ts'
import { allRuns, isAtWork, isSettled, settled, withRunLock } from './run-records.ts'
import { type Workspace, withWorkspace } from './workspace.ts'
import type { World } from './world.ts'

export interface PrunedRuns {
  readonly cleared: readonly {
    readonly session: SessionId
    readonly branch: string
    readonly worktree: string
  }[]
  /** Those that stay although they are not at work. */
  readonly kept: readonly { readonly session: SessionId; readonly why: string }[]
  readonly dryRun: boolean
}

/**
 * The work tree, the record and the log go; the branch stays unless it has no commit of its own, and so does the session.
 * Nothing goes while it is at work, not sent, or has anything in its work tree that is not committed.
 */
export async function pruneRuns(
  world: World,
  options: { readonly dryRun: boolean; readonly remote?: string | undefined },
): Promise<PrunedRuns> {
  return withWorkspace(world, options, async (ws) => {
    const cleared: PrunedRuns['cleared'][number][] = []
    const kept: PrunedRuns['kept'][number][] = []
    for (const found of await allRuns(ws)) {
      const { session, branch, worktree } = found
      if (await isAtWork(world, ws.store, session)) continue
      const run = await settled(ws, found)
      const why = await whyNot(ws, run)
      if (why !== null) kept.push({ session, why })
      else {
        if (!options.dryRun) await withRunLock(ws.store, session, () => clear(ws, run))
        cleared.push({ session, branch, worktree })
      }
    }
    return { cleared, kept, dryRun: options.dryRun }
  })
}

async function whyNot(ws: Workspace, run: RunRecord): Promise<string | null> {
  const id = run.session.slice(0, 8)
  if (!isSettled(run) && run.pulled === null)
    return `not all of it was committed and sent: git teleport stop ${id}`
  if (!(await worktreeExists(ws.repo, run.worktree))) return null
  const why = await whyKept(ws, run)
  return why === null ? null : `${why}: ${run.worktree}`
}

async function clear(ws: Workspace, { session, worktree, branch, base, tip }: RunRecord): Promise<void> {
  // Asked once more by git itself, which takes away nothing that is changed.
  if (!(await removeRunWorktree(ws.repo, worktree, { force: false }))) return
  if (tip === base) await deleteBranch(ws.repo, branch, base)
  await removeRun(ws.store, session)
}
