/** The record of one installation, which makes it all or nothing, and undoable. */

import { mkdir, readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileError, TeleportError } from '../errors.ts'
import { isSessionId, isSha256, type SessionId, type Sha256 } from '../model.ts'
import { writeDurable } from './durable-file.ts'
import { isMissing } from './session-file.ts'

/** What was there before, and where its bytes are kept. */
export interface Replaced {
  readonly backup: string
  readonly size: number
  readonly mtimeMs: number
}

export interface WriteAction {
  readonly kind: 'write'
  readonly target: string
  readonly staged: string
  readonly size: number
  readonly sha256: Sha256
  readonly replaces: Replaced | null
}

export interface RemoveAction {
  readonly kind: 'remove'
  readonly target: string
  readonly replaces: Replaced
}

export type Action = WriteAction | RemoveAction

/** All paths absolute. A journal that exists is past the point of no return. */
export interface Journal {
  readonly format: 1
  readonly id: string
  readonly session: SessionId
  /** UTC. */
  readonly created: string
  readonly state: 'committed' | 'done' | 'undone'
  /** The installation that this one puts back. */
  readonly undoes: string | null
  readonly staging: string
  /** Folder of what was replaced or removed. */
  readonly backups: string
  /** In the order in which they are carried out. */
  readonly actions: readonly Action[]
  /** File with prompt-history rows to append. */
  readonly history: string | null
}

export const journalPath = (journalDir: string, id: string) => path.join(journalDir, 'installs', `${id}.json`)

export const backupFolder = (journalDir: string, id: string) => path.join(journalDir, 'backups', id)

/** Time, process, counter: sorts by time. */
export function newInstallId(now: Date, pid: number, counter: number): string {
  const time = now.toISOString().replace(/[-:.]/g, '')
  return `${time}-${pid}-${String(counter).padStart(2, '0')}`
}

/** The process that made an installation, or `undefined` when this is not an id. */
export function installPid(id: string): number | undefined {
  const pid = id.match(/^\d{8}T\d{9}Z-(\d{1,10})-\d{2}$/)?.[1]
  return pid === undefined ? undefined : Number(pid)
}

export async function writeJournal(journalDir: string, journal: Journal): Promise<void> {
  const file = journalPath(journalDir, journal.id)
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
  await writeDurable(file, `${JSON.stringify(journal)}\n`)
}

/** `undefined` when there is none. Throws `store-damaged`. */
export async function readJournal(journalDir: string, id: string): Promise<Journal | undefined> {
  const file = journalPath(journalDir, id)
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch (error) {
    if (isMissing(error)) return undefined
    throw fileError(error, `reading ${file}`)
  }
  const journal = parseJournal(text)
  if (journal?.id === id) return journal
  throw new TeleportError('store-damaged', `the journal ${file} cannot be read`, {
    hint: `look at it, then: rm '${file}'`,
    data: { path: file },
  })
}

/** Oldest first. */
export async function listJournals(journalDir: string): Promise<readonly Journal[]> {
  const names = await namesIn(path.join(journalDir, 'installs'))
  const ids = names.filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -5))
  const wanted = ids.filter((id) => installPid(id) !== undefined).sort()
  const journals = await Promise.all(wanted.map((id) => readJournal(journalDir, id)))
  return journals.filter((journal) => journal !== undefined)
}

export async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (isMissing(error)) return []
    throw fileError(error, `reading ${folder}`)
  }
}

function parseJournal(text: string): Journal | undefined {
  const record = parseRecord(text)
  const [id, session, created] = [record?.get('id'), record?.get('session'), record?.get('created')]
  const [state, staging, list] = [record?.get('state'), record?.get('staging'), record?.get('actions')]
  const [undoes, history] = [record?.get('undoes') ?? null, record?.get('history') ?? null]
  const backups = record?.get('backups')
  if (record?.get('format') !== 1 || typeof id !== 'string' || typeof created !== 'string') return undefined
  if (typeof session !== 'string' || !isSessionId(session) || typeof staging !== 'string') return undefined
  if (typeof backups !== 'string') return undefined
  if (state !== 'committed' && state !== 'done' && state !== 'undone') return undefined
  if (!isTextOrNull(undoes) || !isTextOrNull(history) || !Array.isArray(list)) return undefined
  const items: unknown[] = list
  const actions = items.map(parseAction).filter((action) => action !== undefined)
  if (actions.length !== items.length) return undefined
  return { format: 1, id, session, created, state, undoes, staging, backups, actions, history }
}

function parseAction(value: unknown): Action | undefined {
  const record = asRecord(value)
  const [kind, target, replaced] = [record?.get('kind'), record?.get('target'), record?.get('replaces')]
  const replaces = replaced === null ? null : parseReplaced(replaced)
  if (typeof target !== 'string' || replaces === undefined) return undefined
  if (kind === 'remove') return replaces ? { kind, target, replaces } : undefined
  const [staged, size, sha256] = [record?.get('staged'), record?.get('size'), record?.get('sha256')]
  if (kind !== 'write' || typeof staged !== 'string' || typeof size !== 'number') return undefined
  if (typeof sha256 !== 'string' || !isSha256(sha256)) return undefined
  return { kind, target, staged, size, sha256, replaces }
}

function parseReplaced(value: unknown): Replaced | undefined {
  const record = asRecord(value)
  const [backup, size, mtimeMs] = [record?.get('backup'), record?.get('size'), record?.get('mtimeMs')]
  if (typeof backup !== 'string' || typeof size !== 'number' || typeof mtimeMs !== 'number') return undefined
  return { backup, size, mtimeMs }
}

const isTextOrNull = (value: unknown): value is string | null => value === null || typeof value === 'string'

function parseRecord(text: string): ReadonlyMap<string, unknown> | undefined {
  try {
    return asRecord(JSON.parse(text))
  } catch {
    return undefined
  }
}

const asRecord = (value: unknown): ReadonlyMap<string, unknown> | undefined =>
  typeof value === 'object' && value !== null ? new Map(Object.entries(value)) : undefined
