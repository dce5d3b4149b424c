/**
 * `<store>/direct`: the bare repository that a checkout lends to others of the same user, who push sessions into it or fetch
 * from it over ssh and the like. It holds what any remote would: encrypted sessions and signed commits.
 */

import { randomBytes } from 'node:crypto'
import { appendFile, mkdir, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { fileError } from '../errors.ts'
import type { Oid } from '../model.ts'
import { mustAskGit } from './git.ts'
import { initBareRepo } from './init-bare.ts'
import { type Remote, remoteKey } from './remote.ts'
import type { UserRepo } from './user-repo.ts'

export function boxPath(storeDir: string): string {
  return path.join(storeDir, 'direct')
}

/** The box as this side sees it. */
export function boxRemote(storeDir: string, has: readonly Oid[]): Remote {
  const url = boxPath(storeDir)
  return { name: 'the direct way', url, key: remoteKey(url), direct: { has } }
}

/** Makes it when there is none, whole or not at all. */
export async function makeBox(repo: UserRepo, storeDir: string): Promise<void> {
  const box = boxPath(storeDir)
  if (await hasBox(storeDir)) return
  const unfinished = `${box}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`
  try {
    await mkdir(unfinished, { recursive: true, mode: 0o700 })
    await initBareRepo(repo, unfinished)
    await appendFile(path.join(unfinished, 'config'), settings)
    await rename(unfinished, box)
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true })
    if (await hasBox(storeDir)) return
    throw fileError(error, `creating ${box}`)
  }
}

/** What a user's configuration might say otherwise for every repository. */
const settings = `[core]
	hooksPath = /dev/null
	logAllRefUpdates = false
	bigFileThreshold = 1m
	looseCompression = 0
	compression = 0
[pack]
	compression = 0
[receive]
	denyNonFastForwards = false
	denyDeletes = false
	fsckObjects = true
	unpackLimit = 1
	autogc = false
[gc]
	auto = 0
[maintenance]
	auto = false
`

export async function hasBox(storeDir: string): Promise<boolean> {
  return (await stat(path.join(boxPath(storeDir), 'HEAD')).catch(() => undefined))?.isFile() ?? false
}

/** Drops what no ref has held for two weeks: younger objects may belong to a push that is being made. */
export async function compactBox(repo: UserRepo, storeDir: string): Promise<void> {
  const environment = { ...repo.environment, GIT_DIR: boxPath(storeDir) }
  await mustAskGit({ cwd: repo.top, environment }, ['gc', '--quiet', '--prune=2.weeks.ago'])
}
