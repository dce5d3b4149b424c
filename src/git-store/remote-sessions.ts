/** How many sessions a remote has, without fetching any. */

import { TeleportError } from '../errors.ts'
import { askGit, type GitAnswer } from './git.ts'
import { showOutside } from './outside-text.ts'
import { parseRef, patterns } from './refs.ts'
import type { Store } from './store.ts'
import { storeRemote, transportContext } from './store-git.ts'

/** Throws `remote-access` when the remote cannot be asked. */
export async function countRemoteSessions(store: Store): Promise<number> {
  const context = await transportContext(store.repo, store.dir, store.remote)
  const args = ['ls-remote', '--refs', storeRemote, patterns.sessions('')]
  const answer = await askGit(context, args)
  if (answer.exitCode !== 0) throw unreachable(store, answer)
  const refs = answer.stdout.toString().split('\n').filter(Boolean)
  return refs.filter((line) => parseRef(line.split('\t')[1] ?? '')?.kind === 'session').length
}

function unreachable({ remote }: Store, answer: GitAnswer): TeleportError {
  const name = showOutside(remote.name, 60)
  const said = showOutside(answer.stderr.replaceAll(remote.url, remote.name))
  return new TeleportError(
    'remote-access',
    `git cannot reach the remote ${name}, or was not let in: ${said}`,
    {
      hint: `git ls-remote ${name} HEAD`,
    },
  )
}
