/** `pull` of a background session of this machine: its session moves into the checkout, its branch is set free. */

import type { RunRecord } from '../bundle/run-record.ts'
import { TeleportError } from '../errors.ts'
import { changesIn, removeRunWorktree, worktreeExists } from '../git-store/run-worktree.ts'
import type { Oid, SessionId } from '../model.ts'
import { atWork, changeRun, isAtWork, lettingGoMs, runNamed, settled, withRunLock } from './run-records.ts'
import type { Workspace } from './workspace.ts'
import { formatTime } from './world.ts'

export interface BroughtRun {
  readonly branch: string
  readonly tip: Oid | null
  readonly hasCommits: boolean
  /** Its work tree, where that stays. */
  readonly worktree: string | null
}

/** Null: no background session of this machine, or one that was brought before. Throws `session-live`, `no-remote-session`. */
export async function findRunToBring(ws: Workspace, wanted: string): Promise<RunRecord | null> {
  const found = await runNamed(ws, wanted)
  if (!found || found.pulled !== null || found.worktree === ws.repo.top) return null
  if (await isAtWork(ws.world, ws.store, found.session)) throw atWork(found.session)
  const run = await settled(ws, found)
  const id = run.session.slice(0, 8)
  const isSent = !run.push || run.sessionPush.state === 'done' || run.sessionPush.state === 'nothing'
  if (isSent) return run
  throw new TeleportError(
    'no-remote-session',
    `what session ${run.session} did in the background was not all pushed`,
    {
      hint: `git teleport stop ${id}   (commits and pushes it; or go on with it: git teleport run --resume ${id})`,
    },
  )
}

/**
 * Takes away the work tree, so that its branch can be checked out elsewhere, unless something lies there that no branch
 * has: then it stays, and that is told. Throws `session-live`.
 */
export async function setFree(ws: Workspace, run: RunRecord, dryRun: boolean): Promise<BroughtRun> {
  const { branch, tip, base, worktree } = run
  const brought = { branch, tip, hasCommits: tip !== null && tip !== base }
  if (!(await worktreeExists(ws.repo, worktree))) return { ...brought, worktree: null }
  const kept = await whyKept(ws, run)
  if (kept !== null) {
    ws.world.note(`${worktree} stays: ${kept}`)
    return { ...brought, worktree }
  }
  if (dryRun) return { ...brought, worktree: null }
  const gone = await withRunLock(ws.store, run.session, () => remove(ws, run), { waitMs: lettingGoMs })
  return { ...brought, worktree: gone ? null : worktree }
}

/** Nobody can begin with it now; `run --resume` may have gone on with it since it was looked at. */
async function remove(ws: Workspace, { session, worktree }: RunRecord): Promise<boolean> {
  if (await isAtWork(ws.world, ws.store, session)) throw atWork(session)
  return removeRunWorktree(ws.repo, worktree, { force: false })
}

/** What would be lost with the work tree, in words; null: nothing. */
export async function whyKept(ws: Workspace, { worktree, branch }: RunRecord): Promise<string | null> {
  const changes = await changesIn(ws.repo, worktree)
  if (changes.paths > 0) return `it has ${changes.paths} changed or untracked paths`
  return changes.branch === branch ? null : `its HEAD has left ${branch}`
}

export async function notePulled(ws: Workspace, session: SessionId): Promise<void> {
  await changeRun(ws.store, session, { pulled: formatTime(ws.world.now()) })
}
