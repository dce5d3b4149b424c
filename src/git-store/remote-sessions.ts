/** How many sessions a remote has, without fetching any. */

import { askGit, gitFailed } from './git.ts'
import { parseRef, patterns } from './refs.ts'
import type { Store } from './store.ts'
import { storeRemote, transportContext } from './store-git.ts'

/** Throws `git-failed` when the remote cannot be asked. */
export async function countRemoteSessions(store: Store): Promise<number> {
  const context = await transportContext(store.repo, store.dir, store.remote)
  const args = ['ls-remote', '--refs', storeRemote, patterns.sessions('')]
  const answer = await askGit(context, args)
  if (answer.exitCode !== 0) throw gitFailed(args, answer)
  const refs = answer.stdout.toString().split('\n').filter(Boolean)
  return refs.filter((line) => parseRef(line.split('\t')[1] ?? '')?.kind === 'session').length
}
