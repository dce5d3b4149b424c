/** `init --plugin`: Claude Code gets the plugin that lies in this package, and the plugin finds this program. */

import path from 'node:path'
import { findClient } from '../claude/headless.ts'
import { addPlugin, dropPlugin, type PluginClient, packageFolder, pluginId } from '../claude/plugin.ts'
import { hasCode } from '../errors.ts'
import { agentEnvironment } from '../git-store/environment.ts'
import { replaceText } from '../git-store/json-file.ts'
import { userFolder } from './user-folder.ts'
import type { World } from './world.ts'

export { pluginId } from '../claude/plugin.ts'

export interface InstalledPlugin {
  /** As `claude plugin` names it. */
  readonly id: string
  /** The marketplace: this package. */
  readonly folder: string
}

/**
 * Looks for the client and the package, and returns what installs. Safe to repeat, as after an update that moved the package.
 * Both throw `no-agent`.
 */
export async function readyPlugin(world: World): Promise<() => Promise<InstalledPlugin>> {
  const client = await clientOf(world)
  const folder = await packageFolder()
  return async () => {
    await rememberProgram(world)
    await addPlugin(client, folder)
    return { id: pluginId, folder }
  }
}

/** `unknown`: the client is gone, or does not answer, which keeps nothing else from being removed. */
export async function uninstallPlugin(world: World): Promise<'removed' | 'none' | 'unknown'> {
  try {
    return (await dropPlugin(await clientOf(world))) ? 'removed' : 'none'
  } catch (error) {
    if (hasCode(error, 'no-agent')) return 'unknown'
    throw error
  }
}

async function clientOf(world: World): Promise<PluginClient> {
  const program = await findClient(world.env, world.home)
  return { program, cwd: world.cwd, env: agentEnvironment(world.env) }
}

/** Hooks have the PATH of whatever started the client, which need not lead here. */
export async function rememberProgram(world: World): Promise<void> {
  const { program } = world
  if (program) await replaceText(programPath(world), program.map((word) => `${word}\n`).join(''))
}

/** What the plugin's hooks read: Node, and the file that it runs. */
export function programPath(world: World): string {
  return path.join(userFolder(world), 'program')
}
