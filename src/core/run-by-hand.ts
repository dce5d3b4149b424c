/** Commits and sends what a background session left, where that did not happen by itself. */

import type { RunStep } from '../bundle/run-record.ts'
import type { SessionId } from '../model.ts'
import { finishRun } from './run-finish.ts'
import { changeRun, type RunPlace, withRunLock } from './run-records.ts'
import { formatTime, type World } from './world.ts'

export interface FinishedRun {
  readonly committed: RunStep['state']
  readonly branchPushed: RunStep['state']
  readonly sessionPushed: RunStep['state']
  /** The first thing that is still in the way. */
  readonly problem: RunStep['problem']
}

export interface FinishOptions {
  readonly session: SessionId
  readonly remote?: string | undefined
  readonly yes?: boolean
}

/** Safe to repeat. Throws `session-live` while somebody else looks after it. */
export async function finishByHand(
  world: World,
  place: RunPlace,
  { session, remote, yes }: FinishOptions,
): Promise<FinishedRun> {
  return withRunLock(place, session, async () => {
    const before = await changeRun(place, session, {
      ...(yes ? { yes } : {}),
      ...(remote === undefined ? {} : { remote }),
    })
    if (before.ended === null)
      await changeRun(place, session, { ended: formatTime(world.now()), stopped: true })
    const { commit, branchPush, sessionPush } = await finishRun(world, place, session)
    const failed = [commit, branchPush, sessionPush].find(({ state }) => state === 'failed')
    return {
      committed: commit.state,
      branchPushed: branchPush.state,
      sessionPushed: sessionPush.state,
      problem: failed?.problem ?? null,
    }
  })
}
