/** Tells the session that made a commit from those that were only pushed while it was checked out. */

import type { GitContext } from '../git-store/git.ts'
import { readCommits } from '../git-store/history.ts'
import type { Oid } from '../model.ts'
import { isPrompt, type Ties } from './direct-ties.ts'

/** When each linked commit was made, in seconds since 1970; of those that are here. */
export async function commitTimes(context: GitContext, ties: Ties): Promise<ReadonlyMap<Oid, number>> {
  const vias = [...new Set([...ties.values()].flat().map(({ via }) => via))]
  return new Map((await readCommits(context, vias)).map(({ oid, committed }) => [oid, committed]))
}

/** Where a link was made together with its commit, later links of other sessions to that commit do not count. */
export async function promptTies(context: GitContext, ties: Ties): Promise<Ties> {
  const committed = await commitTimes(context, ties)
  return new Map(
    [...ties].map(([oid, all]) => {
      const prompt = all.filter((tie) => tie.link.time !== null && isPrompt(tie, committed.get(tie.via)))
      const kept = all.filter((tie) => {
        const makers = prompt.filter(({ via }) => via === tie.via)
        return makers.length === 0 || makers.some(({ session }) => session === tie.session)
      })
      return [oid, kept]
    }),
  )
}
