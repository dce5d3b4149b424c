/** Finds what a commit was squashed from: it makes exactly the change that several others make together. */

import type { GitContext } from '../git-store/git.ts'
import {
  branchTips,
  type HistoryCommit,
  isAncestorOf,
  outsideOf,
  readCommits,
  type Step,
} from '../git-store/history.ts'
import type { Oid } from '../model.ts'
import { partsOf } from './bare-patch.ts'
import { addTie, countSessions, isSameAct, type PatchMatcher, type Tie, type Ties } from './direct-ties.ts'
import { type PatchCache, patchesOf, stepKey } from './patch-cache.ts'

export interface SquashSearch {
  readonly context: GitContext
  readonly cache: PatchCache
  /** Ties of every commit that a link or a rewrite names. */
  readonly direct: Ties
  readonly byPatch: PatchMatcher
  readonly commits: readonly HistoryCommit[]
  /** The history in question: what it comes from was not squashed, but is there. */
  readonly anchor: Oid
  /** Takes what is found. */
  readonly found: Map<Oid, Tie[]>
}

/** Steps compared in one search; the longest ones of each branch come first. */
const mostSteps = 4000
/** Pieces of one branch that are compared. */
const mostOfBranch = 400
/** Commits that are tried as parts when they do not lie in a row. */
const mostParts = 300

/** A row of commits that the history in question does not have. */
interface Range {
  readonly base: Oid
  readonly tip: Oid
  /** Newest first. */
  readonly members: readonly Oid[]
}

/**
 * A match is exact: the same lines added and removed in the same files. First a whole branch, or any row of commits on
 * it; else any set of commits whose changes add up. Two different answers are none.
 */
export async function findSquashed(search: SquashSearch): Promise<void> {
  const left = search.commits.filter(({ oid, parents }) => parents.length === 1 && !search.found.has(oid))
  if (left.length === 0) return
  const outside = await unmerged(search)
  if (outside.size === 0) return
  const steps = new Map(
    left.map((commit): [Oid, Step] => [commit.oid, { from: commit.parents[0] ?? null, to: commit.oid }]),
  )
  const wanted = await search.cache.changeIds([...steps.values()])
  const ranges = await rangesById(search.cache, outside)
  const alone: Step[] = []
  for (const [oid, step] of steps) {
    const id = wanted.get(stepKey(step))
    if (!id) continue
    const candidates = ranges.get(id) ?? []
    const fitting = await filterAsync(candidates, (range) => couldBecome(search, outside, range, step))
    if (fitting.length === 0) alone.push(step)
    else
      await addBest(
        search,
        oid,
        fitting.map(({ base, tip, members }) => ({ members, range: { base, tip } })),
      )
  }
  await addUnions(search, alone, outside)
}

/** Commits that links, rewrites or branches named in links lead to, and that the history does not come from. */
async function unmerged(search: SquashSearch): Promise<ReadonlyMap<Oid, readonly Oid[]>> {
  const { context, direct } = search
  const named = new Set<string | null>()
  for (const ties of direct.values()) for (const { link } of ties) named.add(link.branch)
  const branches = (await branchTips(context)).filter(({ branch }) => named.has(branch)).map(({ tip }) => tip)
  return outsideOf(context, search.anchor, [...new Set([...direct.keys(), ...branches])])
}

/** Every row of commits on the way back to the history, by the id of what it changes. */
async function rangesById(
  cache: PatchCache,
  outside: ReadonlyMap<Oid, readonly Oid[]>,
): Promise<ReadonlyMap<string, readonly Range[]>> {
  const ranges = rowsOf(outside)
  const ids = await cache.changeIds(ranges.map(({ base, tip }) => ({ from: base, to: tip })))
  const byId = new Map<string, Range[]>()
  for (const range of ranges) {
    const id = ids.get(stepKey({ from: range.base, to: range.tip }))
    if (id) byId.set(id, [...(byId.get(id) ?? []), range])
  }
  return byId
}

