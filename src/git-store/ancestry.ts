/** How two commits of the store stand to each other. */

import type { Oid } from '../model.ts'
import { runGit } from './git.ts'
import type { Store } from './store.ts'
import { storeContext } from './store-git.ts'

/** Whether `older` is `newer` or one of its ancestors; false too when the store lacks one of them. */
export async function isAncestor(store: Store, older: Oid, newer: Oid): Promise<boolean> {
  const context = storeContext(store.repo, store.dir)
  const { exitCode } = await runGit(context, ['merge-base', '--is-ancestor', older, newer])
  return exitCode === 0
}
