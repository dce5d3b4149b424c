/** Where the store keeps the links of each session, and what became of rewritten commits. */

import { readFile } from 'node:fs/promises'
import { errnoOf, fileError } from '../errors.ts'
import type { SessionId } from '../model.ts'
import { readJson, replaceText, writeJson } from './json-file.ts'
import { withFolderLock } from './lock.ts'
import { listSessionFiles } from './state-files.ts'
import type { Store } from './store.ts'

type Place = Pick<Store, 'path'>

/** Runs `work` while no other process changes links. Not the store's lock: a push holds that one for long. */
export async function withLinkLock<T>(store: Place, work: () => Promise<T>): Promise<T> {
  return withFolderLock(store.path('links'), work)
}

/** The sessions that have a file of links, sorted. */
export function listLinkFiles(store: Place): Promise<readonly SessionId[]> {
  return listSessionFiles(store.path('links'))
}

/** `<store>/links/<session>.json`, not checked for its meaning; `undefined` when there is none. Throws `store-damaged`. */
export function readLinkFile(store: Place, session: SessionId): Promise<unknown | undefined> {
  return readJson(linkPath(store, session))
}

export function writeLinkFile(store: Place, session: SessionId, value: unknown): Promise<void> {
  return writeJson(linkPath(store, session), value)
}

function linkPath(store: Place, session: SessionId): string {
  return store.path('links', `${session}.json`)
}

/** The lines of all rewrites, oldest first. */
export async function readRewriteLines(store: Place): Promise<string> {
  const file = rewritesPath(store)
  return readFile(file, 'utf8').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return ''
    throw fileError(error, `reading ${file}`)
  })
}

export async function writeRewriteLines(store: Place, text: string): Promise<void> {
  await replaceText(rewritesPath(store), text)
}

function rewritesPath(store: Place): string {
  return store.path('links', 'rewrites')
}
