/** Remembers which repositories have a private store, so that `uninstall` finds them all. */

import { appendFile, lstat, mkdir, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import { errnoOf, fileError } from '../errors.ts'
import type { UserRepo } from './user-repo.ts'

/** Absolute paths of the stores that were made, in the order of their making. */
export async function knownStores(file: string): Promise<readonly string[]> {
  try {
    const lines = (await readFile(file, 'utf8')).split('\n')
    return lines.filter((line) => path.isAbsolute(line) && storeNames.has(path.basename(line)))
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []
    throw fileError(error, `reading ${file}`)
  }
}

export async function rememberStore(file: string, dir: string): Promise<void> {
  if ((await knownStores(file)).includes(dir)) return
  try {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
    await appendFile(file, `${dir}\n`, { mode: 0o600 })
  } catch (error) {
    throw fileError(error, `writing ${file}`)
  }
}

/** The store of programs, which keep sessions in a place of their own, is as separate as another clone's would be. */
export const agentStoreName = 'teleport-agent'

const storeNames: ReadonlySet<string> = new Set(['teleport', agentStoreName])

export function storeFolder(repo: Pick<UserRepo, 'commonDir' | 'storeName'>): string {
  return path.join(repo.commonDir, repo.storeName ?? 'teleport')
}

/** The files of the store in `dir`, which need not be open for that. */
export function filesOfStore(dir: string): { path(...parts: readonly string[]): string } {
  return { path: (...parts) => path.join(dir, ...parts) }
}

/** Whether a store lies there, and not something of the user's that has its name. */
export async function isStoreFolder(dir: string): Promise<boolean> {
  const found = await lstat(path.join(dir, 'HEAD')).catch(() => undefined)
  return found?.isFile() ?? false
}

/** Whether there was something. A link is removed, not followed. */
export async function removeFolder(folder: string): Promise<boolean> {
  try {
    await lstat(folder)
    await rm(folder, { recursive: true, force: true })
    return true
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false
    throw fileError(error, `removing ${folder}`)
  }
}
