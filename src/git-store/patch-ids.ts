/** What commits change, by `git patch-id --stable`: the same change has the same id wherever it is applied. */

import { isOid, type Oid } from '../model.ts'
import { type GitContext, pipeGit } from './git.ts'
import { gitConfig, type UserRepo } from './user-repo.ts'

/**
 * Of each commit that changes something and is no merge. In a partial clone nothing is fetched for it: a commit whose
 * blobs are not here has no patch id either. Settings of the user's that would bend the diff do not apply.
 */
export async function patchIds(
  repo: UserRepo,
  commits: readonly Oid[],
  context: GitContext = offline(repo),
): Promise<ReadonlyMap<Oid, Oid>> {
  const all = await ask(context, commits)
  if (all || !(await isPartial(repo))) return all ?? new Map()
  const found = new Map<Oid, Oid>()
  for (const commit of commits) {
    for (const [of, id] of (await ask(context, [commit])) ?? []) found.set(of, id)
  }
  return found
}

/** git older than 2.39.4 does not know the first variable; without an allowed protocol it cannot fetch either. */
function offline(repo: UserRepo): GitContext {
  const never = { GIT_NO_LAZY_FETCH: '1', GIT_ALLOW_PROTOCOL: 'none' }
  return { cwd: repo.top, environment: { ...repo.environment, ...never } }
}

const diffTree = [
  '-c',
  'diff.algorithm=default',
  'diff-tree',
  '--stdin',
  '--root',
  '-r',
  '-p',
  '--no-color',
  '--no-ext-diff',
  '--no-textconv',
  '--no-renames',
  '--unified=3',
  '--src-prefix=a/',
  '--dst-prefix=b/',
]

/** `undefined` when git could not read all of it. */
async function ask(context: GitContext, commits: readonly Oid[]): Promise<ReadonlyMap<Oid, Oid> | undefined> {
  if (commits.length === 0) return new Map()
  const input = commits.map((commit) => `${commit}\n`).join('')
  const answer = await pipeGit(context, diffTree, ['patch-id', '--stable'], input)
  if (answer.exitCode !== 0) return undefined
  const lines = answer.stdout.toString().split('\n').filter(Boolean)
  return new Map(
    lines.flatMap((line): [Oid, Oid][] => {
      const [id = '', commit = ''] = line.split(' ')
      return isOid(id) && isOid(commit) ? [[commit, id]] : []
    }),
  )
}

/** A clone without all blobs: looking at a patch could fetch them, one by one. */
export async function isPartial(repo: UserRepo): Promise<boolean> {
  const keys = [...(await gitConfig(repo)).keys()]
  return keys.some((key) => key === 'extensions.partialclone' || /^remote\..*\.promisor$/s.test(key))
}
