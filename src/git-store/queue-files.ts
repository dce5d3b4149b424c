/** What the hooks note in the store: a file for each event, whose time is that of the event to the millisecond. */

import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { errnoOf, fileError } from '../errors.ts'
import type { Store } from './store.ts'

type Place = Pick<Store, 'path'>

export interface QueuedFile {
  readonly name: string
  readonly text: string
  readonly timeMs: number
}

const eventName = /^(?:[0-9a-f]{40}|[0-9a-f]{64}|rewrite)\.\d+$/
const largestBytes = 64 * 1024 * 1024

/** Without a queue the hooks note nothing. */
export async function makeQueue(store: Place): Promise<void> {
  await mkdir(queueFolder(store), { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw fileError(error, `making ${queueFolder(store)}`)
  })
}

export async function removeQueue(storeDir: string): Promise<void> {
  await rm(path.join(storeDir, 'queue'), { recursive: true, force: true })
}

export function queueFolder(store: Place): string {
  return store.path('queue')
}

/** The names of what waits; null when there is no queue. */
export async function listQueue(store: Place): Promise<readonly string[] | null> {
  const names = await readdir(queueFolder(store)).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return null
    throw fileError(error, `listing ${queueFolder(store)}`)
  })
  return names?.filter((name) => eventName.test(name)) ?? null
}

/** Oldest first. One that vanished meanwhile is left out. */
export async function readQueue(store: Place): Promise<readonly QueuedFile[]> {
  const found: QueuedFile[] = []
  for (const name of (await listQueue(store)) ?? []) {
    const file = store.path('queue', name)
    try {
      const { mtimeMs, size } = await stat(file)
      const text = size > largestBytes ? '' : await readFile(file, 'utf8')
      found.push({ name, text, timeMs: mtimeMs })
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw fileError(error, `reading ${file}`)
    }
  }
  return found.sort((a, b) => a.timeMs - b.timeMs)
}

export async function removeQueued(store: Place, names: readonly string[]): Promise<void> {
  for (const name of names) await rm(store.path('queue', name), { force: true })
}
