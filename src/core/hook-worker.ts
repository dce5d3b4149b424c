/** The worker in the background: sends what the hooks noted, patiently, and never asks anybody. */

import { hasCode } from '../errors.ts'
import { withStoreLock } from '../git-store/lock.ts'
import { makeWorkerFolder, markRunning, unmarkRunning } from '../git-store/worker-files.ts'
import type { SessionId } from '../model.ts'
import { type Errand, errandsHere, type Waiting } from './errands.ts'
import { settleMs } from './hook-queue.ts'
import { nextTryMs, trySending } from './worker-try.ts'
import { type Workspace, withWorkspace } from './workspace.ts'
import type { World } from './world.ts'

export interface WorkerOptions {
  /** Resolves after so many milliseconds, or at once when the world's signal is given. */
  readonly wait: (ms: number) => Promise<void>
}

const minuteMs = 60_000
const lookEveryMs = 1000

/** Returns when everything is sent or nothing more can be done; at once when another worker runs for this store. */
export async function runWorker(foreground: World, options: WorkerOptions): Promise<void> {
  const world: World = { ...foreground, background: true }
  const errands = await errandsHere(world)
  const [first] = errands
  if (!first) return
  const folder = await withWorkspace(world, first, (ws) => makeWorkerFolder(ws.store))
  let more = true
  while (more && !world.signal.aborted) {
    const work = async () => workUntilDone(world, errands, options)
    const ended = await withStoreLock(folder, work, { waitMs: 0 }).catch((error: unknown) => {
      if (hasCode(error, 'store-busy')) return null
      throw error
    })
    // A hook that saw this worker running left its event to it, also at the last moment.
    more =
      ended?.gaveUp !== true &&
      (await isAnythingNew(world, errands, ended?.failed)) &&
      !(await isBusy(folder))
  }
}

async function isAnythingNew(
  world: World,
  errands: readonly Errand[],
  failed: ReadonlySet<SessionId> = new Set(),
): Promise<boolean> {
  for (const errand of errands) {
    const found = await withWorkspace(
      world,
      errand,
      async (ws) => (await errand.maySend(ws)) && errand.isNew(ws, failed),
    )
    if (found) return true
  }
  return false
}

async function isBusy(folder: string): Promise<boolean> {
  return withStoreLock(folder, async () => false, { waitMs: 0 }).catch((error: unknown) => {
    if (hasCode(error, 'store-busy')) return true
    throw error
  })
}

interface Ended {
  readonly failed: ReadonlySet<SessionId>
  /** What waits is left to the next start. */
  readonly gaveUp: boolean
}

async function workUntilDone(
  world: World,
  errands: readonly Errand[],
  { wait }: WorkerOptions,
): Promise<Ended> {
  const failed = new Set<SessionId>()
  const [first = {}] = errands
  const stepOf = (errand: Errand) =>
    withWorkspace(world, errand, async (ws) => {
      await markRunning(ws.store)
      return nextStep(ws, errand, failed)
    })
  try {
    for (;;) {
      const steps: Step[] = []
      for (const errand of errands) steps.push(await stepOf(errand))
      const next = steps.find(({ kind }) => kind === 'look' || kind === 'send') ?? soonest(steps)
      if (next === undefined || next.kind === 'done' || world.signal.aborted) {
        return { failed, gaveUp: steps.some((step) => step.kind === 'done' && step.gaveUp) }
      }
      if (next.kind === 'wait') await waitFor(world, Math.min(next.ms, minuteMs), errands, wait)
      else if (next.kind === 'look') await look(world, next.errand)
      else if (!(await trySending(world, next.errand, next.waiting))) failed.add(next.waiting.session)
    }
  } finally {
    await withWorkspace(world, first, (ws) => unmarkRunning(ws.store))
  }
}

/** What cannot be found out in a minute is left. */
async function look(world: World, errand: Errand): Promise<void> {
  if (!errand.look) return
  const limit = AbortSignal.timeout(minuteMs)
  const hurried = { ...world, signal: AbortSignal.any([world.signal, limit]) }
  await withWorkspace(hurried, errand, errand.look.now).catch((error: unknown) => {
    if (!limit.aborted || !hasCode(error, 'interrupted')) throw error
  })
}

/** Looks up now and then, where somebody may ask for something that cannot wait. */
async function waitFor(
  world: World,
  ms: number,
  errands: readonly Errand[],
  wait: WorkerOptions['wait'],
): Promise<void> {
  const watching = errands.flatMap(({ isUrgent }) => isUrgent ?? [])
  // What was noted before has been seen, unless its words had not settled yet.
  const sinceMs = world.now().getTime() - settleMs
  if (watching.length === 0) return wait(ms)
  for (let left = ms; left > 0; left -= lookEveryMs) {
    await wait(Math.min(left, lookEveryMs))
    for (const isUrgent of watching) if (await isUrgent(world.now(), sinceMs)) return
  }
}

type Step =
  | { readonly kind: 'done'; readonly gaveUp: boolean }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'look'; readonly errand: Errand }
  | { readonly kind: 'send'; readonly errand: Errand; readonly waiting: Waiting }

function soonest(steps: readonly Step[]): Step | undefined {
  const waits = steps.filter((step) => step.kind === 'wait')
  return waits.sort((a, b) => a.ms - b.ms)[0]
}

async function nextStep(ws: Workspace, errand: Errand, failed: ReadonlySet<SessionId>): Promise<Step> {
  const nothing: Step = { kind: 'done', gaveUp: false }
  if (!(await errand.maySend(ws))) return nothing
  if (await errand.look?.isWanted(ws)) return { kind: 'look', errand }
  const all = (await errand.waiting(ws)).filter(({ session }) => !failed.has(session))
  const ready = all.filter(({ ready }) => ready)
  const waiting = ready.find(({ urgent }) => urgent) ?? ready[0]
  if (!waiting)
    return all.length > 0 || (await errand.isUnsettled(ws)) ? { kind: 'wait', ms: settleMs } : nothing
  const atMs = await nextTryMs(ws, waiting)
  if (atMs === null) return { kind: 'done', gaveUp: true }
  const ms = atMs - ws.world.now().getTime()
  return ms > 0 ? { kind: 'wait', ms } : { kind: 'send', errand, waiting }
}
