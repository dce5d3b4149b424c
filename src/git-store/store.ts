/** The private bare repository in the user's git directory that holds teleport objects and refs. */

import { randomBytes } from 'node:crypto'
import { appendFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { errnoOf, fileError, TeleportError } from '../errors.ts'
import { GitRemoteRefs } from './git-remote-refs.ts'
import { initBareRepo } from './init-bare.ts'
import { storeFolder } from './known-stores.ts'
import type { ObjectCodec } from './object-codec.ts'
import { openObjects } from './objects.ts'
import { isAlive } from './process-identity.ts'
import type { Remote } from './remote.ts'
import type { RemoteRefs } from './remote-refs.ts'
import { storeContext } from './store-git.ts'
import type { UserRepo } from './user-repo.ts'

export interface Store {
  /** `<git-common-dir>/teleport` */
  readonly dir: string
  readonly repo: UserRepo
  readonly remote: Remote
  readonly objects: ObjectCodec
  readonly refs: RemoteRefs
  /** A path in the store. */
  path(...parts: string[]): string
  /** Ends the helper processes, which would keep this one alive. */
  close(): Promise<void>
}

/**
 * Opens the store, making it when there is none: whole or not at all, and fine when two processes do it at once.
 * Throws `store-damaged` when something else lies in its place.
 */
export async function openStore(repo: UserRepo, remote: Remote): Promise<Store> {
  const dir = storeFolder(repo)
  if (!(await storeExists(repo))) await createStore(repo, dir)
  const objects = openObjects(storeContext(repo, dir), dir, repo.objectFormat)
  return {
    dir,
    repo,
    remote,
    objects,
    refs: new GitRemoteRefs(repo, dir, remote),
    path: (...parts) => path.join(dir, ...parts),
    close: () => objects.close(),
  }
}

/** Asks the file system only. */
export async function storeExists(repo: UserRepo): Promise<boolean> {
  const found = await stat(path.join(storeFolder(repo), 'HEAD')).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return undefined
    throw fileError(error, `looking at ${storeFolder(repo)}`)
  })
  return found?.isFile() ?? false
}

async function createStore(repo: UserRepo, dir: string): Promise<void> {
  await sweepUnfinished(repo.commonDir)
  const unfinished = `${dir}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`
  try {
    await initStore(repo, unfinished)
    await rename(unfinished, dir)
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true })
    // Another process was faster, and its store is as good as ours.
    if (await storeExists(repo)) return
    throw notCreated(error, dir)
  }
}

function notCreated(error: unknown, dir: string): TeleportError {
  const inTheWay = ['ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'EPERM'].includes(errnoOf(error) ?? '')
  if (!inTheWay) return fileError(error, `creating ${dir}`)
  return new TeleportError('store-damaged', `${dir} is in the way and is no store`, {
    hint: `mv '${dir}' '${dir}.old'`,
    cause: error,
  })
}

async function initStore(repo: UserRepo, dir: string): Promise<void> {
  await mkdir(dir, { mode: 0o700 })
  await initBareRepo(repo, dir)
  const config = path.join(dir, 'config')
  const own = await readFile(config, 'utf8')
  await writeFile(config, inheritedConfig + own)
  await appendFile(config, overrides)
}

/** First, or the user's `core.bare=false` would win over ours. Relative, so that the repository can be moved. */
const inheritedConfig = '[include]\n\tpath = ../config\n'

/** Each line undoes something that a user's configuration was seen to do to the store. */
const overrides = `[core]
	bare = true
	hooksPath = /dev/null
	logAllRefUpdates = false
	bigFileThreshold = 1m
	looseCompression = 0
	compression = 0
[pack]
	compression = 0
[gc]
	auto = 0
[maintenance]
	auto = false
[protocol]
	version = 2
[i18n]
	commitEncoding = UTF-8
[push]
	gpgSign = false
	followTags = false
	recurseSubmodules = no
[fetch]
	prune = false
	pruneTags = false
	fsckObjects = true
	unpackLimit = 1
	writeCommitGraph = false
	recurseSubmodules = no
`

/** Removes what killed processes left of stores that never came to be. */
async function sweepUnfinished(commonDir: string): Promise<void> {
  const names = await readdir(commonDir).catch(() => [])
  for (const name of names) {
    const pid = Number(/^teleport(?:-agent)?\.(\d+)\.[0-9a-f]{8}\.tmp$/.exec(name)?.[1] ?? Number.NaN)
    if (Number.isNaN(pid) || isAlive(pid)) continue
    await rm(path.join(commonDir, name), { recursive: true, force: true })
  }
}
