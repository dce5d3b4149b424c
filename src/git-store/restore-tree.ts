/** Makes an index and a work tree what a sender had, byte for byte. */

import { mkdir } from 'node:fs/promises'
import type { Oid } from '../model.ts'
import { oidIn, quietly, treeOf } from './code-git.ts'
import { type GitContext, mustAskGit } from './git.ts'
import {
  gitlinkMode,
  indexInfo,
  linkMode,
  parseRawChanges,
  parseTreePaths,
  type RawChange,
} from './raw-entries.ts'
import type { Scratch } from './scratch.ts'
import type { StagedCode } from './stage-code.ts'

/** A work tree of the user's repository. */
export interface Target {
  /** Absolute. */
  readonly top: string
  /** For git on that work tree, with the user's configuration. */
  readonly context: GitContext
  /** Absolute path of its index. */
  readonly index: string
}

/**
 * First what is staged, checked out by the user's git with the user's own filters, as in any checkout; files that are
 * not in `from`, the tree that is checked out now, are never overwritten by that. Then what differs on the disk, as raw
 * bytes. Throws `git-failed`.
 */
export async function restoreTree(
  scratch: Scratch,
  code: StagedCode,
  target: Target,
  from: Oid | null,
): Promise<void> {
  const trees = from === null ? [code.indexTree] : [from, code.indexTree]
  await mustAskGit(target.context, [...quietly, 'read-tree', '-m', '-u', ...trees])
  await writeRaw(scratch, target.top, await differences(scratch, code.indexTree, code.worktreeTree))
  if (code.intentTree !== null) await addIntentions(scratch, target, code.intentTree)
}

/** What differs between two trees, without submodules, which have no bytes of their own. */
export async function differences(scratch: Scratch, from: Oid, to: Oid): Promise<readonly RawChange[]> {
  const args = ['diff-tree', '-r', '-z', '--raw', '--no-renames', from, to]
  return parseRawChanges(await scratch.git(args)).filter(({ newMode }) => newMode !== gitlinkMode)
}

/** git moves from one tree to another, each of only what differs, so that it touches nothing else. */
async function writeRaw(scratch: Scratch, top: string, changes: readonly RawChange[]): Promise<void> {
  if (changes.length === 0) return
  const after = changes.flatMap(({ status, newMode: mode, newOid: oid, path }) =>
    status === 'D' ? [] : [{ mode, oid, path }],
  )
  const before = changes.flatMap(({ status, oldMode: mode, oldOid: oid, path }) =>
    status === 'A' ? [] : [{ mode, oid, path }],
  )
  const tree = await treeOf(scratch, 'after', after)
  const index = scratch.path('before')
  await scratch.git(['update-index', '-z', '--index-info'], { index, input: indexInfo(before) })
  await scratch.git(['read-tree', '--reset', '-u', tree], { index, workTree: top })
}

/** `git add -N` wants files to be there, and some were deleted again: a folder of empty ones stands for the work tree. */
async function addIntentions(scratch: Scratch, target: Target, tree: Oid): Promise<void> {
  const folder = scratch.path('intended')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const there = await withLinkTargets(scratch, tree)
  await scratch.git(['read-tree', '-m', '-u', there], {
    index: scratch.path('intended-index'),
    workTree: folder,
  })
  const args = ['add', '--intent-to-add', '--force', '--ignore-removal', '--', '.']
  await scratch.git(args, { index: target.index, workTree: folder })
}

/** The tree's files are empty, but no symbolic link may be: each gets some target. */
async function withLinkTargets(scratch: Scratch, tree: Oid): Promise<Oid> {
  const entries = parseTreePaths(await scratch.git(['ls-tree', '-r', '-z', tree]))
  if (!entries.some(({ mode }) => mode === linkMode)) return tree
  const target = oidIn(await scratch.git(['hash-object', '-w', '--stdin'], { input: '.' }))
  const rows = entries.map((entry) => (entry.mode === linkMode ? { ...entry, oid: target } : entry))
  return treeOf(scratch, 'intended-links', rows)
}
