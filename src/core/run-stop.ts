/** `stop`: ends a background session, and sees to it that what it has done is committed and sent. */

import { endClient } from '../claude/headless.ts'
import { markStop } from '../git-store/run-files.ts'
import type { SessionId } from '../model.ts'
import { type FinishedRun, finishByHand } from './run-by-hand.ts'
import { fateOf, getRun, isSettled, readRecord, settled } from './run-records.ts'
import { graceMs } from './run-supervise.ts'
import { type Workspace, withWorkspace } from './workspace.ts'
import type { World } from './world.ts'

export interface StopOptions {
  readonly session: string
  readonly remote?: string | undefined
  /** Questions of the push are answered with yes. */
  readonly yes?: boolean
}

export interface StoppedRun {
  readonly session: SessionId
  readonly branch: string
  readonly worktree: string
  /** `stopped`: it ran until now. `ended`: it had ended before. */
  readonly state: 'stopped' | 'ended'
  /** It did not end when it was asked to. */
  readonly forced: boolean
  /** The process beside it commits and sends what it left, now. */
  readonly attended: boolean
  /** What was done here, since that process is gone; null: nothing was left to do. */
  readonly finished: FinishedRun | null
}

/** Throws `no-session`, `ambiguous-session`. What goes wrong in finishing is told. */
export async function stopRun(world: World, options: StopOptions): Promise<StoppedRun> {
  return withWorkspace(world, options, async (ws) => {
    const run = await settled(ws, await getRun(ws, options.session))
    const { session, branch, worktree } = run
    const attended = run.phase !== 'ended' && (await fateOf(world, run.supervisor)) === 'runs'
    const runs = run.phase !== 'ended' && (await fateOf(world, run.client)) === 'runs'
    const isOver = !runs && (!attended || run.phase === 'finishing')
    const forced = isOver ? false : await end(ws, session)
    const { remote, yes } = options
    const finished =
      attended || isSettled(run)
        ? null
        : await finishByHand(world, ws.store, { session, remote, ...(yes ? { yes } : {}) })
    return { session, branch, worktree, state: isOver ? 'ended' : 'stopped', forced, attended, finished }
  })
}

/**
 * Whether it had to be forced. One that has not begun yet is kept from it by the mark. Whoever starts it writes down the
 * client and then looks for the mark: so the record is read behind the mark, and one of both sees the other.
 */
async function end(ws: Workspace, session: SessionId): Promise<boolean> {
  await markStop(ws.store, session)
  const { phase, client } = (await readRecord(ws.store, session)) ?? { phase: 'ended', client: null }
  if (client === null || phase === 'ended' || (await fateOf(ws.world, client)) !== 'runs') return false
  return endClient(client.pid, graceMs)
}
