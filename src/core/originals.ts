/** Brings linked commits that this clone never had, or has no more, such as those of a branch that was squashed. */

import { fetchCommits } from '../git-store/borrowed-repo.ts'
import { commitTime, type HistoryCommit, presentCommits } from '../git-store/history.ts'
import { readCachedJson, writeJson } from '../git-store/json-file.ts'
import { isOid, type Oid } from '../model.ts'
import type { Ties } from './direct-ties.ts'
import type { KnownLink, LinkIndex } from './link-index.ts'
import { openHistory } from './open-history.ts'
import type { Workspace } from './workspace.ts'

/** Branches asked for in one command, the newest; what the remote does not have is not asked for again. */
const mostBranches = 8
/** Enough to halve those until it is known which ones the remote lacks. */
const mostQuestions = 2 * mostBranches
/** Nobody squashes a branch before it was written, and few much later. */
const daysBefore = 90

/**
 * A host keeps what once was on a branch for a while, and gives it to whoever knows its id. The newest linked commit of
 * each branch brings those before it along. True when something came.
 */
export async function bringOriginals(
  ws: Workspace,
  index: LinkIndex,
  commits: readonly HistoryCommit[],
  ties: Ties,
): Promise<boolean> {
  // Also for what is tied to several sessions, to tell whose line is whose.
  const plain = commits.every(({ oid }) => (ties.get(oid) ?? []).length === 1)
  if (plain) return false
  const inTime = wasBefore(commits, ties)
  const links = [...index.sessions.values()].flatMap((session) =>
    session.known === 'sealed' ? [] : session.links.filter(inTime),
  )
  const file = ws.store.path('cache', ws.remote.key, 'not-there.json')
  const absent = new Set(parseOids(await readCachedJson(file)))
  const known = absent.size
  let questions = mostQuestions
  let came = false

  async function bring(wanted: readonly Oid[]): Promise<void> {
    if (wanted.length === 0 || questions === 0) return
    questions -= 1
    if (await fetchCommits(ws.store, wanted)) {
      came = true
      return
    }
    const [only, ...others] = wanted
    if (only !== undefined && others.length === 0) absent.add(only)
    if (others.length === 0) return
    await bring(wanted.slice(0, wanted.length / 2))
    await bring(wanted.slice(wanted.length / 2))
  }

  ws.world.progress.step('looking for rewritten commits')
  for (let round = 0; round < 3 && questions > 0; round += 1) {
    const wanted = await newestMissing(ws, links, absent)
    if (wanted.length === 0) break
    await bring(wanted)
  }
  if (absent.size > known) await writeJson(file, { format: 1, absent: [...absent].slice(-20_000) })
  ws.world.progress.done()
  return came
}

/** Links that can be behind one of the commits that are not explained yet. */
function wasBefore(commits: readonly HistoryCommit[], ties: Ties): (link: KnownLink) => boolean {
  const open = commits
    .filter(({ oid }) => (ties.get(oid) ?? []).length !== 1)
    .map(({ committed }) => committed)
  const from = commitTime(
    open.reduce((least, time) => Math.min(least, time), Number.MAX_SAFE_INTEGER / 1e6) - daysBefore * 86_400,
  )
  const until = commitTime(open.reduce((most, time) => Math.max(most, time), 0) + 86_400)
  return ({ time }) => time === null || (time >= from && time <= until)
}

/** Of each branch the newest linked commit that is not here; links without a branch count each for themselves. */
async function newestMissing(
  ws: Workspace,
  links: readonly KnownLink[],
  absent: ReadonlySet<Oid>,
): Promise<readonly Oid[]> {
  const context = await openHistory(ws)
  const here = await presentCommits(context, [...new Set(links.map(({ commit }) => commit))])
  const newest = new Map<string, KnownLink>()
  for (const link of links) {
    if (here.has(link.commit) || absent.has(link.commit)) continue
    const key = link.branch ?? link.commit
    const known = newest.get(key)
    if (!known || (link.time ?? '') > (known.time ?? '')) newest.set(key, link)
  }
  const sorted = [...newest.values()].sort((a, b) => ((a.time ?? '') < (b.time ?? '') ? 1 : -1))
  return [...new Set(sorted.map(({ commit }) => commit))].slice(0, mostBranches)
}

function parseOids(value: unknown): readonly Oid[] {
  const list: unknown = typeof value === 'object' && value !== null && 'absent' in value ? value.absent : []
  return Array.isArray(list)
    ? list.filter((each): each is Oid => typeof each === 'string' && isOid(each))
    : []
}
