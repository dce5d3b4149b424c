/** Writes the work tree into a tree, its bytes as they lie on the disk. */

import { existsSync } from 'node:fs'
import { lstat } from 'node:fs/promises'
import path from 'node:path'
import type { Oid } from '../model.ts'
import { quietly, tooLarge, userContext, writeTree } from './code-git.ts'
import { mustAskGit } from './git.ts'
import { showOutside } from './outside-text.ts'
import { gitlinkMode, joinZ, parseRawChanges, pathText, type RawChange, splitZ } from './raw-entries.ts'
import type { Scratch } from './scratch.ts'
import type { UserRepo } from './user-repo.ts'

export interface CapturedWorkTree {
  readonly tree: Oid
  readonly changed: number
  readonly untracked: number
  readonly notes: readonly string[]
}

/**
 * What differs from the index by git's own record of it, and what is untracked and not ignored, byte for byte as it lies
 * on the disk. The rest is what a checkout of the index gives.
 */
export async function captureWorkTree(
  repo: UserRepo,
  scratch: Scratch,
  index: string,
  maxBytes: number,
): Promise<CapturedWorkTree> {
  const here = { index, workTree: repo.top }
  // Only the commit of a submodule is looked at: no git runs inside of it.
  const differing = parseRawChanges(
    await scratch.git(['diff-files', '--raw', '-z', '--ignore-submodules=dirty'], here),
  )
  const listed = await mustAskGit(userContext(repo), [
    ...quietly,
    ...['ls-files', '--others', '--exclude-standard', '-z'],
  ])
  const others = splitZ(listed)
  const untracked = others.filter((name) => !name.endsWith('/'))
  const nested = others.filter((name) => name.endsWith('/'))
  const moved = differing.filter(({ newMode }) => newMode === gitlinkMode)
  const changed = differing.filter(({ newMode }) => newMode !== gitlinkMode)
  const isGone = ({ status }: RawChange) => status === 'D'
  const present = [...changed.filter((each) => !isGone(each)).map(({ path: name }) => name), ...untracked]
  await refuseLarge(repo, present, maxBytes)
  const gone = changed.filter(isGone).map(({ path: name }) => name)
  const update = async (names: readonly string[], ...how: readonly string[]) => {
    if (names.length > 0)
      await scratch.git(['update-index', '-z', ...how, '--stdin'], { ...here, input: joinZ(names) })
  }
  await update(gone, '--force-remove')
  await update(present, '--add', '--remove', '--replace')
  return {
    tree: await writeTree(scratch, index),
    changed: changed.length,
    untracked: untracked.length,
    notes: [
      ...(await submoduleNotes(repo, scratch, index, moved)),
      ...nested.map((name) => `${pathText(name)} is a repository of its own and does not travel`),
    ],
  }
}

async function submoduleNotes(
  repo: UserRepo,
  scratch: Scratch,
  index: string,
  moved: readonly RawChange[],
): Promise<readonly string[]> {
  const listed = splitZ(await scratch.git(['ls-files', '--stage', '-z'], { index }))
  const modules = listed.flatMap((line) => /^160000 [0-9a-f]+ 0\t([\s\S]+)$/.exec(line)?.[1] ?? [])
  const populated = modules.filter((name) => existsSync(path.join(repo.top, pathText(name), '.git')))
  return populated.map((name) =>
    moved.some((each) => each.path === name)
      ? `the submodule ${pathText(name)} stands at another commit than the index says: neither that nor changes inside of it travel`
      : `changes inside of the submodule ${pathText(name)} do not travel`,
  )
}

/** Before anything large is read. */
async function refuseLarge(repo: UserRepo, names: readonly string[], maxBytes: number): Promise<void> {
  let total = 0
  let largest = { name: '', size: 0 }
  for (const name of names) {
    const file = Buffer.concat([Buffer.from(`${repo.top}/`), Buffer.from(name, 'latin1')])
    const size = (await lstat(file).catch(() => undefined))?.size ?? 0
    total += size
    if (size > largest.size) largest = { name, size }
  }
  if (total > maxBytes)
    throw tooLarge(
      `the changed and untracked files (the largest is ${showOutside(pathText(largest.name), 200)})`,
      total,
      maxBytes,
    )
}
