/** What a remote says its default branch is at. */

import { isOid, type Oid } from '../model.ts'
import { accessError } from './access-error.ts'
import { askGit } from './git.ts'
import type { Remote } from './remote.ts'
import { storeRemote, transportContext } from './store-git.ts'
import type { UserRepo } from './user-repo.ts'

/** One round trip. Null: the remote has no HEAD, or it points at nothing. Throws `remote-access`. */
export async function readRemoteHead(
  repo: UserRepo,
  storeDir: string,
  remote: Remote,
  signal: AbortSignal | undefined = repo.signal,
): Promise<Oid | null> {
  const context = { ...(await transportContext(repo, storeDir, remote)), signal }
  const answer = await askGit(context, ['ls-remote', '--quiet', storeRemote, 'HEAD'])
  if (answer.exitCode !== 0) throw accessError(repo, remote, answer)
  // Servers of the older protocol match every name that ends in /HEAD as well.
  const rows = answer.stdout.toString('latin1').split('\n')
  const [oid = ''] = rows.find((row) => row.endsWith('\tHEAD'))?.split('\t') ?? []
  return isOid(oid) ? oid : null
}
