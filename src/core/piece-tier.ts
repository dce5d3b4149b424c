/** What a piece that another member wrote may do here, and what is counted when it may not. */

import { type CheckTarget, checkpointTarget } from '../claude/checkpoint-target.ts'
import type { RelocateOptions } from '../claude/relocate.ts'
import type { Relocation } from '../claude/relocation.ts'
import { mayInstall } from '../claude/sanitise.ts'
import { isTaken } from '../claude/shared-file.ts'
import type { PieceRow } from '../model.ts'
import type { Place } from './place.ts'

export type Tier = 'exact' | 'sanitised'

/** Rows and files of the sanitised tier that were left out, by a word of our own for the reason. */
export type DropCounts = Map<string, number>

export interface Piece {
  readonly row: PieceRow
  /** For a file-history name: the tracked file's path on the origin, from this row or an earlier one. */
  readonly path: string | undefined
  /** Where it is to lie. */
  readonly target: string | null
  /** Where the folders of its own segment would put it. */
  readonly named: string | null
  /** Where the file lies or is about to, by what came before; undefined when nothing did. */
  readonly before: string | null | undefined
}

/**
 * Whether a sanitised piece may touch its file: one of a kind that members may send, at the very place that the folders of
 * its segment give it (they are the sender's word, and an `append` must not reach a file that was tracked elsewhere), and
 * nothing that may be another session's.
 */
export function mayApply(piece: Piece, place: Place, relocation: Relocation): boolean {
  const { row, path, target, named, before } = piece
  if (row.op === 'gone') return typeof before === 'string'
  if (target === null || target !== named) return false
  if (!mayInstall(row.name, path, relocation, checkTarget(place))) return false
  return before === target || !isTaken(row.name, target)
}

/** How the rows of a piece are edited. */
export function rowOptions(place: Place, tier: Tier, dropped: DropCounts): RelocateOptions {
  const fork =
    place.here.session === place.session ? {} : { session: { from: place.session, to: place.here.session } }
  if (tier === 'exact') return { deep: place.deep, ...fork }
  const onDrop = (reason: string) => countDrop(dropped, reason)
  return { deep: place.deep, tier, checkTarget: checkTarget(place), onDrop, ...fork }
}

export function countDrop(dropped: DropCounts, reason: string): void {
  dropped.set(reason, (dropped.get(reason) ?? 0) + 1)
}

const fileWords = new Map([
  ['history.jsonl', 'prompt-history'],
  ['paste-cache', 'paste'],
  ['session-env', 'shell-script'],
  ['shell-snapshots', 'shell-script'],
  ['file-history', 'checkpoint-file'],
  ['worktree', 'changes'],
  ['plans', 'plan'],
])

/** Honest sessions have some hundreds; each costs a file, and the machine its breath. */
export const mostMemberFiles = 10_000

/** The word for a file that was left out. */
export function fileWord(name: string): string {
  if (name.startsWith('session-subdir/workflows/')) return 'workflow'
  return fileWords.get(name.split('/')[0] ?? '') ?? 'file'
}

function checkTarget(place: Place): CheckTarget {
  return checkpointTarget(place.here.root, place.here.platform)
}
