/** `hook uninstall`: takes our hooks out of a repository, which is then as it was. */

import path from 'node:path'
import { scrubEnvironment } from '../git-store/environment.ts'
import { type HookName, hookNames } from '../git-store/hook-block.ts'
import { unconfigureHook } from '../git-store/hook-config.ts'
import { findHookFolder, removeEmptyFolder, takeBlock } from '../git-store/hook-files.ts'
import { readHookRecord } from '../git-store/hook-record.ts'
import { removeScripts } from '../git-store/hook-scripts.ts'
import { knownStores } from '../git-store/known-stores.ts'
import { removeQueue } from '../git-store/queue-files.ts'
import { drainQueue } from './hook-queue.ts'
import { storeListPath, withWorkspace } from './workspace.ts'
import type { World } from './world.ts'

export interface HookRemoveOptions {
  readonly remote?: string | undefined
  readonly dryRun: boolean
}

export interface HookRemoveResult {
  /** Hooks that were there. */
  readonly removed: readonly HookName[]
  readonly dryRun: boolean
}

/** Links that were made stay for the next push. Throws `failed`, `git-failed`. */
export async function uninstallHooks(world: World, options: HookRemoveOptions): Promise<HookRemoveResult> {
  return withWorkspace(world, options, async (ws) => {
    if (!options.dryRun) await drainQueue(ws)
    const { path: folder } = await findHookFolder(ws.repo, world.platform)
    const removed = await removeHooks(world, ws.store.dir, { folders: [folder], dryRun: options.dryRun })
    return { removed, dryRun: options.dryRun }
  })
}

/** By what the store at `storeDir` wrote down, and in `folders` besides. */
export async function removeHooks(
  world: World,
  storeDir: string,
  { folders, dryRun }: { readonly folders: readonly string[]; readonly dryRun: boolean },
): Promise<readonly HookName[]> {
  const record = await readHookRecord(storeDir)
  const others = await neededElsewhere(world, storeDir)
  const removed = new Set<HookName>()
  for (const folder of new Set([...record.folders, ...folders])) {
    if (others.has(folder)) continue
    for (const name of hookNames) if (await takeBlock(folder, name, { dryRun })) removed.add(name)
    if (!dryRun && record.made.includes(folder)) await removeEmptyFolder(folder)
  }
  const environment = scrubEnvironment(world.env, { background: false })
  for (const name of hookNames) {
    if (await unconfigureHook(path.dirname(storeDir), environment, name, { dryRun })) removed.add(name)
  }
  if (!dryRun) {
    await removeQueue(storeDir)
    await removeScripts(storeDir)
  }
  return hookNames.filter((name) => removed.has(name))
}

/** Folders of hooks that another repository's store relies on, as when `core.hooksPath` is the user's own setting. */
async function neededElsewhere(world: World, storeDir: string): Promise<ReadonlySet<string>> {
  const needed = new Set<string>()
  for (const other of await knownStores(storeListPath(world))) {
    if (other === storeDir) continue
    for (const folder of (await readHookRecord(other)).folders) needed.add(folder)
  }
  return needed
}
