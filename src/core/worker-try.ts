/** One try of the worker to send a session: when it is due, how long it may take, and what a person is told of it. */

import { parseWorkerState, type WorkerState } from '../bundle/worker-state.ts'
import { type ErrorCode, hasCode, TeleportError } from '../errors.ts'
import { countRemoteSessions } from '../git-store/remote-sessions.ts'
import { readWorkerState, writeWorkerState } from '../git-store/worker-files.ts'
import type { Errand, Waiting } from './errands.ts'
import { keepProblem } from './hook-problem.ts'
import { type Workspace, withWorkspace } from './workspace.ts'
import { formatTime, type World } from './world.ts'

const minuteMs = 60_000
/** Whoever sends holds the store, and a remote that takes the line and says nothing must not keep it for ever. */
const longestSendMs = 15 * minuteMs
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

/** By the clock; null: too many tries have failed, and the next start begins anew. */
export async function nextTryMs(ws: Workspace, waiting: Waiting): Promise<number | null> {
  const state = await stateOf(ws)
  if (state.failures < mostFailures) return dueMs(state, waiting)
  await writeWorkerState(ws.store, ws.remote.key, { ...state, failures: 0 })
  return null
}

/** What is urgent has one try at once, whatever went before; then it waits like everything else. */
function dueMs(state: WorkerState, { urgent, askedMs }: Waiting): number {
  const lastMs = state.lastTry === null ? null : Date.parse(state.lastTry)
  // Times are written in seconds.
  if (urgent && (lastMs === null || askedMs > lastMs + 999)) return 0
  const rested = lastMs === null ? 0 : lastMs + restMs
  return Math.max(rested, state.notBefore === null ? 0 : Date.parse(state.notBefore))
}

async function stateOf(ws: Workspace): Promise<WorkerState> {
  return parseWorkerState(await readWorkerState(ws.store, ws.remote.key))
}

/** False: a person has to mend something first. What may be better in a while is tried again then. Never throws for either. */
export async function trySending(world: World, errand: Errand, waiting: Waiting): Promise<boolean> {
  const limit = AbortSignal.timeout(longestSendMs)
  const hurried = { ...world, signal: AbortSignal.any([world.signal, limit]) }
  try {
    await withWorkspace(world, errand, requireRoom)
    await errand.send(hurried, waiting)
    await withWorkspace(world, errand, (ws) => note(ws, 0))
    return true
  } catch (cause) {
    const error = limit.aborted && hasCode(cause, 'interrupted') ? tooSlow(waiting) : cause
    if (!(error instanceof TeleportError)) throw error
    const passes = passing.has(error.code)
    await withWorkspace(world, errand, async (ws) => {
      await keepProblem(ws, error)
      await note(ws, passes ? (await stateOf(ws)).failures + 1 : 0)
    })
    return passes
  }
}

function tooSlow({ session }: Waiting): TeleportError {
  const minutes = longestSendMs / minuteMs
  return new TeleportError(
    'remote-access',
    `the remote did not take session ${session} in ${minutes} minutes`,
    {
      hint: `git teleport push ${session}`,
    },
  )
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
