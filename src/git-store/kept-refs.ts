/** Refs of the store that belong to this machine alone: what a forced push replaced stays reachable. */

import { TeleportError } from '../errors.ts'
import type { Oid } from '../model.ts'
import { readRef, updateRefs } from './local-refs.ts'
import type { Store } from './store.ts'
import { storeContext } from './store-git.ts'

/** @param name of the form `replaced/<session>/<commit>`, so that the same one is always the same commit */
export async function keepRef(store: Store, name: string, commit: Oid): Promise<void> {
  if (!/^[a-z]+\/[0-9a-f-]+\/[0-9a-f]+$/.test(name))
    throw new TeleportError('bug', `no name for a kept ref: ${name}`)
  const context = storeContext(store.repo, store.dir)
  const ref = `refs/local/${name}`
  if ((await readRef(context, ref)) === null)
    await updateRefs(context, [{ ref, expected: null, next: commit }])
}
