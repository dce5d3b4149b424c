/** Turns what the hooks noted into links: at the start of every command that shows or sends them, and in the worker. */

import { type CommitEvent, parseHookEvents } from '../bundle/hook-event.ts'
import { hasCode } from '../errors.ts'
import { treesOf } from '../git-store/commit-trees.ts'
import { withStoreLock } from '../git-store/lock.ts'
import { patchIds } from '../git-store/patch-ids.ts'
import { listQueue, type QueuedFile, queueFolder, readQueue, removeQueued } from '../git-store/queue-files.ts'
import type { CommitLink, Oid } from '../model.ts'
import { autoMode } from './automation.ts'
import { tellProblem } from './hook-problem.ts'
import { authorsOf } from './hook-session.ts'
import { addLocalLinks, addRewrites, type LocalLink } from './local-links.ts'
import type { Workspace } from './workspace.ts'
import { formatTime } from './world.ts'

/** A hook takes less than a millisecond to write; what is unfinished after this long stays so. */
const wreckAgeMs = 60_000
const defaultWaitMs = 5000
/**
 * The client writes its transcript a moment after it has acted, and the message behind a commit shall be there. In the
 * background there is time to wait for it.
 */
export const settleMs = 2000

/**
 * Cheap when nothing waits. Another process that drains at the same time is waited for at most `waitMs`, and then
 * trusted. Tells a person once what went wrong in the background.
 */
export async function drainQueue(ws: Workspace, options: { readonly waitMs?: number } = {}): Promise<void> {
  if (!ws.world.background) await tellProblem(ws)
  if (((await listQueue(ws.store)) ?? []).length === 0) return
  const waitMs = options.waitMs ?? defaultWaitMs
  await withStoreLock(queueFolder(ws.store), () => drain(ws), { waitMs }).catch((error: unknown) => {
    if (!hasCode(error, 'store-busy')) throw error
  })
}

async function drain(ws: Workspace): Promise<void> {
  const files = (await readQueue(ws.store)).map((file) => ({ file, events: parseHookEvents(file.text) }))
  const now = ws.world.now().getTime()
  const minAgeMs = ws.world.background ? settleMs : 0
  const ready = files.filter(({ file, events }) => {
    // A clock that was set back makes no event wait for it.
    const ageMs = Math.abs(now - file.timeMs)
    return ageMs >= minAgeMs && (events.whole || ageMs > wreckAgeMs)
  })
  if ((await autoMode(ws)) !== 'off') {
    const noted = ready.flatMap(({ file, events }) => events.commits.map((event) => ({ file, event })))
    await addLocalLinks(ws, await makeLinks(ws, noted))
    await addRewrites(
      ws,
      ready.flatMap(({ events }) => events.rewrites),
    )
  }
  await removeQueued(
    ws.store,
    ready.map(({ file }) => file.name),
  )
}

interface Noted {
  readonly file: QueuedFile
  readonly event: CommitEvent
}

async function makeLinks(ws: Workspace, noted: readonly Noted[]): Promise<readonly LocalLink[]> {
  if (noted.length === 0) return []
  const authors = await authorsOf(
    ws,
    noted.map(({ file, event }) => ({ session: event.session, top: event.top, timeMs: file.timeMs })),
  )
  const commits: readonly Oid[] = [...new Set(noted.map(({ event }) => event.commit))]
  const trees = await treesOf(ws.repo, commits)
  const patches = await patchIds(ws.repo, [...trees.keys()])
  return noted.flatMap(({ file, event }, at): LocalLink[] => {
    const author = authors[at]
    const tree = trees.get(event.commit)
    if (!author || tree === undefined) return []
    const link: CommitLink = {
      commit: event.commit,
      tree,
      patchId: patches.get(event.commit) ?? null,
      branch: event.branch,
      message: author.message,
      time: formatTime(new Date(file.timeMs)),
    }
    return [{ session: author.session, link }]
  })
}
