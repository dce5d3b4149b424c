/** Links to what rebases and amends made of linked commits, for everyone who cannot know of them. */

import { treesOf } from '../git-store/commit-trees.ts'
import { patchIds } from '../git-store/patch-ids.ts'
import type { CommitLink, Oid, SessionId } from '../model.ts'
import { descendants } from './direct-ties.ts'
import { allLocalLinks, type LocalLink, readRewrites, unrecordedLinks } from './local-links.ts'
import type { Workspace } from './workspace.ts'

/**
 * For each link one to every commit that is left of its own: same message, branch and time. The link itself stays as it
 * is. Git tells of a rewrite only where it happens, and a squash need not have a patch-id that anybody knows.
 */
export async function rewrittenLinks(
  ws: Workspace,
  links: readonly CommitLink[],
): Promise<readonly CommitLink[]> {
  const rewrites = await readRewrites(ws)
  if (rewrites.size === 0) return []
  const moved = links.flatMap((link) =>
    [...descendants(link.commit, rewrites)]
      .filter((commit) => !rewrites.has(commit))
      .map((commit) => ({ link, commit })),
  )
  const fresh = moved.filter(
    ({ link, commit }) => !links.some((known) => known.commit === commit && known.message === link.message),
  )
  const commits: readonly Oid[] = [...new Set(fresh.map(({ commit }) => commit))]
  const trees = await treesOf(ws.repo, commits)
  const patches = await patchIds(ws.repo, [...trees.keys()])
  return fresh.flatMap(({ link, commit }): CommitLink[] => {
    const tree = trees.get(commit)
    return tree === undefined ? [] : [{ ...link, commit, tree, patchId: patches.get(commit) ?? null }]
  })
}

/** What a push adds to the manifest: what was made here, and what rebases made of all that. */
export async function linksToSend(
  ws: Workspace,
  local: readonly LocalLink[],
  sent: readonly CommitLink[],
  detached: ReadonlySet<Oid>,
): Promise<readonly CommitLink[]> {
  const made = unrecordedLinks(local, sent)
  const moved = await rewrittenLinks(ws, [...sent, ...local.map(({ link }) => link)])
  return [...made, ...moved].filter(({ commit }) => !detached.has(commit))
}

/** Sessions that this machine saw make `commit`, or what became it. */
export async function makersOf(ws: Workspace, commit: Oid): Promise<ReadonlySet<SessionId>> {
  const rewrites = await readRewrites(ws)
  const links = await allLocalLinks(ws)
  const own = links.filter(
    ({ link }) => link.commit === commit || descendants(link.commit, rewrites).has(commit),
  )
  return new Set(own.map(({ session }) => session))
}
