/** `hook status`: whether the hooks are in place, and what they have noted. */

import { type Problem, parseProblem, parseWorkerState } from '../bundle/worker-state.ts'
import { type HookName, hookNames } from '../git-store/hook-block.ts'
import { configuredHooks } from '../git-store/hook-config.ts'
import { findBlock, findHookFolder } from '../git-store/hook-files.ts'
import { findScripts } from '../git-store/hook-scripts.ts'
import { listQueue } from '../git-store/queue-files.ts'
import { readProblem, readWorkerState } from '../git-store/worker-files.ts'
import { type AutoMode, autoMode } from './automation.ts'
import { drainQueue } from './hook-queue.ts'
import { readLocalLinks } from './local-links.ts'
import { type Workspace, withWorkspace } from './workspace.ts'
import type { World } from './world.ts'

export interface HookState {
  readonly name: HookName
  /** `chained`: pre-commit runs it. */
  readonly state: 'configured' | 'file' | 'chained' | 'missing'
}

export interface Automation {
  readonly auto: AutoMode
  /** `partly`: another tool has overwritten some of it, or the store was made anew. */
  readonly installed: 'yes' | 'partly' | 'no'
  /** Commits whose links are not on the remote yet. */
  readonly unsent: number
  /** Tries to send in the background that failed one after the other. */
  readonly failures: number
  /** UTC; null when nothing waits for a time. */
  readonly nextTry: string | null
  readonly problem: Problem | null
}

export interface HookStatus extends Automation {
  readonly hooks: readonly HookState[]
}

export async function hookStatus(
  world: World,
  options: { readonly remote?: string | undefined },
): Promise<HookStatus> {
  return withWorkspace(world, options, async (ws) => {
    const problem = parseProblem(await readProblem(ws.store))
    await drainQueue(ws)
    return { ...(await automationOf(ws, problem)), hooks: await findHooks(ws) }
  })
}

/** `problem` is handed in, since whoever drains the queue tells it and forgets it. */
export async function automationOf(ws: Workspace, problem: Problem | null): Promise<Automation> {
  const worker = parseWorkerState(await readWorkerState(ws.store, ws.remote.key))
  const unsent = (await readLocalLinks(ws)).length
  return {
    auto: await autoMode(ws),
    installed: await installed(ws),
    unsent,
    failures: worker.failures,
    nextTry: unsent > 0 ? worker.notBefore : null,
    problem,
  }
}

async function installed(ws: Workspace): Promise<Automation['installed']> {
  const hooks = await findHooks(ws)
  const scripts = await findScripts(ws.store)
  const missing = hooks.filter(({ state }) => state === 'missing').length
  if (missing === hooks.length) return 'no'
  const listens = (await listQueue(ws.store)) !== null
  return missing === 0 && scripts === 'whole' && listens ? 'yes' : 'partly'
}

export async function findHooks(ws: Workspace): Promise<readonly HookState[]> {
  const configured = await configuredHooks(ws.repo)
  const folder = await findHookFolder(ws.repo, ws.world.platform)
  const states: HookState[] = []
  for (const name of hookNames) {
    const found = await findBlock(folder.path, name)
    const inFile = found === 'there' ? 'file' : found
    states.push({ name, state: configured.get(name) ? 'configured' : inFile })
  }
  return states
}
