/** A bare repository beside the user's: of the same kind, with nothing of the user's templates in it. */

import { mustAskGit } from './git.ts'
import type { UserRepo } from './user-repo.ts'

/** `dir` is there and empty. Throws `git-failed`. */
export async function initBareRepo(repo: UserRepo, dir: string): Promise<void> {
  // The variable, not the flag, which git 2.39 doesn't know: the user's default might be another ref format.
  const environment = { ...repo.environment, GIT_DEFAULT_REF_FORMAT: 'files' }
  const args = ['init', '--quiet', '--bare', '--template=', `--object-format=${repo.objectFormat}`, dir]
  await mustAskGit({ cwd: repo.top, environment }, args)
}
