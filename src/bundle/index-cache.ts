/** What `list` remembers of a device's index. Pure. */

import type { IndexEntry } from '../model.ts'

export interface IndexCache {
  readonly commit: string
  readonly seq: number
  readonly rows: readonly (readonly [blob: string, entry: IndexEntry])[]
  /** Ids of sessions whose entries are meant for others. */
  readonly sealed?: readonly string[]
}

/**
 * Null for anything that was not written by this program. Each entry was checked when it was decrypted, and the file is
 * the user's own, so only its frame is looked at: ten thousand entries are read on every `list`.
 */
export function parseIndexCache(value: unknown): IndexCache | null {
  if (typeof value !== 'object' || value === null) return null
  const { format, commit, seq, rows } = value as Partial<
    Record<'format' | 'commit' | 'seq' | 'rows', unknown>
  >
  const framed =
    format === 1 && typeof commit === 'string' && Number.isSafeInteger(seq) && Array.isArray(rows)
  return framed ? (value as IndexCache) : null
}
