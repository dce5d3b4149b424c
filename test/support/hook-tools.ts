/** husky and lefthook, the real ones, from their registry into the cache of the tests. */

import { access, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { cacheFolder, environmentForNpm } from './claude-client.ts'
import { run } from './run.ts'
import { must } from './sandbox.ts'

/** `.ci/run` names them too. */
export const hookTools = ['husky@9.1.7', 'lefthook@2.2.2'] as const

/** Path of the tools' `.bin`; installs them when the cache lacks them. Throws when they cannot be had. */
export async function installHookTools(): Promise<string> {
  const folder = path.join(cacheFolder(), `hook-tools-${hookTools.join('-').replaceAll('@', '-')}`)
  const programs = path.join(folder, 'node_modules/.bin')
  if (await exists(programs)) return programs
  await mkdir(path.dirname(folder), { recursive: true })
  const temporary = await mkdtemp(`${folder}-`)
  try {
    await writeFile(path.join(temporary, 'package.json'), '{"private":true}\n')
    const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', ...hookTools]
    const options = { cwd: temporary, env: environmentForNpm(), timeoutMs: 300_000 }
    must(await run('npm', args, options), 'npm install')
    await rename(temporary, folder)
  } catch (error) {
    await rm(temporary, { recursive: true, force: true })
    // Another run was quicker.
    if (!(await exists(programs))) throw error
  }
  return programs
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  )
}
