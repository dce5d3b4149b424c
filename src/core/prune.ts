/** `prune`: compacts this repository's private store. */

import { compactStore } from '../git-store/maintenance.ts'
import { withWorkspace } from './workspace.ts'
import type { World } from './world.ts'

export interface PruneResult {
  readonly bytesBefore: number
  readonly bytesAfter: number
}

/** Objects that nothing names any more go once they are two weeks old. Compacting takes the store's lock itself. */
export async function pruneStore(
  world: World,
  options: { readonly remote?: string | undefined },
): Promise<PruneResult> {
  return withWorkspace(world, options, async (ws) => {
    world.progress.step('compacting the store')
    const { before, after } = await compactStore(ws.store)
    world.progress.done()
    return { bytesBefore: before, bytesAfter: after }
  })
}
