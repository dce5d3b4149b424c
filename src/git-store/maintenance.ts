/** How large the store is, and making it smaller. */

import { lstat, readdir } from 'node:fs/promises'
import path from 'node:path'
import { errnoOf, fileError } from '../errors.ts'
import { mustRunGit, runGit } from './git.ts'
import { withStoreLock } from './lock.ts'
import type { Store } from './store.ts'
import { storeContext } from './store-git.ts'

export interface StoreSize {
  /** Of the files' contents. `du` counts 4 KiB more for each of up to 256 folders. */
  readonly bytes: number
  readonly files: number
  readonly packs: number
  readonly loose: number
}

/** Zeros when there is no store. A file that vanishes meanwhile does not count. */
export async function storeSize(dir: string): Promise<StoreSize> {
  const files = await listFiles(dir)
  let bytes = 0
  for (const file of files) bytes += (await lstat(file).catch(() => undefined))?.size ?? 0
  const inside = files.map((file) => path.relative(dir, file).split(path.sep).join('/'))
  return {
    bytes,
    files: files.length,
    packs: inside.filter((file) => /^objects\/pack\/[^/]+\.pack$/.test(file)).length,
    loose: inside.filter((file) => /^objects\/[0-9a-f]{2}\/[0-9a-f]+$/.test(file)).length,
  }
}

async function listFiles(dir: string): Promise<readonly string[]> {
  const entries = await readdir(dir, { withFileTypes: true, recursive: true }).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return []
    throw fileError(error, `listing ${dir}`)
  })
  return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name))
}

/**
 * Packs everything, drops what no ref has held for two weeks: younger objects may belong to a push that is being made.
 * Under the store's lock. Bytes. Throws `store-busy`, `git-failed`.
 */
export async function compactStore(
  store: Pick<Store, 'dir' | 'repo'>,
): Promise<{ readonly before: number; readonly after: number }> {
  const before = await storeSize(store.dir)
  // The grace is spelled out, for the user's own gc.pruneExpire is part of the store's configuration.
  const args = ['gc', '--quiet', '--prune=2.weeks.ago']
  await withStoreLock(store.dir, () => mustRunGit(storeContext(store.repo, store.dir), args))
  const after = await storeSize(store.dir)
  return { before: before.bytes, after: after.bytes }
}

/** Whether git finds everything in the store that its refs reach, whole. Reads all of it. */
export async function isStoreWhole(store: Pick<Store, 'dir' | 'repo'>): Promise<boolean> {
  const args = ['fsck', '--no-dangling', '--no-progress']
  return (await runGit(storeContext(store.repo, store.dir), args)).exitCode === 0
}
