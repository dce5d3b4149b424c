/** The worker in the background: sends what the hooks noted, patiently, and never asks anybody. */

import { hasCode } from '../errors.ts'
import { filesOfStore } from '../git-store/known-stores.ts'
import { withStoreLock } from '../git-store/lock.ts'
import { makeWorkerFolder, markRunning, unmarkRunning } from '../git-store/worker-files.ts'
import { type Errand, errandsHere, type Look, type Waiting } from './errands.ts'
import { settleMs } from './hook-queue.ts'
import { chooseNext, isDueAtOnce, isHopeless, noteTry, type Request, type Tries } from './tries.ts'
import { beginAnew, nextTryMs, tryLooking, trySending } from './worker-try.ts'
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
  const [first] = await errandsHere(world)
  if (!first) return
  const store = await withWorkspace(world, first, async (ws) => filesOfStore(ws.store.dir))
  const folder = await makeWorkerFolder(store)
  const job: Job = { ...options, world, store, tries: new Map() }
  let more = true
  while (more && !world.signal.aborted) {
    const ended = await withStoreLock(folder, () => workUntilDone(job), { waitMs: 0 }).catch(
      (error: unknown) => {
        if (hasCode(error, 'store-busy')) return null
        throw error
      },
    )
    // A hook that saw this worker running left its event to it, also at the last moment.
    more = ended?.gaveUp !== true && (await isAnythingNew(job)) && !(await isBusy(folder))
  }
}

interface Job extends WorkerOptions {
  readonly world: World
  readonly store: ReturnType<typeof filesOfStore>
  readonly tries: Tries
}

async function isAnythingNew({ world, tries }: Job): Promise<boolean> {
  for (const errand of await errandsHere(world)) {
    const found = await withWorkspace(
      world,
      errand,
      async (ws) => (await errand.maySend(ws)) && errand.isNew(ws, (each) => isHopeless(tries, each)),
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
  /** What waits is left to the next start. */
  readonly gaveUp: boolean
}

async function workUntilDone(job: Job): Promise<Ended> {
  const { world, store } = job
  try {
    for (;;) {
      await markRunning(store)
      // Somebody may turn one on or off meanwhile, and leave what it is about to this worker.
      const errands = await errandsHere(world)
      const steps: Step[] = []
      for (const errand of errands) {
        steps.push(...(await withWorkspace(world, errand, (ws) => stepsOf(ws, errand, job.tries))))
      }
      const next = nextDue(steps, job.tries) ?? soonest(steps)
      if (next === undefined || world.signal.aborted) return await endWith(job, steps)
      if (next.kind === 'wait') await waitFor(job, Math.min(next.ms, minuteMs), steps)
      else await take(job, next)
    }
  } finally {
    await unmarkRunning(store)
  }
}

type Step = { readonly errand: Errand } & (
  | { readonly kind: 'done'; readonly gaveUp: boolean }
  | { readonly kind: 'wait'; readonly ms: number }
  | Due
)

type Due =
  | { readonly kind: 'look'; readonly look: Look; readonly request: Request }
  | { readonly kind: 'send'; readonly request: Waiting }

/** None where nothing may be sent. */
async function stepsOf(ws: Workspace, errand: Errand, tries: Tries): Promise<readonly Step[]> {
  if (!(await errand.maySend(ws))) return []
  const { look } = errand
  const request = (await look?.wanted(ws)) ?? null
  const sending = await sendingStep(ws, errand, tries)
  if (!look || request === null) return [sending]
  return [await whenDue(ws, errand, tries, { kind: 'look', look, request }), sending]
}

async function sendingStep(ws: Workspace, errand: Errand, tries: Tries): Promise<Step> {
  const all = (await errand.waiting(ws)).filter((each) => !isHopeless(tries, each))
  const request = chooseNext(
    tries,
    all.filter(({ ready }) => ready),
  )
  if (request) return whenDue(ws, errand, tries, { kind: 'send', request })
  const unsettled = all.length > 0 || (await errand.isUnsettled(ws))
  return unsettled ? { errand, kind: 'wait', ms: settleMs } : { errand, kind: 'done', gaveUp: false }
}

async function whenDue(ws: Workspace, errand: Errand, tries: Tries, due: Due): Promise<Step> {
  if (isDueAtOnce(tries, due.request)) return { errand, ...due }
  const atMs = await nextTryMs(ws)
  if (atMs === null) return { errand, kind: 'done', gaveUp: true }
  const ms = atMs - ws.world.now().getTime()
  return ms > 0 ? { errand, kind: 'wait', ms } : { errand, ...due }
}

/** None of them has a right to be first, or one that always fails would keep the others from their turn. */
function nextDue(steps: readonly Step[], tries: Tries) {
  const due = steps.filter((step) => step.kind === 'look' || step.kind === 'send')
  const chosen = chooseNext(
    tries,
    due.map(({ request }) => request),
  )
  return due.find(({ request }) => request === chosen)
}

function soonest(steps: readonly Step[]) {
  const waits = steps.filter((step) => step.kind === 'wait')
  return waits.toSorted((a, b) => a.ms - b.ms)[0]
}

async function take(
  { world, tries }: Job,
  { errand, ...due }: Due & { readonly errand: Errand },
): Promise<void> {
  if (due.kind === 'look') {
    noteTry(tries, due.request, { hopeless: false })
    return tryLooking(world, errand, due.look)
  }
  noteTry(tries, due.request, { hopeless: !(await trySending(world, errand, due.request)) })
}

/** Looks up now and then, where somebody may ask for something that cannot wait. */
async function waitFor({ world, tries, wait }: Job, ms: number, steps: readonly Step[]): Promise<void> {
  const glances = new Set(steps.flatMap(({ errand }) => errand.glance ?? []))
  if (glances.size === 0) return wait(ms)
  for (let left = ms; left > 0; left -= lookEveryMs) {
    await wait(Math.min(left, lookEveryMs))
    for (const glance of glances) {
      const waiting = await glance(world.now())
      if (waiting.some((each) => each.ready && isDueAtOnce(tries, each))) return
    }
  }
}

async function endWith({ world }: Job, steps: readonly Step[]): Promise<Ended> {
  if (world.signal.aborted) return { gaveUp: false }
  const givenUp = steps.filter((step) => step.kind === 'done' && step.gaveUp)
  for (const { errand } of givenUp) await withWorkspace(world, errand, beginAnew)
  return { gaveUp: givenUp.length > 0 }
}
