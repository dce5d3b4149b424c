/** What the background worker leaves in the store: that it runs, how it stands to each remote, what went wrong. */

import { mkdir, rm, utimes, writeFile } from 'node:fs/promises'
import { fileError } from '../errors.ts'
import { readCachedJson, writeJson } from './json-file.ts'
import type { Store } from './store.ts'

type Place = Pick<Store, 'path'>

export async function makeWorkerFolder(store: Place): Promise<string> {
  const folder = store.path('worker')
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw fileError(error, `making ${folder}`)
  })
  return folder
}

/** Tells the hooks that they need not start another one: git's for three minutes, the client's while this process runs. */
export async function markRunning(store: Place): Promise<void> {
  const file = store.path('worker', 'running')
  await writeFile(file, `${process.pid}\n`)
  const now = new Date()
  await utimes(file, now, now)
}

export async function unmarkRunning(store: Place): Promise<void> {
  await rm(store.path('worker', 'running'), { force: true })
}

/** Whether something is left to send: then the next push of the user's starts a worker. */
export async function markUnsent(store: Place, unsent: boolean): Promise<void> {
  const file = store.path('worker', 'unsent')
  if (unsent) await writeFile(file, '')
  else await rm(file, { force: true })
}

/** What the worker remembers of one remote, not checked; `undefined` when there is none. */
export function readWorkerState(store: Place, remoteKey: string): Promise<unknown | undefined> {
  return readCachedJson(store.path('worker', `${remoteKey}.json`))
}

export function writeWorkerState(store: Place, remoteKey: string, state: unknown): Promise<void> {
  return writeJson(store.path('worker', `${remoteKey}.json`), state)
}

/** What went wrong last, not checked; `undefined` when nothing did. */
export function readProblem(store: Place): Promise<unknown | undefined> {
  return readCachedJson(store.path('worker', 'problem.json'))
}

/** `null` forgets it. */
export async function writeProblem(store: Place, problem: unknown | null): Promise<void> {
  const file = store.path('worker', 'problem.json')
  if (problem === null) await rm(file, { force: true })
  else await writeJson(file, problem)
}
