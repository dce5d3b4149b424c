/** What a checkout does for another one of the same user that has reached it: takes a session, or gives one. */

import type { Oid } from '../model.ts'
import { type PullOptions, type PullResult, pullBy } from './pull.ts'
import { pushBy } from './push.ts'
import type { PushResult } from './push-job.ts'
import type { World } from './world.ts'

export type TakeOptions = Pick<PullOptions, 'session' | 'checkout' | 'fork' | 'force'>

/** Restores what lies in the repository that this checkout lends, for this work tree. Throws what a pull throws. */
export async function takeSession(world: World, options: TakeOptions): Promise<PullResult> {
  return pullBy(world, options, { direct: { lendsTo: [] }, here: true })
}

export interface GiveOptions {
  readonly session?: string | undefined
  readonly withChanges?: boolean
  /** Commits that the other side has. */
  readonly has: readonly Oid[]
}

/** Sends a session into it, for the user's own devices. Throws what a push throws. */
export async function giveSession(world: World, options: GiveOptions): Promise<PushResult> {
  const { has, ...rest } = options
  return pushBy(world, { ...rest, to: ['me'] }, { lendsTo: has })
}
