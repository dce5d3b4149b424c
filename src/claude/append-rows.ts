/** Rows added to a transcript so that they are either all there or not at all, each message once, whatever is killed when. */

import { type FileHandle, lstat, mkdir, open, readFile, truncate, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileError } from '../errors.ts'
import { eachLine } from '../json/line-batches.ts'
import { digest, formatIntent, type Intent, parseIntent } from './append-intent.ts'
import { syncFolder } from './durable-file.ts'
import { isMissing, readSome } from './session-file.ts'

/** A row as a program hands it over: JSON, and nothing but its `uuid` means anything here. */
export interface AgentRow {
  readonly type: string
  readonly uuid?: string
  readonly timestamp?: string
  readonly [key: string]: unknown
}

/** What is known of one transcript without reading it again. */
interface Known extends Stamp {
  readonly uuids: Set<string>
}

/** Tells a file from what took its place: an inode may be given to the next file, which has another time. */
interface Stamp {
  readonly inode: bigint
  readonly changedNs: bigint
  readonly size: number
}

/** Remembers transcripts from one append to the next. One for each process; the files belong to all of them. */
export interface RowAppender {
  /**
   * Resolves with the number of bytes added when the disk has them. A row whose `uuid` is there already is left out; a
   * batch that is the end of the transcript already is a repetition, and nothing of it is added. The caller holds the
   * lock of the session. `intent`: a file beside the transcripts, for what to finish after a crash.
   */
  append(file: string, intent: string, rows: readonly AgentRow[]): Promise<number>
}

/** A worker may write thousands of sessions: those that it wrote to last are remembered, others read again. */
const mostKnown = 64

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
      for (const oldest of transcripts.keys()) {
        if (transcripts.size <= mostKnown) break
        transcripts.delete(oldest)
      }
      return added.length
    },
  }
}

/**
 * Finishes what a killed writer left half-done in `file`. A part of it may have been sent meanwhile, and a transcript that
 * is shorter than what was sent is refused as an older copy: so a batch that was begun is completed. Where its bytes are
 * known no more, as after a power failure, a cut-off row is taken back.
 */
export async function finishBatch(file: string, intent: string): Promise<void> {
  const found = await identityOf(file)
  if (!found || found.size === 0) return
  const begun = parseIntent(await readFile(intent).catch(() => Buffer.alloc(0)))
  if (
    begun?.inode === String(found.inode) &&
    found.size > begun.at &&
    found.size <= begun.at + begun.length
  ) {
    await complete(file, begun)
    return
  }
  const last = await readSome(file, found.size - 1, 1)
  if (last?.[0] !== 10) await cut(file, await endOfLastLine(file))
}

async function complete(file: string, { at, length, sha256, lines }: Intent): Promise<void> {
  const written = await readSome(file, at, length)
  if (written?.length === length && digest(written) === sha256) return
  try {
    const handle = await open(file, 'r+')
    try {
      await writeAll(handle, lines, at)
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw fileError(error, `writing ${file}`)
  }
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
  if (known && found && isSame(found, known)) return known
  await finishBatch(file, intent)
  const now = await identityOf(file)
  const stamp = now ?? { inode: 0n, changedNs: 0n, size: 0 }
  return { ...stamp, uuids: await uuidsIn(file) }
}

function isSame(one: Stamp, other: Stamp): boolean {
  return one.inode === other.inode && one.changedNs === other.changedNs && one.size === other.size
}

async function identityOf(file: string): Promise<Stamp | undefined> {
  try {
    const found = await lstat(file, { bigint: true })
    return { inode: found.ino, changedNs: found.ctimeNs, size: Number(found.size) }
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
  try {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
    await mkdir(path.dirname(intent), { recursive: true, mode: 0o700 })
    const handle = await open(file, at === 0 ? 'a' : 'r+', 0o600)
    try {
      const { ino } = await handle.stat({ bigint: true })
      const begun = { inode: String(ino), at, length: lines.length, sha256: digest(lines) }
      // For a killed process it is enough that the system has it; the rows alone have to last.
      await writeFile(intent, formatIntent({ ...begun, lines }), { mode: 0o600 })
      await writeAll(handle, lines, at)
      await handle.sync()
    } catch (error) {
      await handle.truncate(at).catch(() => undefined)
      throw error
    } finally {
      await handle.close()
    }
    await truncate(intent, 0)
    if (at > 0) return
    await syncFolder(path.dirname(file))
    await syncFolder(path.dirname(path.dirname(file)))
  } catch (error) {
    throw fileError(error, `writing ${file}`)
  }
}

async function writeAll(handle: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await handle.write(bytes, done, bytes.length - done, at + done)).bytesWritten
  }
}
