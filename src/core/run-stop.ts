/** `stop`: ends the client of a background session; whoever looks after it commits and sends what is there. */

import { endClient } from '../claude/headless.ts'
import { markStop } from '../git-store/run-files.ts'
import type { SessionId } from '../model.ts'
import { changeRun, fateOf, getRun } from './run-records.ts'
import { graceMs } from './run-supervise.ts'
import { withWorkspace } from './workspace.ts'
import type { World } from './world.ts'

export interface StoppedRun {
  readonly session: SessionId
  readonly branch: string
  readonly worktree: string
  /** `stopped`: it ran until now. `ended`: it had ended before. */
  readonly state: 'stopped' | 'ended'
  /** It did not end when it was asked to. */
  readonly forced: boolean
  /** Somebody is there to commit and send what it leaves. */
  readonly attended: boolean
}

/** Returns once the client is gone; what it leaves is seen to meanwhile. Throws `no-session`, `ambiguous-session`. */
export async function stopRun(
  world: World,
  options: { readonly session: string; readonly remote?: string | undefined },
): Promise<StoppedRun> {
  return withWorkspace(world, options, async (ws) => {
    const { session, branch, worktree, phase, client, supervisor } = await getRun(ws, options.session)
    const attended = (await fateOf(world, supervisor)) === 'runs'
    const runs = (await fateOf(world, client)) === 'runs'
    const about = { session, branch, worktree }
    if (phase === 'ended' || (phase === 'finishing' && attended) || !(runs || attended))
      return { ...about, state: 'ended', forced: false, attended }
    await markStop(ws.store, session)
    const forced = client !== null && runs ? await endClient(client.pid, graceMs) : false
    // Nobody else is left who could write it down.
    if (!attended) await changeRun(ws.store, session, { stopped: true })
    return { ...about, state: 'stopped', forced, attended }
  })
}
