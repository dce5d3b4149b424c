/** `ps --prune`: clears background sessions that are over and whose work is safe elsewhere. */

import type { RunRecord } from '../bundle/run-record.ts'
import { hasCode } from '../errors.ts'
import { removeRun } from '../git-store/run-files.ts'
import { deleteBranch, removeRunWorktree, worktreeExists } from '../git-store/run-worktree.ts'
import type { SessionId } from '../model.ts'
import { whyKept } from './run-pull.ts'
import { allRuns, isAtWork, isSettled, lettingGoMs, readRecord, withRunLock } from './run-records.ts'
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
    for (const { session, branch, worktree } of await allRuns(ws)) {
      const seen = await judge(ws, session)
      const fate = seen.is === 'over' && !options.dryRun ? await clear(ws, session) : seen
      if (fate.is === 'kept') kept.push({ session, why: fate.why })
      if (fate.is === 'over') cleared.push({ session, branch, worktree })
    }
    return { cleared, kept, dryRun: options.dryRun }
  })
}

type Fate =
  | { readonly is: 'at-work' }
  | { readonly is: 'kept'; readonly why: string }
  | { readonly is: 'over'; readonly run: RunRecord }

const atWork: Fate = { is: 'at-work' }

/** As it stands now. One whose record is gone, by another `--prune`, is nobody's to clear either. */
async function judge(ws: Workspace, session: SessionId): Promise<Fate> {
  if (await isAtWork(ws.world, ws.store, session)) return atWork
  // Read when its processes are gone: they may have ended well since.
  const run = await readRecord(ws.store, session)
  if (!run) return atWork
  const why = await whyNot(ws, run)
  return why === null ? { is: 'over', run } : { is: 'kept', why }
}

async function whyNot(ws: Workspace, run: RunRecord): Promise<string | null> {
  const id = run.session.slice(0, 8)
  if (!isSettled(run) && run.pulled === null)
    return `not all of it was committed and sent: git teleport stop ${id}`
  if (!(await worktreeExists(ws.repo, run.worktree))) return null
  const why = await whyKept(ws, run)
  return why === null ? null : `${why}: ${run.worktree}`
}

/** Judged once more where nobody can begin with it: `run --resume` may have gone on with it since. */
async function clear(ws: Workspace, session: SessionId): Promise<Fate> {
  const work = async () => {
    const fate = await judge(ws, session)
    return fate.is === 'over' ? remove(ws, fate) : fate
  }
  return withRunLock(ws.store, session, work, { waitMs: lettingGoMs }).catch((error: unknown) => {
    if (!hasCode(error, 'session-live')) throw error
    return atWork
  })
}

async function remove(ws: Workspace, fate: Fate & { readonly is: 'over' }): Promise<Fate> {
  const { session, worktree, branch, base, tip } = fate.run
  // Asked once more by git itself, which takes away nothing that is changed.
  if (!(await removeRunWorktree(ws.repo, worktree, { force: false })))
    return { is: 'kept', why: `git keeps its work tree: ${worktree}` }
  if (tip === base) await deleteBranch(ws.repo, branch, base)
  await removeRun(ws.store, session)
  return fate
}
