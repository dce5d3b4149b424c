/** `uninstall`: removes every trace of the tool from this machine, except the program itself. */

import path from 'node:path'
import { claudeHome } from '../claude/home.ts'
import { stagingTop } from '../claude/install.ts'
import { TeleportError } from '../errors.ts'
import { listFolder } from '../git-store/json-file.ts'
import {
  agentStoreName,
  filesOfStore,
  isStoreFolder,
  knownStores,
  removeFolder,
  storeFolder,
} from '../git-store/known-stores.ts'
import { listRuns } from '../git-store/run-files.ts'
import { openUserRepo, setGlobalConfig } from '../git-store/user-repo.ts'
import { consentsPath } from './auto-consent.ts'
import { defaultKeyPath, ownDevicesPath } from './device.ts'
import { removeHooks } from './hook-remove.ts'
import { pluginId, programPath, uninstallPlugin } from './plugin.ts'
import { atWork, isAtWork, worktreesFolder } from './run-records.ts'
import { cacheFolder, userFolder } from './user-folder.ts'
import { storeListPath } from './workspace.ts'
import type { World } from './world.ts'

export interface UninstallOptions {
  readonly keepKey: boolean
}

export interface UninstallResult {
  readonly removed: readonly string[]
  readonly kept: readonly string[]
}

/** Asks once, naming everything. Sessions that Claude Code has stay, and so does what is on remotes. */
export async function uninstall(world: World, options: UninstallOptions): Promise<UninstallResult> {
  const stores = await allStores(world)
  await refuseAtWork(world, stores)
  const staging = stagingTop(claudeHome(world.env, world.home, world.platform))
  const user = options.keepKey
    ? [storeListPath(world), programPath(world), consentsPath(world)]
    : [userFolder(world)]
  const keys = options.keepKey ? [defaultKeyPath(world), ownDevicesPath(world)] : []
  // What a background session left uncommitted lies there; to git they are work trees like any other.
  const worktrees = worktreesFolder(world)
  const kept = [...keys, ...((await listFolder(worktrees)).length > 0 ? [worktrees] : [])]
  const cache = cacheFolder(world)
  const folders = [...stores, staging, ...user, ...(cache === undefined ? [] : [cache])]
  const loss = options.keepKey
    ? ''
    : ' Without this key, what only it can read is lost (keep it with --keep-key).'
  if (
    !(await world.confirm(
      `Remove ${folders.join(', ')}, the hooks in their repositories, the plugin of Claude Code, and git's teleport.key setting?${loss}`,
    ))
  ) {
    throw new TeleportError('interrupted', 'nothing was removed')
  }
  const removed: string[] = []
  const plugin = await uninstallPlugin(world)
  if (plugin === 'removed') removed.push("Claude Code's plugin git-teleport")
  for (const store of stores) {
    const hooks = await removeHooks(world, store, { folders: [], dryRun: false })
    if (hooks.length > 0) removed.push(`${hooks.join(', ')} hook of ${path.dirname(store)}`)
  }
  for (const folder of folders) if (await removeFolder(folder)) removed.push(folder)
  if (!options.keepKey) await setGlobalConfig(world.env, 'teleport.key', null)
  const left =
    plugin === 'unknown' ? [`Claude Code's plugin, if it is there: claude plugin uninstall ${pluginId}`] : []
  return { removed, kept: [...kept, ...left] }
}

async function refuseAtWork(world: World, stores: readonly string[]): Promise<void> {
  for (const store of stores) {
    const place = filesOfStore(store)
    for (const session of await listRuns(place))
      if (await isAtWork(world, place, session)) throw atWork(session)
  }
}

/** Those that this machine remembers, and the one of this repository; nothing that only has a store's name. */
async function allStores(world: World): Promise<readonly string[]> {
  const known = await knownStores(storeListPath(world))
  const here = await openUserRepo(world.cwd, world.env).catch((error: unknown) => {
    if (error instanceof TeleportError && error.code === 'no-repository') return undefined
    throw error
  })
  const own = here ? [storeFolder(here), storeFolder({ ...here, storeName: agentStoreName })] : []
  const all = [...new Set([...known, ...own])]
  const stores: string[] = []
  for (const folder of all) if (await isStoreFolder(folder)) stores.push(folder)
  return stores
}
