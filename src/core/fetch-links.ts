/** Fetches the sessions whose links are needed to find out what is behind a commit, and are not here yet. */

import { TeleportError } from '../errors.ts'
import type { GitContext } from '../git-store/git.ts'
import { type HistoryCommit, presentCommits } from '../git-store/history.ts'
import { sessionRef } from '../git-store/refs.ts'
import type { SessionId } from '../model.ts'
import { loadDevice } from './device.ts'
import type { Ties } from './direct-ties.ts'
import { acceptFetched } from './fetch.ts'
import { assembleLinks, type LinkedSession, type LinkIndex, namedInIndex } from './link-index.ts'
import type { Workspace } from './workspace.ts'

/** More than this is the user's to decide: `fetch` brings everything. */
const mostSessions = 100
const mostSealed = 20
const mostBytes = 64 * 1024 * 1024

/** The index with what they brought; undefined when nothing was missing. */
export async function fetchMissingLinks(
  ws: Workspace,
  context: GitContext,
  index: LinkIndex,
  commits: readonly HistoryCommit[],
  ties: Ties,
): Promise<LinkIndex | undefined> {
  if (commits.every(({ oid }) => ties.has(oid))) return undefined
  const missing = [...index.sessions.values()].filter(({ behind }) => behind)
  const here = await presentCommits(context, [
    ...new Set(missing.flatMap(({ links }) => links.map(({ commit }) => commit))),
  ])
  // One whose commits are all here as they were made has nothing to explain.
  const useful = missing.filter(
    ({ links }) => links.length >= namedInIndex || links.some(({ commit }) => !here.has(commit)),
  )
  const wanted = withinLimits(useful, index)
  if (wanted.length < useful.length)
    ws.world.note(
      `${useful.length - wanted.length} sessions may be behind these commits and were not fetched: git teleport fetch`,
    )
  // How large these are nobody says; all that is wanted of them stands in the clear.
  const sealed = index.sealed.filter((session) => !index.sessions.has(session)).slice(0, mostSealed)
  const all = [...wanted, ...sealed]
  return all.length === 0 ? undefined : fetchLinks(ws, index, all)
}

function withinLimits(sessions: readonly LinkedSession[], index: LinkIndex): readonly SessionId[] {
  const entries = new Map(index.listed.map(({ entry }) => [entry.session, entry]))
  const newestFirst = sessions.toSorted((a, b) => {
    const [one, other] = [entries.get(a.session)?.updated ?? '', entries.get(b.session)?.updated ?? '']
    return one < other ? 1 : one > other ? -1 : 0
  })
  let bytes = 0
  const kept = newestFirst.slice(0, mostSessions).filter(({ session }) => {
    bytes += entries.get(session)?.bytes ?? 0
    return bytes <= mostBytes
  })
  return kept.map(({ session }) => session)
}

/** Fetches these sessions in one go; one that cannot be believed or is gone is told and left out. */
export async function fetchLinks(
  ws: Workspace,
  index: LinkIndex,
  sessions: readonly SessionId[],
): Promise<LinkIndex> {
  ws.world.progress.step(`fetching ${sessions.length === 1 ? 'a session' : `${sessions.length} sessions`}`)
  const found = await ws.store.refs.fetch(sessions.map(sessionRef), ws.world.progress)
  for (const session of sessions) {
    const commit = found.get(sessionRef(session))
    try {
      if (commit) await acceptFetched(ws, { session, commit })
      else ws.world.note(`session ${session} is in the index and no longer on ${ws.remote.name}`)
    } catch (error) {
      if (!(error instanceof TeleportError)) throw error
      ws.world.note(`session ${session} was left out: ${error.message}`)
    }
  }
  ws.world.progress.done()
  return assembleLinks(ws, await loadDevice(ws.world, ws.repo), index)
}
