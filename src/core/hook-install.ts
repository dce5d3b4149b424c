/** `hook install`: our hooks beside whatever the repository has. */

import { type HookName, hookNames } from '../git-store/hook-block.ts'
import { configureHook, knowsConfigHooks } from '../git-store/hook-config.ts'
import { findHookFolder, folderExists, type Placed, placeBlock } from '../git-store/hook-files.ts'
import { readHookRecord, writeHookRecord } from '../git-store/hook-record.ts'
import { installScripts } from '../git-store/hook-scripts.ts'
import { makeQueue } from '../git-store/queue-files.ts'
import { type AutoMode, autoMode } from './automation.ts'
import { type Workspace, withWorkspace } from './workspace.ts'
import type { World } from './world.ts'

export interface HookInstallOptions {
  readonly remote?: string | undefined
  readonly dryRun: boolean
  /** Whether git takes hooks from its configuration; asked of git unless told. */
  readonly configHooks?: boolean
}

export interface InstalledHook {
  readonly name: HookName
  readonly state: Placed | 'configured'
}

export interface HookInstallResult {
  /** `config`: git's own configuration. `files`: a block in each hook file. */
  readonly kind: 'config' | 'files'
  /** Where the hook files are; null for `config`. */
  readonly folder: string | null
  readonly auto: AutoMode
  readonly hooks: readonly InstalledHook[]
  readonly dryRun: boolean
}

/** Safe to repeat. Throws `failed`, `git-failed`, `usage` for a `teleport.auto` that makes no sense. */
export async function installHooks(world: World, options: HookInstallOptions): Promise<HookInstallResult> {
  return withWorkspace(world, options, async (ws) => {
    const auto = await autoMode(ws)
    const configHooks = options.configHooks ?? (await knowsConfigHooks(ws.repo))
    if (!options.dryRun) {
      await installScripts(ws.store, world.program ?? null)
      await makeQueue(ws.store)
    }
    const placed = configHooks ? await intoConfig(ws, options) : await intoFiles(ws, options)
    return { ...placed, auto, dryRun: options.dryRun }
  })
}

type Installed = Pick<HookInstallResult, 'kind' | 'folder' | 'hooks'>

async function intoConfig(ws: Workspace, { dryRun }: HookInstallOptions): Promise<Installed> {
  if (!dryRun) for (const name of hookNames) await configureHook(ws.repo, name)
  const hooks = hookNames.map((name) => ({ name, state: 'configured' as const }))
  return { kind: 'config', folder: null, hooks }
}

/** What is written down first is found again by `uninstall`, however far this gets. */
async function intoFiles(ws: Workspace, { dryRun }: HookInstallOptions): Promise<Installed> {
  const folder = await findHookFolder(ws.repo, ws.world.platform)
  const known = await readHookRecord(ws.store.dir)
  const made = (await folderExists(folder.path)) ? known.made : [...known.made, folder.path]
  if (!dryRun) {
    const folders = [...new Set([...known.folders, folder.path])]
    await writeHookRecord(ws.store.dir, { folders, made: [...new Set(made)] })
  }
  const hooks: InstalledHook[] = []
  for (const name of hookNames) hooks.push({ name, state: await placeBlock(folder, name, { dryRun }) })
  if (folder.shared) {
    ws.world.note(
      `${folder.path} serves other repositories too: there the lines do nothing unless the hooks are installed`,
    )
  }
  return { kind: 'files', folder: folder.path, hooks }
}
