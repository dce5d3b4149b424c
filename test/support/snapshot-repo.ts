/** A picture of a git directory, to show that it stayed byte for byte as it was. */

import { createHash } from 'node:crypto'
import { lstat, readdir, readFile, readlink } from 'node:fs/promises'
import path from 'node:path'

/**
 * Every file and link of `gitDir`, by its path, with mode and content. Leaves out `teleport`, the store. Folders count
 * too: an empty one that appears is a trace.
 */
export async function snapshotRepo(gitDir: string): Promise<Readonly<Record<string, string>>> {
  const entries = await readdir(gitDir, { withFileTypes: true, recursive: true })
  const files = entries
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => path.relative(gitDir, file).split(path.sep)[0] !== 'teleport')
    .sort()
  const rows = files.map(async (file) => [path.relative(gitDir, file), await describe(file)] as const)
  return Object.fromEntries(await Promise.all(rows))
}

async function describe(file: string): Promise<string> {
  const found = await lstat(file)
  const mode = found.mode.toString(8)
  if (found.isDirectory()) return `${mode} folder`
  if (found.isSymbolicLink()) return `${mode} link to ${await readlink(file)}`
  const digest = createHash('sha256')
    .update(await readFile(file))
    .digest('hex')
  return `${mode} ${digest}`
}
