/**
 * What Claude Code's hooks leave in the store about conversations that are sent by themselves: a file for each that is
 * to be sent, is open, or has something to be told. A shell writes most of them, so what they hold is not believed.
 */

import { mkdir, open, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { errnoOf, fileError } from '../errors.ts'
import { isSessionId, type SessionId } from '../model.ts'
import { listFolder, replaceText } from './json-file.ts'
import type { Store } from './store.ts'

type Place = Pick<Store, 'path'>

/**
 * `asked`: to be sent; holds why, and the work tree. `taken`: the same, while it is sent. `open`: a client began it and
 * did not say that it ended; holds the work tree. `look`: somebody shall look whether the remote has a newer one; holds
 * what was told already. `tell`: holds what a hook prints next.
 */
export type SendingFolder = 'asked' | 'taken' | 'open' | 'look' | 'tell'

export interface SendingFile {
  readonly session: SessionId
  readonly text: string
  readonly timeMs: number
}

/** The hooks look for nothing else before they leave. */
export async function setSending(store: Place, on: boolean): Promise<void> {
  const file = store.path('sending', 'on')
  if (on) await replaceText(file, '')
  else await rm(file, { force: true })
  // A shell makes no folders.
  if (on) await mkdir(store.path('sending', 'asked'), { recursive: true, mode: 0o700 })
}

/** Oldest first. One that vanished meanwhile is left out. */
export async function listSending(store: Place, folder: SendingFolder): Promise<readonly SendingFile[]> {
  const found: SendingFile[] = []
  for (const name of await listFolder(store.path('sending', folder))) {
    if (!isSessionId(name)) continue
    const file = await readSending(store, folder, name)
    if (file) found.push(file)
  }
  return found.sort((a, b) => a.timeMs - b.timeMs)
}

const mostBytes = 16 * 1024

export async function readSending(
  store: Place,
  folder: SendingFolder,
  session: SessionId,
): Promise<SendingFile | undefined> {
  const file = store.path('sending', folder, session)
  try {
    const { mtimeMs } = await stat(file)
    return { session, text: await beginning(file), timeMs: mtimeMs }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw fileError(error, `reading ${file}`)
  }
}

async function beginning(file: string): Promise<string> {
  const handle = await open(file)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(mostBytes), 0, mostBytes, 0)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await handle.close()
  }
}

export async function writeSending(
  store: Place,
  folder: SendingFolder,
  session: SessionId,
  text: string,
): Promise<void> {
  await replaceText(store.path('sending', folder, session), text)
}

/** No error when there is none. */
export async function dropSending(store: Place, folder: SendingFolder, session: SessionId): Promise<void> {
  await rm(store.path('sending', folder, session), { force: true })
}

/** From one folder to another; whether it was there. What a hook writes afterwards is a new one. */
export async function moveSending(
  store: Place,
  session: SessionId,
  { from, to }: { readonly from: SendingFolder; readonly to: SendingFolder },
): Promise<boolean> {
  const target = store.path('sending', to, session)
  try {
    await mkdir(path.dirname(target), { recursive: true, mode: 0o700 })
    await rename(store.path('sending', from, session), target)
    return true
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false
    throw fileError(error, `moving ${target}`)
  }
}
