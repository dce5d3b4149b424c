/** Ties that follow from links alone: the commit itself, what post-rewrite said became of it, the same patch. Pure. */

import type { HistoryCommit } from '../git-store/history.ts'
import type { Oid, SessionId } from '../model.ts'
import type { KnownLink, LinkedSession } from './link-index.ts'

/**
 * How a commit was found again: it is the linked one; git told this machine what an amend or a rebase made of that; it
 * makes the very change that the linked one made; or it makes that of several together.
 */
export type How = 'exact' | 'amended' | 'rebased' | 'patch' | 'squashed'

export interface Tie {
  readonly session: LinkedSession
  readonly link: KnownLink
  readonly how: How
  /** The commit that the link was made to. */
  readonly via: Oid
  /** For one that was squashed: which of the commits that were, itself perhaps the outcome of a rebase. */
  readonly part?: Oid
  /** And the row that they were: the commit before it, and its last one; undefined where they did not lie in a row. */
  readonly range?: { readonly base: Oid; readonly tip: Oid } | undefined
}

export type Ties = ReadonlyMap<Oid, readonly Tie[]>

/** Finds the ties of commits that make the very patch of a linked one. */
export type PatchMatcher = (commits: readonly HistoryCommit[]) => Promise<Ties>

/** Every commit that a link or a rewrite names. */
export function directTies(
  sessions: Iterable<LinkedSession>,
  rewrites: ReadonlyMap<Oid, readonly Oid[]>,
): Ties {
  const ties = new Map<Oid, Tie[]>()
  const sources = sourcesOf(rewrites)
  for (const session of sessions) {
    for (const link of session.links) {
      addTie(ties, link.commit, { session, link, how: 'exact', via: link.commit })
      if (!rewrites.has(link.commit)) continue
      for (const commit of descendants(link.commit, rewrites)) {
        const how = (sources.get(commit)?.size ?? 0) > 1 ? 'squashed' : 'rebased'
        addTie(ties, commit, { session, link, how, via: link.commit })
      }
    }
  }
  return ties
}

/** For each commit that came of a rewrite, what it was made of. */
function sourcesOf(rewrites: ReadonlyMap<Oid, readonly Oid[]>): ReadonlyMap<Oid, ReadonlySet<Oid>> {
  const sources = new Map<Oid, Set<Oid>>()
  for (const [before, afters] of rewrites) {
    for (const after of afters) sources.set(after, (sources.get(after) ?? new Set()).add(before))
  }
  return sources
}

/** Everything that became of a commit, in any number of steps; rewrites may go in circles. */
export function descendants(commit: Oid, rewrites: ReadonlyMap<Oid, readonly Oid[]>): ReadonlySet<Oid> {
  const found = new Set<Oid>()
  const open = [commit]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const after of rewrites.get(next) ?? []) {
      if (found.has(after) || after === commit) continue
      found.add(after)
      open.push(after)
    }
  }
  return found
}

export function addTie(ties: Map<Oid, Tie[]>, commit: Oid, tie: Tie): void {
  const known = ties.get(commit)
  if (known === undefined) {
    ties.set(commit, [tie])
    return
  }
  if (known.some((each) => isSameTie(each, tie))) return
  ties.set(commit, [
    ...known.filter((each) => !isCopy(each, tie)),
    ...(known.some((each) => isCopy(tie, each)) ? [] : [tie]),
  ])
}

function isSameTie(one: Tie, other: Tie): boolean {
  return (
    one.session.session === other.session.session &&
    one.link.commit === other.link.commit &&
    one.link.message === other.link.message
  )
}

/** A link that a push made to what a rebase left of a linked commit, for those who cannot know of the rebase. */
function isCopy(copy: Tie, of: Tie): boolean {
  return (
    copy.how === 'exact' &&
    of.how !== 'exact' &&
    copy.session.session === of.session.session &&
    copy.link.message === of.link.message
  )
}

export interface Patched {
  readonly tie: Tie
  /** The linked commit itself, where it is there. */
  readonly original: HistoryCommit | undefined
}

/**
 * Which of the links with the same patch as `commit` are its own. Where several sessions made that patch, only the one
 * whose commit has the same author, author's date and subject, which a rebase and a cherry-pick keep; else none.
 */
export function samePatch(commit: HistoryCommit, found: readonly Patched[]): readonly Tie[] {
  const all = found.map(({ tie }) => ({ ...tie, how: 'patch' as const }))
  if (countSessions(all) <= 1) return all
  const same = found.flatMap(({ tie, original }) =>
    isSameAct(commit, original) ? [{ ...tie, how: 'patch' as const }] : [],
  )
  return countSessions(same) === 1 ? same : []
}

/** Same author, author's date and subject: what an amend, a rebase and a cherry-pick keep. */
export function isSameAct(one: HistoryCommit | undefined, other: HistoryCommit | undefined): boolean {
  return (
    one !== undefined &&
    other !== undefined &&
    one.author === other.author &&
    one.email === other.email &&
    one.authored === other.authored &&
    one.subject === other.subject
  )
}

export function countSessions(ties: readonly Tie[]): number {
  return new Set<SessionId>(ties.map(({ session }) => session.session)).size
}

/** A hook makes its link with the commit; the one that a push makes to where HEAD is comes later. Seconds. */
const sameMoment = 120

/** @param committed when the linked commit was made, in seconds since 1970, where that is known */
export function isPrompt({ link }: Tie, committed: number | undefined): boolean {
  if (committed === undefined || link.time === null) return true
  return Date.parse(link.time) / 1000 <= committed + sameMoment
}
