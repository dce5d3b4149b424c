/** `run --finish`: commits and sends what a background session left, where that did not happen by itself. */

import type { RunStep } from '../bundle/run-record.ts'
import type { SessionId } from '../model.ts'
import { finishRun } from './run-finish.ts'
import { atWork, changeRun, getRun, isAtWork, withRunLock } from './run-records.ts'
import { withWorkspace } from './workspace.ts'
import { formatTime, type World } from './world.ts'

export interface FinishedRun {
  readonly session: SessionId
  readonly branch: string
  readonly worktree: string
  readonly committed: RunStep['state']
  readonly branchPushed: RunStep['state']
  readonly sessionPushed: RunStep['state']
  /** The first thing that is still in the way. */
  readonly problem: RunStep['problem']
  readonly isDone: boolean
}

export interface FinishOptions {
  readonly session: string
  readonly remote?: string | undefined
  readonly yes?: boolean
}

/** Safe to repeat. Throws `no-session`, `ambiguous-session`, `session-live`. */
export async function finishByHand(world: World, options: FinishOptions): Promise<FinishedRun> {
  return withWorkspace(world, options, async (ws) => {
    const { session } = await getRun(ws, options.session)
    if (await isAtWork(world, ws.store, session)) throw atWork(session)
    return withRunLock(ws.store, session, async () => {
      const before = await changeRun(ws.store, session, {
        ...(options.yes ? { yes: true } : {}),
        ...(options.remote === undefined ? {} : { remote: options.remote }),
      })
      if (before.ended === null)
        await changeRun(ws.store, session, { ended: formatTime(world.now()), stopped: true })
      const { branch, worktree, commit, branchPush, sessionPush } = await finishRun(world, ws.store, session)
      const failed = [commit, branchPush, sessionPush].find(({ state }) => state === 'failed')
      return {
        session,
        branch,
        worktree,
        committed: commit.state,
        branchPushed: branchPush.state,
        sessionPushed: sessionPush.state,
        problem: failed?.problem ?? null,
        isDone: failed === undefined,
      }
    })
  })
}
