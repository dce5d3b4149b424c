/** One small file for each session and remote that says what both sides were at the last sync. */

import { readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { errnoOf, fileError } from '../errors.ts'
import { isSessionId, type SessionId } from '../model.ts'
import { readJson, writeJson } from './json-file.ts'
import type { Store } from './store.ts'

type Place = Pick<Store, 'path' | 'remote'>

/** `<store>/state/<remote.key>/<session>.json` */
export function statePath(store: Place, session: SessionId): string {
  return store.path('state', store.remote.key, `${session}.json`)
}

/** The sessions that have a record for this remote, sorted. */
export function listStates(store: Place): Promise<readonly SessionId[]> {
  return listSessionFiles(store.path('state', store.remote.key))
}

/** The sessions that have a `<session>.json` in the folder, sorted; none where there is no folder. */
export async function listSessionFiles(folder: string): Promise<readonly SessionId[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return []
    throw fileError(error, `listing ${folder}`)
  })
  return names
    .filter((name) => path.extname(name) === '.json')
    .map((name) => path.basename(name, '.json'))
    .filter(isSessionId)
    .sort()
}

/** Not checked for its meaning; `undefined` when there is none. Throws `store-damaged` when it is no JSON. */
export function readState(store: Place, session: SessionId): Promise<unknown | undefined> {
  return readJson(statePath(store, session))
}

/** The old or the new record, whatever happens. */
export function writeState(store: Place, session: SessionId, state: unknown): Promise<void> {
  return writeJson(statePath(store, session), state)
}

/** No error when there is none. */
export async function removeState(store: Place, session: SessionId): Promise<void> {
  const file = statePath(store, session)
  await rm(file, { force: true }).catch((error: unknown) => {
    throw fileError(error, `removing ${file}`)
  })
}
