/** What a remote says its default branch is at. */

import { isOid, type Oid } from '../model.ts'
import { accessError } from './access-error.ts'
import { neverPrompt } from './environment.ts'
import { askGit } from './git.ts'
import type { Remote } from './remote.ts'
import { storeRemote, transportContext } from './store-git.ts'
import type { UserRepo } from './user-repo.ts'

/**
 * One round trip. Null: the remote has no HEAD, or it points at nothing. With `silent` nobody is asked for a passphrase
 * or the like: then it does not wait for its turn. Throws `remote-access`.
 */
export async function readRemoteHead(
  repo: UserRepo,
  storeDir: string,
  remote: Remote,
  { signal, silent }: { readonly signal: AbortSignal; readonly silent: boolean },
): Promise<Oid | null> {
  const usual = await transportContext(repo, storeDir, remote)
  const environment = silent ? { ...usual.environment, ...neverPrompt } : usual.environment
  const context = { ...usual, environment, signal, turn: silent ? undefined : usual.turn }
  const answer = await askGit(context, ['ls-remote', '--quiet', storeRemote, 'HEAD'])
  if (answer.exitCode !== 0) throw accessError(repo, remote, answer)
  // Servers of the older protocol match every name that ends in /HEAD as well.
  const rows = answer.stdout.toString('latin1').split('\n')
  const [oid = ''] = rows.find((row) => row.endsWith('\tHEAD'))?.split('\t') ?? []
  return isOid(oid) ? oid : null
}
