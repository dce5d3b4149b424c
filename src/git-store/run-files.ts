/** What lies in the store of each background session: its record, the client's stream, a lock of its own. */

import { appendFile, lstat, mkdir, writeFile } from 'node:fs/promises'
import { fileError } from '../errors.ts'
import { isSessionId, type SessionId } from '../model.ts'
import { listFolder, readJson, writeJson } from './json-file.ts'
import { removeFolder } from './known-stores.ts'
import type { Store } from './store.ts'

type Place = Pick<Store, 'path'>

/** `<store>/runs/<session>` */
export function runFolder(store: Place, session: SessionId): string {
  return store.path('runs', session)
}

/** The client's own stream of JSON lines. */
export function runLog(store: Place, session: SessionId): string {
  return store.path('runs', session, 'log.jsonl')
}

/** A row of ours in that stream. */
export async function appendToLog(store: Place, session: SessionId, line: string): Promise<void> {
  const file = runLog(store, session)
  await appendFile(file, `${line}\n`, { mode: 0o600 }).catch((error: unknown) => {
    throw fileError(error, `writing ${file}`)
  })
}

/** What the client, and our own process beside it, say on stderr. */
export function runErrors(store: Place, session: SessionId): string {
  return store.path('runs', session, 'errors.txt')
}

/** For the user alone: it holds prompts and answers. */
export async function makeRunFolder(store: Place, session: SessionId): Promise<void> {
  const folder = runFolder(store, session)
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw fileError(error, `making ${folder}`)
  })
}

/** Every session that has a record, in no order. */
export async function listRuns(store: Place): Promise<readonly SessionId[]> {
  return (await listFolder(store.path('runs'))).filter(isSessionId)
}

/** Not checked; `undefined` when there is none. Throws `store-damaged` when it is no JSON. */
export function readRun(store: Place, session: SessionId): Promise<unknown | undefined> {
  return readJson(store.path('runs', session, 'run.json'))
}

/** The old or the new record, whatever happens. */
export function writeRun(store: Place, session: SessionId, record: unknown): Promise<void> {
  return writeJson(store.path('runs', session, 'run.json'), record)
}

export async function removeRun(store: Place, session: SessionId): Promise<void> {
  await removeFolder(runFolder(store, session))
}

/** Somebody wants it to end: seen by whoever looks after it, also when that has not started the client yet. */
export async function markStop(store: Place, session: SessionId): Promise<void> {
  await writeFile(store.path('runs', session, 'stop'), '', { mode: 0o600 }).catch((error: unknown) => {
    throw fileError(error, `writing into ${runFolder(store, session)}`)
  })
}

export async function unmarkStop(store: Place, session: SessionId): Promise<void> {
  await removeFolder(store.path('runs', session, 'stop'))
}

export async function isMarkedStop(store: Place, session: SessionId): Promise<boolean> {
  return lstat(store.path('runs', session, 'stop')).then(
    () => true,
    () => false,
  )
}
