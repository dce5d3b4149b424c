/** The files that a commit holds, by name. */

import type { Oid } from '../model.ts'
import { type GitContext, mustAskGit } from './git.ts'

export interface TrackedFiles {
  readonly files: readonly string[]
  /** Beyond those listed. */
  readonly more: number
}

const mostFiles = 50_000

export async function trackedFiles(context: GitContext, commit: Oid): Promise<TrackedFiles> {
  const listed = await mustAskGit(context, ['ls-tree', '-r', '-z', '--name-only', '--full-tree', commit])
  const names = listed.toString().split('\0').slice(0, -1)
  return { files: names.slice(0, mostFiles), more: Math.max(0, names.length - mostFiles) }
}

/** Size of a file of that commit; undefined where it is none, such as a folder or a submodule. */
export async function trackedSize(
  context: GitContext,
  commit: Oid,
  path: string,
): Promise<number | undefined> {
  if (path.includes('\n')) return undefined
  const found = await mustAskGit(
    context,
    ['cat-file', '--batch-check=%(objecttype) %(objectsize)'],
    `${commit}:${path}\n`,
  )
  const [, size] = /^blob (\d+)$/m.exec(found.toString()) ?? []
  return size === undefined ? undefined : Number(size)
}
