/** `prune`: compacts this repository's private store. */

import { compactStore } from '../git-store/maintenance.ts'
import { withLockedWorkspace } from './workspace.ts'
import type { World } from './world.ts'

export interface PruneResult {
  readonly bytesBefore: number
  readonly bytesAfter: number
}

/** Objects that nothing names any more go once they are two weeks old. */
export async function pruneStore(
  world: World,
  options: { readonly remote?: string | undefined },
): Promise<PruneResult> {
  return withLockedWorkspace(world, options, async (ws) => {
    world.progress.step('compacting the store')
    const { before, after } = await compactStore(ws.store)
    world.progress.done()
    return { bytesBefore: before, bytesAfter: after }
  })
}
