/** Which commits of the project the user's repository has. */

import { isOid, type Oid } from '../model.ts'
import { quietly, userContext } from './code-git.ts'
import { askGit, mustAskGit } from './git.ts'
import type { UserRepo } from './user-repo.ts'

/** HEAD and the tips of at most `most` branches, its own and those last fetched, the newest first. */
export async function branchTips(repo: UserRepo, most: number): Promise<readonly Oid[]> {
  const args = ['for-each-ref', '--sort=-committerdate', `--count=${most}`, '--format=%(objectname)']
  const listed = await mustAskGit(userContext(repo), [...quietly, ...args, 'refs/heads/', 'refs/remotes/'])
  const tips = listed.toString().split('\n').filter(isOid)
  return [...new Set(repo.head === null ? tips : [repo.head, ...tips])]
}

export async function hasCommit(repo: UserRepo, oid: Oid): Promise<boolean> {
  const answer = await askGit(userContext(repo), [...quietly, 'cat-file', '-e', `${oid}^{commit}`])
  return answer.exitCode === 0
}
