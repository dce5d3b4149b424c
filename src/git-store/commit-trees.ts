/** The trees of commits of the user's repository. */

import { isOid, type Oid } from '../model.ts'
import { mustAskGit } from './git.ts'
import type { UserRepo } from './user-repo.ts'

/** Commits that are not there are left out, and none is fetched. Throws `git-failed`. */
export async function treesOf(repo: UserRepo, commits: readonly Oid[]): Promise<ReadonlyMap<Oid, Oid>> {
  if (commits.length === 0) return new Map()
  const environment = { ...repo.environment, GIT_NO_LAZY_FETCH: '1', GIT_ALLOW_PROTOCOL: 'none' }
  const args = ['cat-file', '--batch-check=%(objecttype) %(objectname)']
  const input = commits.map((commit) => `${commit}^{tree}\n`).join('')
  const lines = (await mustAskGit({ cwd: repo.top, environment }, args, input)).toString().split('\n')
  return new Map(
    commits.flatMap((commit, at): [Oid, Oid][] => {
      const [type, tree = ''] = lines[at]?.split(' ') ?? []
      return type === 'tree' && isOid(tree) ? [[commit, tree]] : []
    }),
  )
}