function rowsOf(outside: ReadonlyMap<Oid, readonly Oid[]>): readonly Range[] {
  const ranges = new Map<string, Range>()
  for (const tip of outside.keys()) {
    const members: Oid[] = []
    let at: Oid | undefined = tip
    while (at !== undefined && outside.has(at) && members.length < mostOfBranch && ranges.size < mostSteps) {
      members.push(at)
      const [first, ...merged]: readonly Oid[] = outside.get(at) ?? []
      // Where the branch took the history in, it is compared with what it took.
      const base: Oid | undefined = merged.find((parent) => !outside.has(parent)) ?? first
      if (base !== undefined) {
        const range = {
          base,
          tip,
          members: merged.length === 0 ? [...members] : [...members, ...behind(outside, first)],
        }
        ranges.set(`${base}..${tip}`, range)
      }
      at = merged.length === 0 ? first : undefined
    }
  }
  return [...ranges.values()]
}

/** A commit and all that leads to it and that the history does not have. */
function behind(outside: ReadonlyMap<Oid, readonly Oid[]>, from: Oid | undefined): readonly Oid[] {
  const found = new Set<Oid>()
  const open = from === undefined ? [] : [from]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (found.has(next) || !outside.has(next)) continue
    found.add(next)
    open.push(...(outside.get(next) ?? []))
  }
  return [...found]
}

/** A branch that began after the commit was not squashed into it; a row from the middle of one began outside. */
async function couldBecome(
  search: SquashSearch,
  outside: ReadonlyMap<Oid, unknown>,
  { base, members }: Range,
  step: Step,
): Promise<boolean> {
  if (step.from === null) return false
  if (!outside.has(base) && base !== step.from && !(await isAncestorOf(search.context, base, step.from)))
    return false
  // One commit alone may be a line that anybody would have added: then its author has to be the same.
  return (
    members.length > 1 || isSameAct(...(await bothCommits(search.context, step.to, members[0] ?? step.to)))
  )
}

async function bothCommits(
  context: GitContext,
  one: Oid,
  other: Oid,
): Promise<readonly [HistoryCommit | undefined, HistoryCommit | undefined]> {
  const [first, second] = await readCommits(context, [one, other])
  return [first, second]
}

interface Candidate {
  readonly members: readonly Oid[]
  readonly range: Tie['range']
}

/** Of several candidates the one with most ties, if no other names other sessions. */
async function addBest(search: SquashSearch, oid: Oid, candidates: readonly Candidate[]): Promise<void> {
  const each = await Promise.all(candidates.map((candidate) => tiesOf(search, candidate)))
  const [best, ...others] = each.sort((a, b) => b.length - a.length)
  if (!best) return
  const names = (ties: readonly Tie[]) => new Set(ties.map(({ session }) => session.session))
  const most = names(best)
  if (others.some((ties) => [...names(ties)].some((session) => !most.has(session)))) return
  for (const tie of best) addTie(search.found, oid, tie)
}

async function tiesOf(search: SquashSearch, { members, range }: Candidate): Promise<readonly Tie[]> {
  const unknown = await readCommits(
    search.context,
    members.filter((oid) => !search.direct.has(oid)),
  )
  const patched = await search.byPatch(unknown)
  const how = members.length > 1 ? ('squashed' as const) : ('patch' as const)
  return members.flatMap((oid) =>
    (search.direct.get(oid) ?? patched.get(oid) ?? []).map((tie) => ({ ...tie, how, part: oid, range })),
  )
}

/** For what was reordered before it was squashed. */
async function addUnions(
  search: SquashSearch,
  steps: readonly Step[],
  outside: ReadonlyMap<Oid, readonly Oid[]>,
): Promise<void> {
  if (steps.length === 0) return
  const single = [...outside].filter(([, parents]) => parents.length === 1).slice(0, mostParts)
  const parts = await patchesOf(
    search.context,
    single.map(([to, parents]) => ({ from: parents[0] ?? null, to })),
  )
  const patches = parts.map(([, patch]) => patch)
  for (const [step, whole] of await patchesOf(search.context, steps)) {
    const members = partsOf(whole, patches)
    if (!members) continue
    const ties = await tiesOf(search, { members, range: undefined })
    if (countSessions(ties) > 0) for (const tie of ties) addTie(search.found, step.to, tie)
  }
}

async function filterAsync<T>(
  things: readonly T[],
  keep: (thing: T) => Promise<boolean>,
): Promise<readonly T[]> {
  const kept: T[] = []
  for (const thing of things) if (await keep(thing)) kept.push(thing)
  return kept
}
