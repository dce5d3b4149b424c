/** The file system as isomorphic-git sees it, made safe against being killed while writing an object. */

import promises from 'node:fs/promises'
import path from 'node:path'

/** A step of writing one object. Tests stop there. */
export type WriteStep = 'opened' | 'written' | 'renamed'

/**
 * isomorphic-git writes an object straight under its final name; killed then, it leaves a cut object that every later
 * writer takes for a whole one. So objects go to `tmp_obj_*` first (the one prefix that `git fsck` ignores and
 * `git prune` sweeps), are synced, then renamed.
 */
export function safeFs(onStep: (step: WriteStep) => void = () => undefined) {
  let count = 0

  async function writeFile(file: string, data: Uint8Array | string, options?: object): Promise<void> {
    if (!/[\\/]objects[\\/]/.test(file)) return promises.writeFile(file, data, options)
    count += 1
    const temporary = path.join(
      path.dirname(file),
      `tmp_obj_${process.pid}_${count}_${Date.now().toString(36)}`,
    )
    await writeObject(temporary, data)
    try {
      await promises.rename(temporary, file)
    } catch (error) {
      await promises.rm(temporary, { force: true })
      throw error
    }
    onStep('renamed')
  }

  async function writeObject(temporary: string, data: Uint8Array | string): Promise<void> {
    // ENOENT must pass through: isomorphic-git then makes the folder and writes again.
    const handle = await promises.open(temporary, 'wx', 0o444)
    onStep('opened')
    try {
      await handle.writeFile(data)
      await handle.sync()
    } catch (error) {
      await promises.rm(temporary, { force: true })
      throw error
    } finally {
      await handle.close()
    }
    onStep('written')
  }

  const { readFile, mkdir, rmdir, unlink, stat, lstat, readdir, readlink, symlink } = promises
  return { promises: { readFile, writeFile, mkdir, rmdir, unlink, stat, lstat, readdir, readlink, symlink } }
}
