/**
 * The real Agent SDK, installed from its registry into a cache outside of the repository, as the client is: it is under a
 * licence of its own and never vendored. Without the client that it would bring, and without what it only takes types from.
 */

import { access, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { cacheFolder, environmentForNpm } from './claude-client.ts'
import { run } from './run.ts'
import { must } from './sandbox.ts'

/** The one that speaks to the client of `claude-client.ts`. */
export const sdkVersion = '0.3.329'

/** Folder of the package; installs it when the cache lacks it. Throws when it cannot be installed. */
export async function installAgentSdk(): Promise<string> {
  const folder = path.join(cacheFolder(), `agent-sdk-${sdkVersion}`)
  const installed = path.join(folder, 'node_modules/@anthropic-ai/claude-agent-sdk')
  if (!(await exists(path.join(installed, 'sdk.mjs')))) await install(folder)
  return installed
}

/** Beside the target and renamed, so that a broken install is never taken for a good one. */
async function install(folder: string): Promise<void> {
  await mkdir(path.dirname(folder), { recursive: true })
  const temporary = await mkdtemp(`${folder}-`)
  await writeFile(path.join(temporary, 'package.json'), '{"private":true}\n')
  const leaner = ['--ignore-scripts', '--omit=optional', '--legacy-peer-deps', '--engine-strict=false']
  const args = ['install', ...leaner, '--no-audit', '--no-fund', '--loglevel=error']
  const options = { cwd: temporary, env: environmentForNpm(), timeoutMs: 300_000 }
  try {
    const wanted = `@anthropic-ai/claude-agent-sdk@${sdkVersion}`
    must(await run('npm', [...args, wanted], options), 'npm install')
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    throw error
  }
  await rename(temporary, folder).catch(async (error: unknown) => {
    await rm(temporary, { recursive: true, force: true })
    // Another run was quicker.
    if (!(await exists(folder))) throw error
  })
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}
