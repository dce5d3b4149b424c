/** The client's own command for plugins. */

import { execFile } from 'node:child_process'
import { access } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { TeleportError } from '../errors.ts'

/** As `claude plugin` names it: the plugin, and the marketplace that it is from. */
export const pluginId = 'git-teleport@git-teleport'
const marketplace = 'git-teleport'

export interface PluginClient {
  /** Absolute path. */
  readonly program: string
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
}

/** Adds the marketplace in `folder`, or moves it there, and installs. Safe to repeat. Throws `no-agent`. */
export async function addPlugin(client: PluginClient, folder: string): Promise<void> {
  await ask(client, ['marketplace', 'add', folder])
  await ask(client, ['install', pluginId])
}

/** Whether it was there. Throws `no-agent`. */
export async function dropPlugin(client: PluginClient): Promise<boolean> {
  if (!(await hasPlugin(client))) return false
  await ask(client, ['uninstall', pluginId])
  await ask(client, ['marketplace', 'remove', marketplace])
  return true
}

async function hasPlugin(client: PluginClient): Promise<boolean> {
  const listed = await ask(client, ['list', '--json'])
  try {
    const plugins: unknown = JSON.parse(listed)
    return Array.isArray(plugins) && plugins.some(isOurs)
  } catch {
    return false
  }
}

function isOurs(plugin: unknown): boolean {
  return typeof plugin === 'object' && plugin !== null && 'id' in plugin && plugin.id === pluginId
}

const limitMs = 120_000
const mostBytes = 4 * 1024 * 1024

async function ask({ program, cwd, env }: PluginClient, args: readonly string[]): Promise<string> {
  try {
    const options = { cwd, env: { ...env }, timeout: limitMs, maxBuffer: mostBytes }
    const { stdout } = await promisify(execFile)(program, ['plugin', ...args], options)
    return stdout
  } catch (error) {
    throw new TeleportError('no-agent', `claude plugin ${args[0]} failed`, {
      hint: `see what it says: claude plugin ${args.join(' ')}`,
      cause: error,
    })
  }
}

/** The marketplace that comes with this program: some folders above the code, whatever the build made of that. */
export async function packageFolder(): Promise<string> {
  for (let folder = import.meta.dirname; ; folder = path.dirname(folder)) {
    const found = await access(path.join(folder, '.claude-plugin/marketplace.json')).then(
      () => true,
      () => false,
    )
    if (found) return folder
    if (path.dirname(folder) === folder) throw new Error('.claude-plugin is not in the package')
  }
}
