/** `list --commit`: the sessions on the remote that are behind a commit. */

import { getCommit, readCommits } from '../git-store/history.ts'
import { findTies } from './find-ties.ts'
import { type ListedSession, type ListOptions, listIn } from './list.ts'
import { openHistory } from './open-history.ts'
import { withWorkspace } from './workspace.ts'
import type { World } from './world.ts'

/** Throws `no-commit`. */
export async function listBehind(
  world: World,
  rev: string,
  options: ListOptions,
): Promise<readonly ListedSession[]> {
  return withWorkspace(world, options, async (ws) => {
    const history = await openHistory(ws)
    const anchor = await getCommit(history, rev)
    const commits = await readCommits(history, [anchor])
    const { ties } = await findTies(ws, commits, { offline: options.offline, anchor })
    const behind = new Set((ties.get(anchor) ?? []).map(({ session }) => session.session))
    // The indexes were fetched just now.
    const listed = await listIn(ws, { ...options, offline: true })
    return listed.filter(({ session }) => behind.has(session))
  })
}
