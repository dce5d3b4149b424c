/** One try of the worker to send or look up something: when it is due, how long it may take, and what a person is told. */

import { parseWorkerState, type WorkerState } from '../bundle/worker-state.ts'
import { type ErrorCode, hasCode, TeleportError } from '../errors.ts'
import { countRemoteSessions } from '../git-store/remote-sessions.ts'
import { readWorkerState, writeWorkerState } from '../git-store/worker-files.ts'
import type { Errand, Look, Waiting } from './errands.ts'
import { keepProblem } from './hook-problem.ts'
import { isRemoteAhead } from './push-race.ts'
import { type Workspace, withWorkspace } from './workspace.ts'
import { formatTime, type World } from './world.ts'

const minuteMs = 60_000
/** Whoever sends holds the store, and a remote that takes the line and says nothing must not keep it for ever. */
const longestSendMs = 15 * minuteMs
const longestLookMs = minuteMs
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

function passes(error: TeleportError): boolean {
  return passing.has(error.code) && !isRemoteAhead(error)
}

/** By the clock; null: too many tries have failed. */
export async function nextTryMs(ws: Workspace): Promise<number | null> {
  const state = await stateOf(ws)
  if (state.failures >= mostFailures) return null
  const { restedMs, backMs } = timesOf(state, ws.world.now().getTime())
  return Math.max(restedMs, backMs)
}

/** Forgets that too many have failed: what waits is left to the next start. */
export async function beginAnew(ws: Workspace): Promise<void> {
  await writeWorkerState(ws.store, ws.remote.key, { ...(await stateOf(ws)), failures: 0 })
}

/** What a clock said before it was set back holds up nothing. */
function timesOf(
  { lastTry, notBefore }: WorkerState,
  nowMs: number,
): { readonly restedMs: number; readonly backMs: number } {
  const lastMs = lastTry === null ? 0 : Date.parse(lastTry)
  const backMs = notBefore === null ? 0 : Date.parse(notBefore)
  const isBelieved = lastMs <= nowMs && backMs <= nowMs + longestBackoffMs
  return isBelieved ? { restedMs: lastMs + restMs, backMs } : { restedMs: 0, backMs: 0 }
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
    await withWorkspace(world, errand, noteReached)
    return true
  } catch (cause) {
    const error = limit.aborted && hasCode(cause, 'interrupted') ? tooSlow(waiting) : cause
    if (!(error instanceof TeleportError)) throw error
    await withWorkspace(world, errand, async (ws) => {
      await keepProblem(ws, error)
      await (passes(error) ? noteFailure(ws) : noteReached(ws))
    })
    return passes(error)
  }
}

/** What may be answered in a while is asked again then; what needs a person is forgotten. Never throws for either. */
export async function tryLooking(world: World, errand: Errand, look: Look): Promise<void> {
  const limit = AbortSignal.timeout(longestLookMs)
  const hurried = { ...world, signal: AbortSignal.any([world.signal, limit]) }
  await withWorkspace(hurried, errand, look.now).catch(async (error: unknown) => {
    if (!(error instanceof TeleportError) || world.signal.aborted) throw error
    const mayPass = passes(error) || (limit.aborted && hasCode(error, 'interrupted'))
    await withWorkspace(world, errand, mayPass ? noteFailure : look.drop)
  })
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

/** The remote answered, whatever it said. */
async function noteReached(ws: Workspace): Promise<void> {
  await writeTry(ws, { failures: 0, notBefore: null })
}

/** One that was urgent and came before its turn makes nothing else wait longer. */
async function noteFailure(ws: Workspace): Promise<void> {
  const state = await stateOf(ws)
  const now = ws.world.now().getTime()
  if (timesOf(state, now).backMs > now) return writeTry(ws, state)
  const failures = state.failures + 1
  const backoffMs = Math.min(minuteMs * 2 ** (failures - 1), longestBackoffMs)
  await writeTry(ws, { failures, notBefore: formatTime(new Date(now + backoffMs)) })
}

async function writeTry(
  ws: Workspace,
  { failures, notBefore }: Pick<WorkerState, 'failures' | 'notBefore'>,
): Promise<void> {
  const lastTry = formatTime(ws.world.now())
  const state: WorkerState = { format: 1, lastTry, failures, notBefore }
  await writeWorkerState(ws.store, ws.remote.key, state)
}
