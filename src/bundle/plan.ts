/** The delta: what a push has to add to the log so that it says what this machine has now. */

import { TeleportError } from '../errors.ts'
import {
  type FileRecord,
  type LocalFile,
  type PieceRow,
  type Progress,
  type Sha256,
  silentProgress,
} from '../model.ts'
import { totalsOf } from './apply.ts'
import { emptySha256, extendChain, zeroChain } from './chain.ts'
import { matchFiles } from './match.ts'
import { isCode, isFileHistory } from './names.ts'
import { checkCollisions } from './pieces.ts'
import { digestFile, readAgain } from './scan-file.ts'

export interface PieceSource {
  readonly row: PieceRow
  /** Exactly `row.size` bytes; not called for rows that are gone or dropped. */
  read(): AsyncIterable<Uint8Array>
}

type Records = Readonly<Record<string, FileRecord>>

export interface Delta {
  /** `session.jsonl` first, the others by name. */
  readonly sources: readonly PieceSource[]
  /** The record after the push, without prototype. */
  readonly files: Records
  /** Bytes that the sources add. */
  readonly bytes: number
  /** Live files and their logical bytes after the push, and the fold of every chain. */
  readonly count: number
  readonly totalBytes: number
  readonly fold: Sha256
}

/**
 * Compares the files with the record, reading each once. A known file gives nothing, or an `append` when what was sent
 * before is unchanged, else a `whole`; with `rescan` every file gives a `whole`, with `growsWhole` each that grew and that it
 * says yes to. A recorded file that is missing gives a
 * `gone`, but for those that vanish by themselves. Starts one step of `progress` and does not end it. Throws `failed`
 * when a file changes meanwhile, `unsafe-bundle` for names that no bundle may hold; the sources throw `failed` when the
 * bytes are no longer the planned ones.
 */
export async function planDelta(
  files: readonly LocalFile[],
  record: Records,
  options: { rescan?: boolean; growsWhole?: (name: string) => boolean; progress?: Progress } = {},
): Promise<Delta> {
  const progress = options.progress ?? silentProgress
  progress.step(
    'reading',
    files.reduce((sum, { size }) => sum + size, 0),
  )
  const after = new Map(Object.entries(record))
  const sources: PieceSource[] = []
  const matched = matchFiles(files, record)
  for (const [name, file] of matched) {
    const known = after.get(name)
    const how = { rescan: options.rescan === true, growsWhole: options.growsWhole?.(name) ?? false }
    const change = await compare(name, file, known, how, progress)
    after.set(name, change.next)
    if (change.source) sources.push(change.source)
  }
  for (const [name, known] of after) {
    if (matched.has(name) || known.gone || vanishes(name, known)) continue
    const row: PieceRow = { name, gen: known.gen + 1, op: 'gone', at: 0, size: 0, sha256: emptySha256 }
    after.set(name, {
      ...extended(known, row),
      gone: true,
      localPath: '',
      localSize: 0,
      localSha256: emptySha256,
    })
    sources.push({ row, async *read() {} })
  }
  return toDelta(sources, after)
}

/**
 * The delta with other rows and bytes in the place of its own, as after redaction: same names, generations and offsets.
 * `record` is what `planDelta` had. What the record says of this machine stays. An `append` that is missing waits for a
 * later push: its file is recorded as it was.
 */
export function replaceSources(delta: Delta, record: Records, sources: readonly PieceSource[]): Delta {
  const after = new Map(Object.entries(delta.files))
  const given = new Set(sources.map(({ row }) => row.name))
  for (const { row } of delta.sources.filter(({ row }) => !given.has(row.name))) {
    const known = Object.hasOwn(record, row.name) ? record[row.name] : undefined
    if (row.op !== 'append' || !known) throw new TeleportError('bug', `"${row.name}" cannot wait`)
    after.set(row.name, known)
  }
  for (const { row } of sources) {
    const planned = after.get(row.name)
    if (!planned) throw new TeleportError('bug', `"${row.name}" is not in the delta`)
    const { gen, size, chain } = extended(Object.hasOwn(record, row.name) ? record[row.name] : undefined, row)
    after.set(row.name, { ...planned, gen, size, chain })
  }
  return toDelta(sources, after)
}

async function compare(
  name: string,
  file: LocalFile,
  known: FileRecord | undefined,
  { rescan, growsWhole }: { readonly rescan: boolean; readonly growsWhole: boolean },
  progress: Progress,
): Promise<{ readonly next: FileRecord; readonly source?: PieceSource }> {
  const isHere = known !== undefined && known.localPath !== ''
  const mayGrow = isHere && !rescan && known.localSize <= file.size
  const start = mayGrow ? known.localSize : 0
  const digests = await digestFile(file, start, (bytes) => progress.advance(bytes))
  // Never the recorded path: it may be one of another machine, and the row belongs to this one's origin.
  const tracked = isFileHistory(name) && file.path !== undefined ? { path: file.path } : {}
  const here = {
    ...(known?.path === undefined ? {} : { path: known.path }),
    ...tracked,
    localPath: file.localPath,
    localSize: file.size,
    localSha256: digests.whole,
  }
  if (mayGrow && digests.prefix === known.localSha256) {
    if (file.size === start) return { next: { ...known, ...here } }
  }
  if (mayGrow && digests.prefix === known.localSha256 && !growsWhole) {
    const size = file.size - start
    const row: PieceRow = {
      name,
      gen: known.gen,
      op: 'append',
      at: known.size,
      size,
      sha256: digests.rest,
      ...tracked,
    }
    return { next: { ...extended(known, row), ...here }, source: sourceOf(file, start, row) }
  }
  const gen = (known?.gen ?? 0) + 1
  const row: PieceRow = { name, gen, op: 'whole', at: 0, size: file.size, sha256: digests.whole, ...tracked }
  return { next: { ...extended(known, row), ...here }, source: sourceOf(file, 0, row) }
}

function extended(known: FileRecord | undefined, row: PieceRow): Pick<FileRecord, 'gen' | 'size' | 'chain'> {
  return { gen: row.gen, size: row.at + row.size, chain: extendChain(known?.chain ?? zeroChain, row) }
}

function sourceOf(file: LocalFile, start: number, row: PieceRow): PieceSource {
  return { row, read: () => readAgain(file, start, row.sha256) }
}

/**
 * The client clears these away itself, and what is not installed here cannot be missed here. But the code of a push is
 * that push's own: the next one has its own, or none.
 */
function vanishes(name: string, known: FileRecord): boolean {
  if (isCode(name)) return false
  return (
    known.localPath === '' || /^(?:history\.jsonl$|paste-cache\/|session-env\/|shell-snapshots\/)/.test(name)
  )
}

function toDelta(sources: readonly PieceSource[], after: ReadonlyMap<string, FileRecord>): Delta {
  checkCollisions([...after].filter(([, file]) => !file.gone).map(([name]) => name))
  const { count, bytes: totalBytes, fold } = totalsOf(after)
  const files: Record<string, FileRecord> = Object.create(null)
  for (const [name, file] of after) files[name] = file
  return {
    sources: [...sources].sort((a, b) => compareNames(a.row.name, b.row.name)),
    files,
    bytes: sources.reduce((sum, { row }) => sum + row.size, 0),
    count,
    totalBytes,
    fold,
  }
}

function compareNames(a: string, b: string): number {
  if (a === 'session.jsonl') return -1
  if (b === 'session.jsonl') return 1
  return a < b ? -1 : 1
}
