/** A repository in the store that reads the user's objects and keeps what the user's clone no longer has, or never had. */

import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileError } from '../errors.ts'
import type { Oid } from '../model.ts'
import { askGit } from './git.ts'
import { initBareRepo } from './init-bare.ts'
import type { Store } from './store.ts'
import { storeRemote, transportContext } from './store-git.ts'

/** Its folder of objects; there may be none yet. */
export function borrowedObjects(store: Store): string {
  return store.path('history', 'objects')
}

export async function hasBorrowed(store: Store): Promise<boolean> {
  return (await stat(borrowedObjects(store)).catch(() => undefined))?.isDirectory() ?? false
}

/**
 * Fetches commits of the project by their ids, with all that leads to them; what the clone has is not sent again. False
 * when the remote does not give one of them, or does not answer, which git tells by the same exit code: then nothing came.
 * The user's refs and objects stay as they are.
 */
export async function fetchCommits(store: Store, commits: readonly Oid[]): Promise<boolean> {
  if (commits.length === 0) return true
  const dir = store.path('history')
  if (!(await hasBorrowed(store))) await create(store, dir)
  const context = await transportContext(store.repo, dir, store.remote)
  const answer = await askGit(
    context,
    [
      'fetch',
      '--quiet',
      '--no-filter',
      '--no-tags',
      '--refmap=',
      '--no-write-fetch-head',
      '--no-auto-maintenance',
      '--no-recurse-submodules',
      '--stdin',
      storeRemote,
    ],
    commits.map((oid) => `${oid}:refs/originals/${oid}\n`).join(''),
  )
  return answer.exitCode === 0
}

/** Whole or not at all, and fine when two do it at once: two questions of one process as well. */
async function create(store: Store, dir: string): Promise<void> {
  const unfinished = `${dir}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`
  try {
    await mkdir(unfinished, { mode: 0o700 })
    await initBareRepo(store.repo, unfinished)
    // The store's own settings, one folder further down.
    const config = await readFile(path.join(store.dir, 'config'), 'utf8')
    await writeFile(
      path.join(unfinished, 'config'),
      config.replace('path = ../config', 'path = ../../config'),
    )
    await mkdir(path.join(unfinished, 'objects/info'), { recursive: true })
    await writeFile(path.join(unfinished, 'objects/info/alternates'), '../../../objects\n')
    await rename(unfinished, dir)
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true })
    // Somebody else was faster.
    if (await hasBorrowed(store)) return
    throw fileError(error, `creating ${dir}`)
  }
}
