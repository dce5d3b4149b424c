/** Rows added to a transcript so that they are either all there or not at all, each message once, whatever is killed when. */

import { createHash } from 'node:crypto'
import { lstat, mkdir, open, readFile, truncate, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileError } from '../errors.ts'
import { syncFolder } from './durable-file.ts'
import { eachLine } from './line-batches.ts'
import { isMissing, readSome } from './session-file.ts'

/** A row as a program hands it over: JSON, and nothing but its `uuid` means anything here. */
export interface AgentRow {
  readonly type: string
  readonly uuid?: string
  readonly timestamp?: string
  readonly [key: string]: unknown
}

/** What is known of one transcript without reading it again. */
interface Known {
  readonly inode: bigint
  readonly size: number
  readonly uuids: Set<string>
}

/** Remembers transcripts from one append to the next. One for each process; the files belong to all of them. */
export interface RowAppender {
  /**
   * Resolves with the number of bytes added when the disk has them. A row whose `uuid` is there already is left out; a
   * batch that is the end of the transcript already is a repetition, and nothing of it is added. The caller holds the
   * lock of the session. `intent`: a file beside the transcripts, for what to take back after a crash.
   */
  append(file: string, intent: string, rows: readonly AgentRow[]): Promise<number>
}

export function makeRowAppender(): RowAppender {
  const transcripts = new Map<string, Known>()
  return {
    async append(file, intent, rows) {
      const known = await refresh(file, intent, transcripts.get(file))
      const batch = toLines(rows)
      const added = toLines(unknownOf(rows, known.uuids))
      if (added.length === 0 || (await isRepetition(file, known, rows, batch))) return 0
      transcripts.delete(file)
      await addLines(file, intent, known.size, added)
      for (const { uuid } of rows) if (uuid !== undefined) known.uuids.add(uuid)
      const found = await identityOf(file)
      if (found) transcripts.set(file, { ...found, uuids: known.uuids })
      return added.length
    },
  }
}

/** Takes back what a killed writer left half-done in `file`, if it was the one. */
export async function takeBack(file: string, intent: string): Promise<void> {
  const planned = parseIntent(await readFile(intent, 'utf8').catch(() => ''))
  const size = (await identityOf(file))?.size ?? 0
  if (planned?.file === path.basename(file) && size > planned.at) {
    const written = await readSome(file, planned.at, planned.length)
    const whole = written?.length === planned.length && digest(written) === planned.sha256
    if (!whole && size < planned.at + planned.length + 1) await cut(file, planned.at)
  }
  const bytes = await readSome(file, Math.max(0, size - 1), 1)
  if (bytes?.length === 1 && bytes[0] !== 10) await cut(file, await endOfLastLine(file))
}

async function cut(file: string, size: number): Promise<void> {
  try {
    await truncate(file, size)
  } catch (error) {
    throw fileError(error, `taking back a cut-off row of ${file}`)
  }
}

async function endOfLastLine(file: string): Promise<number> {
  const bytes = await readFile(file)
  return bytes.lastIndexOf(10) + 1
}

async function refresh(file: string, intent: string, known: Known | undefined): Promise<Known> {
  const found = await identityOf(file)
  if (known && found && found.inode === known.inode && found.size === known.size) return known
  await takeBack(file, intent)
  const now = await identityOf(file)
  return { inode: now?.inode ?? 0n, size: now?.size ?? 0, uuids: await uuidsIn(file) }
}

async function identityOf(file: string): Promise<{ inode: bigint; size: number } | undefined> {
  try {
    const found = await lstat(file, { bigint: true })
    return { inode: found.ino, size: Number(found.size) }
  } catch (error) {
    if (isMissing(error)) return undefined
    throw fileError(error, `looking at ${file}`)
  }
}

async function uuidsIn(file: string): Promise<Set<string>> {
  const uuids = new Set<string>()
  for (const { uuid } of await readRows(file)) if (uuid !== undefined) uuids.add(uuid)
  return uuids
}

/** Every row of a transcript that can be read, in order; none where there is no file. */
export async function readRows(file: string): Promise<readonly AgentRow[]> {
  const bytes = await readSome(file, 0, Number.MAX_SAFE_INTEGER)
  const rows: AgentRow[] = []
  if (!bytes) return rows
  eachLine(bytes, (start, end) => {
    const row = parseRow(bytes.toString('utf8', start, end))
    if (row) rows.push(row)
  })
  return rows
}

/** As the client does: what is no row is passed over. */
function parseRow(line: string): AgentRow | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return isAgentRow(value) ? value : undefined
  } catch {
    return undefined
  }
}

export function isAgentRow(value: unknown): value is AgentRow {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  if (!('type' in value) || typeof value.type !== 'string') return false
  return !('uuid' in value) || value.uuid === undefined || typeof value.uuid === 'string'
}

/** A row that comes twice in one batch counts once, too. */
function unknownOf(rows: readonly AgentRow[], known: ReadonlySet<string>): readonly AgentRow[] {
  const seen = new Set<string>()
  return rows.filter(({ uuid }) => {
    if (uuid === undefined) return true
    if (known.has(uuid) || seen.has(uuid)) return false
    seen.add(uuid)
    return true
  })
}

/** Without this, what has no `uuid` in a batch would be there twice when the batch is sent again after a crash. */
async function isRepetition(
  file: string,
  known: Known,
  rows: readonly AgentRow[],
  batch: Buffer,
): Promise<boolean> {
  const ids = rows.flatMap(({ uuid }) => (uuid === undefined ? [] : [uuid]))
  if (ids.length === 0 || batch.length > known.size || !ids.every((uuid) => known.uuids.has(uuid)))
    return false
  const end = await readSome(file, known.size - batch.length, batch.length)
  return end?.equals(batch) ?? false
}

function toLines(rows: readonly AgentRow[]): Buffer {
  return Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
}

async function addLines(file: string, intent: string, at: number, lines: Buffer): Promise<void> {
  const planned = { file: path.basename(file), at, length: lines.length, sha256: digest(lines) }
  try {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
    await mkdir(path.dirname(intent), { recursive: true, mode: 0o700 })
    // For a killed process it is enough that the system has it; the rows alone have to last.
    await writeFile(intent, JSON.stringify(planned), { mode: 0o600 })
    const handle = await open(file, at === 0 ? 'a' : 'r+', 0o600)
    try {
      for (let done = 0; done < lines.length; ) {
        const { bytesWritten } = await handle.write(lines, done, lines.length - done, at + done)
        done += bytesWritten
      }
      await handle.sync()
    } catch (error) {
      await handle.truncate(at).catch(() => undefined)
      throw error
    } finally {
      await handle.close()
    }
    if (at > 0) return
    await syncFolder(path.dirname(file))
    await syncFolder(path.dirname(path.dirname(file)))
  } catch (error) {
    throw fileError(error, `writing ${file}`)
  }
}

interface Intent {
  readonly file: string
  readonly at: number
  readonly length: number
  readonly sha256: string
}

/** Undefined for what a crash made of it: then the last line feed is all that is known. */
function parseIntent(text: string): Intent | undefined {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null) return undefined
    if (!('file' in value && 'at' in value && 'length' in value && 'sha256' in value)) return undefined
    const { file, at, length, sha256 } = value
    if (typeof file !== 'string' || typeof sha256 !== 'string') return undefined
    if (!Number.isSafeInteger(at) || !Number.isSafeInteger(length)) return undefined
    if (typeof at !== 'number' || typeof length !== 'number' || at < 0 || length < 0) return undefined
    return { file, at, length, sha256 }
  } catch {
    return undefined
  }
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
