/** Brings linked commits that this clone never had, or has no more, such as those of a branch that was squashed. */

import { oid, time } from '../bundle/fields.ts'
import { check, list, object, oneOf } from '../bundle/shape.ts'
import { hasCode } from '../errors.ts'
import { fetchCommits } from '../git-store/borrowed-repo.ts'
import { commitTime, type HistoryCommit, presentCommits } from '../git-store/history.ts'
import { readCachedJson, writeJson } from '../git-store/json-file.ts'
import { readRemoteHead } from '../git-store/remote-head.ts'
import type { Oid } from '../model.ts'
import type { Ties } from './direct-ties.ts'
import type { KnownLink, LinkIndex } from './link-index.ts'
import { openHistory } from './open-history.ts'
import type { Workspace } from './workspace.ts'
import { formatTime } from './world.ts'

/** Branches asked for in one command, the newest. */
const mostBranches = 8
/** Enough to halve those until it is known which ones the remote lacks. */
const mostQuestions = 2 * mostBranches
/** Nobody squashes a branch before it was written, and few much later. */
const daysBefore = 90
/** What the remote did not have is not asked for again so soon. A session may be pushed before its branch is. */
const absentMs = 3_600_000
const mostAbsent = 20_000

const shape = object({
  format: oneOf(2),
  absent: list(object({ commit: oid, asked: time }), mostAbsent),
})

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
  const now = ws.world.now()
  const absent = await readAbsent(file, now)
  const known = absent.size
  let questions = mostQuestions
  let came = false
  let answers = false

  async function bring(wanted: readonly Oid[]): Promise<void> {
    if (wanted.length === 0 || questions === 0) return
    questions -= 1
    if (await fetchCommits(ws.store, wanted)) {
      came = true
      return
    }
    answers ||= await remoteAnswers(ws)
    if (!answers) {
      questions = 0
      return
    }
    const [only, ...others] = wanted
    if (only !== undefined && others.length === 0) absent.set(only, formatTime(now))
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
  // It may have gone silent on the way, and lacks nothing then that we know of.
  if (absent.size > known && (await remoteAnswers(ws))) await writeAbsent(file, absent)
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
  absent: ReadonlyMap<Oid, string>,
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

/** Asked when git got nothing, since it does not tell why. */
async function remoteAnswers(ws: Workspace): Promise<boolean> {
  const { signal } = ws.world
  return readRemoteHead(ws.repo, ws.store.dir, ws.remote, { signal, silent: false }).then(
    () => true,
    (error: unknown) => {
      if (hasCode(error, 'remote-access')) return false
      throw error
    },
  )
}

/** When the remote was asked for each commit that it did not have, while that counts. A file that cannot be read is as good as none. */
async function readAbsent(file: string, now: Date): Promise<Map<Oid, string>> {
  const value = await readCachedJson(file)
  try {
    const { absent } = check(shape, value, 'not-there.json', 'store-damaged')
    const recent = absent.filter(({ asked }) => Math.abs(now.getTime() - Date.parse(asked)) < absentMs)
    return new Map(recent.map(({ commit, asked }) => [commit, asked]))
  } catch {
    return new Map()
  }
}

async function writeAbsent(file: string, absent: ReadonlyMap<Oid, string>): Promise<void> {
  const rows = [...absent].map(([commit, asked]) => ({ commit, asked }))
  await writeJson(file, { format: 2, absent: rows.slice(-mostAbsent) })
}
