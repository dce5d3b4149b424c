/** Ties the commits of a background session's branch to it: whoever made them there, it was the session's work. */

import type { RunRecord } from '../bundle/run-record.ts'
import { findSession } from '../claude/locate.ts'
import { messagesAt } from '../claude/message-at.ts'
import { patchIds } from '../git-store/patch-ids.ts'
import { commitsSince } from '../git-store/run-worktree.ts'
import type { CommitLink } from '../model.ts'
import { drainQueue } from './hook-queue.ts'
import { addLocalLinks, localLinksOf } from './local-links.ts'
import type { Workspace } from './workspace.ts'
import { formatTime } from './world.ts'

/** Those that no hook has tied already. The next push of the session sends them. */
export async function tieRun(ws: Workspace, { session, base, branch }: RunRecord): Promise<void> {
  await drainQueue(ws)
  const known = new Set((await localLinksOf(ws, session)).map(({ link }) => link.commit))
  const made = (await commitsSince(ws.repo, base, branch)).filter(({ commit }) => !known.has(commit))
  if (made.length === 0) return
  const [file] = await findSession(ws.claude, session)
  // Those of the same second were said before it.
  const times = made.map(({ seconds }) => seconds * 1000 + 999)
  const messages = file ? await messagesAt(file, times) : []
  const patches = await patchIds(
    ws.repo,
    made.map(({ commit }) => commit),
  )
  const links = made.map(({ commit, tree, seconds }, at): CommitLink => {
    const time = formatTime(new Date(seconds * 1000))
    return {
      commit,
      tree,
      patchId: patches.get(commit) ?? null,
      branch,
      message: messages[at]?.uuid ?? null,
      time,
    }
  })
  await addLocalLinks(
    ws,
    links.map((link) => ({ session, link })),
  )
}
