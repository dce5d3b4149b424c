/** The one lock of a store, held from the first fetch to the last record. It survives nobody: a dead holder loses it. */

import { randomBytes } from 'node:crypto'
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { errnoOf, fileError, TeleportError } from '../errors.ts'
import { isRunning, ownMark, type ProcessMark } from './process-identity.ts'

/** A file is empty for a moment between its creation and its first bytes. Older and unreadable, it is a wreck. */
const wreckAgeMs = 10_000
const defaultWaitMs = 30_000
const pollMs = 40

/** Whether the process of a mark still runs. */
type IsRunning = (mark: ProcessMark) => Promise<boolean>

/**
 * Runs `work` while no other process does so for this store. Waits up to `waitMs` (default 30 s, 0: not at all), then
 * throws `store-busy`.
 */
export async function withStoreLock<T>(
  storeDir: string,
  work: () => Promise<T>,
  options: { readonly waitMs?: number; readonly isRunning?: IsRunning } = {},
): Promise<T> {
  const file = path.join(storeDir, 'lock')
  const text = await ownText()
  await acquire(file, text, options.waitMs ?? defaultWaitMs, options.isRunning ?? isRunning)
  try {
    return await work()
  } finally {
    await release(file, text)
  }
}

/** The same for a folder that there need not be yet: it is made, for the user alone. */
export async function withFolderLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw fileError(error, `making ${folder}`)
  })
  return withStoreLock(folder, work)
}

interface Holder extends ProcessMark {
  /** Different for each acquisition. */
  readonly token: string
}

async function ownText(): Promise<string> {
  const holder: Holder = { ...(await ownMark()), token: randomBytes(8).toString('hex') }
  return `${JSON.stringify(holder)}\n`
}

async function acquire(file: string, text: string, waitMs: number, runs: IsRunning): Promise<void> {
  const deadline = performance.now() + waitMs
  while (!(await tryAcquire(file, text, runs))) {
    if (performance.now() >= deadline) throw await busy(file)
    await setTimeout(pollMs * (0.5 + Math.random()))
  }
}

/**
 * Creates the file, or takes over from a dead holder. Only one of several heirs may replace the file, and none may
 * replace a living heir's. So an heir first acquires, by this same function, a second file that is named after the
 * dead holder's token and so concerns that one death; then the dead holder's file, if still there, is nobody else's to
 * touch, and the second file is moved onto it. An heir that dies in between leaves the second file, which is inherited
 * in the same way.
 */
async function tryAcquire(file: string, text: string, runs: IsRunning): Promise<boolean> {
  if (await create(file, text)) return true
  const dead = await deadHolder(file, runs)
  if (dead === undefined) return false
  const inheritance = `${file}.${dead}`
  if (!(await tryAcquire(inheritance, text, runs))) return false
  if ((await deadHolder(file, runs)) === dead) {
    await rename(inheritance, file)
    return true
  }
  await rm(inheritance, { force: true })
  return false
}

async function create(file: string, text: string): Promise<boolean> {
  const handle = await open(file, 'wx', 0o600).catch((error: unknown) => {
    if (errnoOf(error) === 'EEXIST') return undefined
    throw fileError(error, `taking the lock ${file}`)
  })
  if (!handle) return false
  try {
    await handle.writeFile(text)
  } catch (error) {
    await rm(file, { force: true })
    throw fileError(error, `taking the lock ${file}`)
  } finally {
    await handle.close()
  }
  // Stopped for long before the write, we may have been taken for a wreck and replaced.
  return (await readFile(file, 'utf8').catch(() => '')) === text
}

/** The token of a holder that is dead; `undefined` when it lives, or nobody holds the lock. */
async function deadHolder(file: string, runs: IsRunning): Promise<string | undefined> {
  const holder = await readHolder(file)
  if (holder === undefined) return undefined
  if (holder !== 'unreadable') return (await runs(holder)) ? undefined : holder.token
  const ageMs = await stat(file).then(
    (found) => Date.now() - found.mtimeMs,
    () => 0,
  )
  return ageMs > wreckAgeMs ? 'unreadable' : undefined
}

async function readHolder(file: string): Promise<Holder | 'unreadable' | undefined> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw fileError(error, `reading the lock ${file}`)
  })
  if (text === undefined) return undefined
  try {
    return parseHolder(JSON.parse(text)) ?? 'unreadable'
  } catch {
    return 'unreadable'
  }
}

function parseHolder(value: unknown): Holder | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (!('pid' in value && 'start' in value && 'host' in value && 'token' in value)) return undefined
  const { pid, start, host, token } = value
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0) return undefined
  if (typeof host !== 'string' || typeof token !== 'string' || !/^[0-9a-f]{16}$/.test(token)) return undefined
  return start === null || typeof start === 'string' ? { pid, start, host, token } : undefined
}

async function release(file: string, text: string): Promise<void> {
  const held = await readFile(file, 'utf8').catch(() => undefined)
  if (held === text) await rm(file, { force: true })
}

async function busy(file: string): Promise<TeleportError> {
  const holder = await readHolder(file).catch(() => undefined)
  const known = holder !== undefined && holder !== 'unreadable' ? holder : undefined
  const who = known ? ` (process ${known.pid} on ${known.host})` : ''
  return new TeleportError('store-busy', `another git-teleport command works on this repository${who}`, {
    hint: `wait for it to end; if there is none: rm '${file}'`,
    data: known ? { pid: known.pid, host: known.host } : {},
  })
}
