/** The reader's side of the log: what each row makes of a file, and which rows may follow which. Pure. */

import { TeleportError } from '../errors.ts'
import type { PieceRow, Sha256 } from '../model.ts'
import { extendChain, foldChains, zeroChain } from './chain.ts'
import { checkCollisions } from './pieces.ts'

/** What a file is after some rows of the log. */
export interface FileProgress {
  readonly gen: number
  /** Logical bytes. */
  readonly size: number
  readonly chain: Sha256
  readonly gone: boolean
  readonly path?: string
}

/**
 * The file after `row`. `skip`: it holds the row already, as when a merged segment repeats what was pulled before.
 * Any other row must continue exactly where the file stands: throws `damaged-bundle`.
 */
export function applyRow(
  file: FileProgress | undefined,
  row: PieceRow,
): { readonly next: FileProgress; readonly skip: boolean } {
  if (file && isContained(file, row)) return { next: file, skip: true }
  if (!continues(file, row)) {
    throw new TeleportError('damaged-bundle', `"${row.name}" does not continue where it ended`, {
      data: { name: row.name, op: row.op, gen: row.gen, at: row.at },
    })
  }
  const path = row.op === 'gone' ? undefined : (row.path ?? file?.path)
  const next = {
    gen: row.gen,
    size: row.at + row.size,
    chain: extendChain(file?.chain ?? zeroChain, row),
    gone: row.op === 'gone',
    ...(path === undefined ? {} : { path }),
  }
  return { next, skip: false }
}

/** Indexes of the rows whose bytes a later `whole` or `gone` of the same name makes needless. */
export function supersededRows(rows: readonly PieceRow[]): ReadonlySet<number> {
  const replaced = new Set<string>()
  const superseded = new Set<number>()
  for (const [index, row] of [...rows.entries()].reverse()) {
    if (replaced.has(row.name)) superseded.add(index)
    if (row.op !== 'append') replaced.add(row.name)
  }
  return superseded
}

/**
 * Follows a whole log, or one that goes on from `start`, and returns every file that it ever named. Throws
 * `damaged-bundle` where a row does not continue its file or bytes are left out that nothing supersedes, and
 * `unsafe-bundle` where two live names differ in case only.
 */
export function checkLog(
  segments: readonly (readonly PieceRow[])[],
  start: ReadonlyMap<string, FileProgress> = new Map(),
): ReadonlyMap<string, FileProgress> {
  const rows = segments.flat()
  const superseded = supersededRows(rows)
  const files = new Map(start)
  for (const [index, row] of rows.entries()) {
    const { next, skip } = applyRow(files.get(row.name), row)
    if (row.dropped && !skip && !superseded.has(index)) {
      throw new TeleportError('damaged-bundle', `bytes of "${row.name}" are left out`)
    }
    files.set(row.name, next)
  }
  checkCollisions([...files].filter(([, file]) => !file.gone).map(([name]) => name))
  return files
}

/** What a manifest states of these files: how many live, their logical bytes, and the fold of every chain. */
export function totalsOf(
  files: Iterable<readonly [name: string, file: { size: number; chain: Sha256; gone?: boolean }]>,
): { readonly count: number; readonly bytes: number; readonly fold: Sha256 } {
  const all = [...files]
  const live = all.filter(([, file]) => !file.gone)
  return {
    count: live.length,
    bytes: live.reduce((sum, [, file]) => sum + file.size, 0),
    fold: foldChains(all.map(([name, file]) => [name, file.chain])),
  }
}

function isContained(file: FileProgress, row: PieceRow): boolean {
  if (row.gen !== file.gen) return row.gen < file.gen
  return row.op !== 'append' || row.at + row.size <= file.size
}

function continues(file: FileProgress | undefined, row: PieceRow): boolean {
  if (row.op === 'append')
    return file !== undefined && !file.gone && row.gen === file.gen && row.at === file.size
  if (row.op === 'gone' && (file === undefined || file.gone)) return false
  return row.gen === (file?.gen ?? 0) + 1
}
