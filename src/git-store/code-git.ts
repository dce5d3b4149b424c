/** What taking and restoring code share: how git is asked, the refs of our bundles, small answers. */

import { stat } from 'node:fs/promises'
import { fileError, TeleportError } from '../errors.ts'
import { isOid, type Oid } from '../model.ts'
import type { GitContext } from './git.ts'
import { indexInfo, type TreePath } from './raw-entries.ts'
import type { Scratch } from './scratch.ts'
import type { UserRepo } from './user-repo.ts'

/** For git on the user's own repository: nothing runs that is not needed for reading or checking out. */
export const quietly = [
  ...['-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null', '-c', 'core.splitIndex=false'],
  ...['-c', 'core.protectHFS=true', '-c', 'core.protectNTFS=true', '-c', 'submodule.recurse=false'],
]

export const codeRefs = {
  head: 'refs/code/head',
  index: 'refs/code/index',
  worktree: 'refs/code/worktree',
  intent: 'refs/code/intent',
} as const

export function userContext(repo: Pick<UserRepo, 'top' | 'environment' | 'signal'>): GitContext {
  return { cwd: repo.top, environment: repo.environment, signal: repo.signal }
}

/** The one object id that git printed. */
export function oidIn(output: Buffer): Oid {
  const text = output.toString().trimEnd()
  if (isOid(text)) return text
  throw new TeleportError('git-failed', 'git printed no object id where one was due')
}

/** A tree of exactly these entries, by way of an index file that must be new. */
export async function treeOf(scratch: Scratch, indexName: string, rows: readonly TreePath[]): Promise<Oid> {
  const index = scratch.path(indexName)
  await scratch.git(['update-index', '-z', '--index-info'], { index, input: indexInfo(rows) })
  return writeTree(scratch, index)
}

/** A partial clone lacks blobs that nobody changed. */
export async function writeTree(scratch: Scratch, index: string): Promise<Oid> {
  return oidIn(await scratch.git(['write-tree', '--missing-ok'], { index }))
}

export function tooLarge(what: string, sizeBytes: number, maxBytes: number): TeleportError {
  const mib = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`
  const enough = Math.ceil(sizeBytes / 1024 / 1024) + 1
  return new TeleportError(
    'changes-too-large',
    `${what} have ${mib(sizeBytes)}; ${mib(maxBytes)} may travel`,
    {
      hint: `git config teleport.maxChanges ${enough}m   (or commit and push, ignore what need not travel, or leave out --with-changes)`,
      data: { sizeBytes, maxBytes },
    },
  )
}

export async function sizeOf(file: string): Promise<number> {
  const found = await stat(file).catch((error: unknown) => {
    throw fileError(error, `reading ${file}`)
  })
  return found.size
}
