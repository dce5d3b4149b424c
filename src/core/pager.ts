/** Which pager the user wants, as git finds it. */

import { askGit } from '../git-store/git.ts'
import type { World } from './world.ts'

/** By GIT_PAGER, `core.pager`, PAGER and git's own default; null for none. The line may need a shell. */
export async function userPager(world: Pick<World, 'env' | 'cwd'>): Promise<string | null> {
  const environment = Object.fromEntries(
    Object.entries(world.env).flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, value]],
    ),
  )
  const answer = await askGit({ cwd: world.cwd, environment }, ['var', 'GIT_PAGER'])
  const pager = answer.stdout.toString().trim()
  return answer.exitCode !== 0 || pager === '' || pager === 'cat' ? null : pager
}
