/** The worker behind `teleport.auto=push`: sends the sessions of new commits, patiently, and never asks anybody. */

import { parseWorkerState, type WorkerState } from '../bundle/worker-state.ts'
import { type ErrorCode, hasCode, TeleportError } from '../errors.ts'
import { withStoreLock } from '../git-store/lock.ts'
import { listQueue } from '../git-store/queue-files.ts'
import { countRemoteSessions } from '../git-store/remote-sessions.ts'
import {
  makeWorkerFolder,
  markRunning,
  markUnsent,
  readWorkerState,
  unmarkRunning,
  writeWorkerState,
} from '../git-store/worker-files.ts'
import type { SessionId } from '../model.ts'
import { autoMode, automationAllowed } from './automation.ts'
import { keepProblem } from './hook-problem.ts'
import { drainQueue, settleMs } from './hook-queue.ts'
import { readLocalLinks } from './local-links.ts'
import { pushSession } from './push.ts'
import { type Workspace, withWorkspace } from './workspace.ts'
import { formatTime, type World } from './world.ts'

export interface WorkerOptions {
  /** Resolves after so many milliseconds, or at once when the world's signal is given. */
  readonly wait: (ms: number) => Promise<void>
}

const minuteMs = 60_000
/** At most one push a minute for each remote: each costs everybody who fetches from it a little. */
const restMs = minuteMs
const longestBackoffMs = 60 * minuteMs
/** Then it leaves the rest to the next commit, push or reboot. */
const mostFailures = 8
/** So many live sessions are a load on every push of everybody: no more without being asked. */
const mostSessions = 1000

/** What may be better in a while; all else needs a person. */
const passing: ReadonlySet<ErrorCode> = new Set([
  'remote-access',
  'remote-moved',
  'store-busy',
  'git-failed',
  'disk-full',
  'failed',
])

/** Returns when everything is sent or nothing more can be done; at once when another worker runs for this store. */
export async function runWorker(foreground: World, options: WorkerOptions): Promise<void> {
  const world: World = { ...foreground, background: true }
  const folder = await withWorkspace(world, {}, (ws) => makeWorkerFolder(ws.store))
  let more = true
  while (more && !world.signal.aborted) {
    const work = async () => workUntilDone(world, options)
    await withStoreLock(folder, work, { waitMs: 0 }).catch((error: unknown) => {
      if (!hasCode(error, 'store-busy')) throw error
    })
    // A commit that saw this worker running left its event to it, also at the last moment.
    more = await withWorkspace(world, {}, async (ws) => {
      if (!(await maySend(ws))) return false
      return ((await listQueue(ws.store)) ?? []).length > 0 && !(await isBusy(folder))
    })
  }
}

async function isBusy(folder: string): Promise<boolean> {
  return withStoreLock(folder, async () => false, { waitMs: 0 }).catch((error: unknown) => {
    if (hasCode(error, 'store-busy')) return true
    throw error
  })
}

async function workUntilDone(world: World, { wait }: WorkerOptions): Promise<void> {
  const failed = new Set<SessionId>()
  try {
    for (;;) {
      const step = await withWorkspace(world, {}, async (ws) => {
        await markRunning(ws.store)
        return nextStep(ws, failed)
      })
      if (step.kind === 'done' || world.signal.aborted) return
      if (step.kind === 'wait') await wait(Math.min(step.ms, minuteMs))
      else await send(world, step.session, failed)
    }
  } finally {
    await withWorkspace(world, {}, (ws) => unmarkRunning(ws.store))
  }
}

type Step =
  | { readonly kind: 'done' }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'send'; readonly session: SessionId }

async function nextStep(ws: Workspace, failed: ReadonlySet<SessionId>): Promise<Step> {
  if (!(await maySend(ws))) return { kind: 'done' }
  await drainQueue(ws)
  const waiting = new Set((await readLocalLinks(ws)).map(({ session }) => session))
  await markUnsent(ws.store, waiting.size > 0)
  const [session] = [...waiting].filter((each) => !failed.has(each))
  if (session === undefined) {
    const queued = (await listQueue(ws.store)) ?? []
    return queued.length === 0 ? { kind: 'done' } : { kind: 'wait', ms: settleMs }
  }
  const state = await stateOf(ws)
  if (state.failures >= mostFailures) {
    // The next start begins anew.
    await writeWorkerState(ws.store, ws.remote.key, { ...state, failures: 0 })
    return { kind: 'done' }
  }
  const ms = dueMs(state) - ws.world.now().getTime()
  return ms > 0 ? { kind: 'wait', ms } : { kind: 'send', session }
}

async function maySend(ws: Workspace): Promise<boolean> {
  return (await autoMode(ws)) === 'push' && automationAllowed(ws)
}

function dueMs(state: WorkerState): number {
  const rested = state.lastTry === null ? 0 : Date.parse(state.lastTry) + restMs
  return Math.max(rested, state.notBefore === null ? 0 : Date.parse(state.notBefore))
}

async function stateOf(ws: Workspace): Promise<WorkerState> {
  return parseWorkerState(await readWorkerState(ws.store, ws.remote.key))
}

async function send(world: World, session: SessionId, failed: Set<SessionId>): Promise<void> {
  try {
    await withWorkspace(world, {}, requireRoom)
    await pushSession(world, { session })
    await withWorkspace(world, {}, (ws) => note(ws, 0))
  } catch (error) {
    if (!(error instanceof TeleportError)) throw error
    if (!passing.has(error.code)) failed.add(session)
    await withWorkspace(world, {}, async (ws) => {
      await keepProblem(ws, error)
      await note(ws, passing.has(error.code) ? (await stateOf(ws)).failures + 1 : 0)
    })
  }
}

async function requireRoom(ws: Workspace): Promise<void> {
  const sessions = await countRemoteSessions(ws.store)
  if (sessions < mostSessions) return
  throw new TeleportError(
    'remote-refused',
    `${ws.remote.name} has ${sessions} sessions, and from ${mostSessions} on nothing is sent by itself`,
    { hint: 'git teleport rm <session>' },
  )
}

async function note(ws: Workspace, failures: number): Promise<void> {
  const now = ws.world.now().getTime()
  const backoffMs = Math.min(minuteMs * 2 ** (failures - 1), longestBackoffMs)
  await writeWorkerState(ws.store, ws.remote.key, {
    format: 1,
    lastTry: formatTime(new Date(now)),
    failures,
    notBefore: failures === 0 ? null : formatTime(new Date(now + backoffMs)),
  } satisfies WorkerState)
}
