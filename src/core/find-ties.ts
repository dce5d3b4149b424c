/** Finds the sessions behind commits of today's history, also where the commits they made were rewritten since. */

import type { GitContext } from '../git-store/git.ts'
import { type HistoryCommit, presentCommits, readCommits } from '../git-store/history.ts'
import { isPartial } from '../git-store/patch-ids.ts'
import type { Oid } from '../model.ts'
import {
  addTie,
  directTies,
  type Patched,
  type PatchMatcher,
  samePatch,
  type Tie,
  type Ties,
} from './direct-ties.ts'
import { fetchMissingLinks } from './fetch-links.ts'
import { drainQueue } from './hook-queue.ts'
import { type LinkIndex, readLinkIndex } from './link-index.ts'
import { readRewrites } from './local-links.ts'
import { promptTies } from './made-promptly.ts'
import { openHistory } from './open-history.ts'
import { bringOriginals } from './originals.ts'
import { openPatchCache, type PatchCache } from './patch-cache.ts'
import { findSquashed } from './squashed.ts'
import type { Workspace } from './workspace.ts'

export interface TieOptions {
  /** The newest commit of the history that is asked about. */
  readonly anchor: Oid
  /** Ask nobody: what was fetched has to do. */
  readonly offline?: boolean | undefined
}

export interface FoundTies {
  readonly index: LinkIndex
  /** Every one of the commits, with its ties in the order in which they were made. */
  readonly ties: Ties
  /** Reads the user's history and what was fetched beside it. */
  readonly context: GitContext
}

/**
 * From the cheapest and surest to the dearest, each only for what is left over: the linked commit itself, what
 * post-rewrite recorded here, the same patch, several commits in one. Only for the latter two, and not offline,
 * sessions and commits that this clone lacks are fetched.
 */
export async function findTies(
  ws: Workspace,
  commits: readonly HistoryCommit[],
  options: TieOptions,
): Promise<FoundTies> {
  const { anchor } = options
  await drainQueue(ws)
  const rewrites = await readRewrites(ws)
  let index = await readLinkIndex(ws, options)
  let context = await openHistory(ws)
  let ties = await tiesIn(ws, context, index, rewrites, { commits, anchor })
  if (options.offline || commits.every(({ oid }) => ties.has(oid))) return { index, ties, context }
  const more = await fetchMissingLinks(ws, context, index, commits, ties)
  if (more) {
    index = more
    ties = await tiesIn(ws, context, index, rewrites, { commits, anchor })
  }
  if (await bringOriginals(ws, index, commits, ties)) {
    context = await openHistory(ws)
    ties = await tiesIn(ws, context, index, rewrites, { commits, anchor })
  }
  return { index, ties, context }
}

async function tiesIn(
  ws: Workspace,
  context: GitContext,
  index: LinkIndex,
  rewrites: ReadonlyMap<Oid, readonly Oid[]>,
  { commits, anchor }: { readonly commits: readonly HistoryCommit[]; readonly anchor: Oid },
): Promise<Ties> {
  const direct = directTies(index.sessions.values(), rewrites)
  const found = new Map<Oid, Tie[]>()
  for (const { oid } of commits) for (const tie of direct.get(oid) ?? []) addTie(found, oid, tie)
  if (direct.size > 0) {
    const cache = await openPatchCache(ws, context)
    const byPatch = await patchMatcher(context, index, cache)
    await addPatched(found, commits, byPatch)
    if (!(await isPartial(ws.repo)))
      await findSquashed({ context, cache, direct, byPatch, commits, anchor, found })
    await cache.save()
  }
  return inOrder(await withAmends(context, await promptTies(context, found), commits))
}

/** Finds the ties of commits that make the very patch of a linked one. */
async function patchMatcher(context: GitContext, index: LinkIndex, cache: PatchCache): Promise<PatchMatcher> {
  const sessions = [...index.sessions.values()]
  const all: readonly Tie[] = sessions.flatMap((session) =>
    session.links.map((link) => ({ session, link, how: 'patch' as const, via: link.commit })),
  )
  const unknown = all.filter(({ link }) => link.patchId === null).map(({ link }) => link.commit)
  const here = await presentCommits(context, [...new Set(unknown)])
  const computed = await cache.patchIds([...here])
  const byPatch = new Map<string, Tie[]>()
  for (const tie of all) {
    const id = tie.link.patchId ?? computed.get(tie.link.commit)
    const same = id ? byPatch.get(id) : undefined
    if (same) same.push(tie)
    else if (id) byPatch.set(id, [tie])
  }
  return async (commits) => {
    const ids = await cache.patchIds(
      commits.filter(({ parents }) => parents.length <= 1).map(({ oid }) => oid),
    )
    const ties = new Map<Oid, readonly Tie[]>()
    for (const commit of commits) {
      const candidates = byPatch.get(ids.get(commit.oid) ?? '') ?? []
      if (candidates.length === 0) continue
      const originals = await readCommits(context, [...new Set(candidates.map(({ via }) => via))])
      const patched = candidates.map(
        (tie): Patched => ({ tie, original: originals.find(({ oid }) => oid === tie.via) }),
      )
      const own = samePatch(commit, patched)
      if (own.length > 0) ties.set(commit.oid, own)
    }
    return ties
  }
}

async function addPatched(
  found: Map<Oid, Tie[]>,
  commits: readonly HistoryCommit[],
  byPatch: PatchMatcher,
): Promise<void> {
  const left = commits.filter(({ oid }) => !found.has(oid))
  for (const [oid, ties] of await byPatch(left)) for (const tie of ties) addTie(found, oid, tie)
}

/** An amended commit has the parents of the one before; what a rebase moved has others. */
async function withAmends(
  context: GitContext,
  found: ReadonlyMap<Oid, readonly Tie[]>,
  commits: readonly HistoryCommit[],
): Promise<Ties> {
  const rebased = [...found.values()].flat().filter(({ how }) => how === 'rebased')
  const originals = await readCommits(context, [...new Set(rebased.map(({ via }) => via))])
  const parentsOf = (list: readonly HistoryCommit[], oid: Oid) =>
    list.find((each) => each.oid === oid)?.parents.join()
  return new Map(
    [...found].map(([oid, ties]) => [
      oid,
      ties.map((tie) =>
        tie.how === 'rebased' && parentsOf(originals, tie.via) === parentsOf(commits, oid)
          ? { ...tie, how: 'amended' as const }
          : tie,
      ),
    ]),
  )
}

function inOrder(ties: Ties): Ties {
  const when = ({ link }: Tie) => link.time ?? ''
  return new Map(
    [...ties].map(([oid, each]) => [
      oid,
      each.toSorted((a, b) => (when(a) < when(b) ? -1 : when(a) > when(b) ? 1 : 0)),
    ]),
  )
}
