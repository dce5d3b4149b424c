/** Our hooks as git 2.54 and newer takes them: from its configuration, beside all hook files. */

import path from 'node:path'
import { askGit, mustAskGit } from './git.ts'
import { commandFor, type HookName, hookNames } from './hook-block.ts'
import { setLocalConfig } from './user-config.ts'
import { gitConfig, gitVersion, type UserRepo } from './user-repo.ts'

/** Older ones ignore the settings without a word. */
const oldest = [2, 54] as const

export async function knowsConfigHooks(repo: UserRepo): Promise<boolean> {
  const [major = 0, minor = 0] = (await gitVersion(repo.environment)).split('.').map(Number)
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1])
}

const section = (name: HookName) => `hook.git-teleport-${name}`

/** Whether each of our hooks is configured as this program does it. Throws `git-failed`. */
export async function configuredHooks(repo: UserRepo): Promise<ReadonlyMap<HookName, boolean>> {
  const config = await gitConfig(repo)
  return new Map(
    hookNames.map((name) => [
      name,
      config.get(`${section(name)}.command`)?.at(-1) === commandFor(name) &&
        config.get(`${section(name)}.event`)?.includes(name) === true &&
        config.get(`${section(name)}.enabled`)?.at(-1) !== 'false',
    ]),
  )
}

/** Into the repository's own configuration. Throws `git-failed`. */
export async function configureHook(repo: UserRepo, name: HookName): Promise<void> {
  await setLocalConfig(repo, `${section(name)}.command`, commandFor(name))
  await setLocalConfig(repo, `${section(name)}.event`, name)
}

/** Takes our hook out of the configuration of the repository whose shared git directory this is. Whether it was there. */
export async function unconfigureHook(
  commonDir: string,
  environment: Readonly<Record<string, string>>,
  name: HookName,
  options: { readonly dryRun: boolean },
): Promise<boolean> {
  const config = ['config', '--file', path.join(commonDir, 'config')]
  const context = { cwd: commonDir, environment }
  if ((await askGit(context, [...config, '--get-regexp', pattern(name)])).exitCode !== 0) return false
  if (!options.dryRun) await mustAskGit(context, [...config, '--remove-section', section(name)])
  return true
}

const pattern = (name: HookName) => `^${section(name).replace('.', '[.]')}[.]`
