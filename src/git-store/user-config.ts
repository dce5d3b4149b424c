/** Changes the user's git configuration, for the verbs whose job that is. */

import { askGit, gitFailed } from './git.ts'
import type { UserRepo } from './user-repo.ts'

/** Gives the key one value in the repository's own configuration, or none with `null`. Throws `git-failed`. */
export async function setLocalConfig(repo: UserRepo, key: string, value: string | null): Promise<void> {
  const edit = value === null ? ['--unset-all', key] : ['--replace-all', key, value]
  const args = ['config', '--local', ...edit]
  const answer = await askGit({ cwd: repo.top, environment: repo.environment }, args)
  // git config exits with 5 when there was nothing to remove.
  const wasUnset = value === null && answer.exitCode === 5
  if (answer.exitCode !== 0 && !wasUnset) throw gitFailed(args, answer)
}
