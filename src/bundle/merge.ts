/** Keeps the log short: which trailing segments a new one swallows, and what becomes of their rows. Pure. */

import type { DeviceId, PieceRow, SegmentRow } from '../model.ts'
import { supersededRows } from './apply.ts'
import type { PieceSource } from './plan.ts'

/** Bytes of tar stream; also what a merge may hold in memory. */
const maxMergedBytes = 32 * 1024 ** 2
/** Segments below half of that, the new one not counted. */
const maxSmall = 12

export interface MergedPiece {
  readonly row: PieceRow
  /** `null` for rows without bytes: gone or dropped. */
  readonly content: Uint8Array | null
}

/**
 * How many trailing segments of the same writer and origin the new one should swallow. Sizes fall into tiers, each four
 * times the one below; four segments of one tier become one, and so do as few as two when the next would not fit
 * below 32 MiB, and what there is when more than twelve small ones would be left. So a thousand pushes of 100 MB together
 * leave at most 16 segments, and write less than 4.4 times what they add.
 */
export function planMerge(
  segments: readonly SegmentRow[],
  added: { by: DeviceId; origin: number; plainSize: number },
): number {
  const sizes = trailingSizes(segments, added)
  let swallowed = 0
  let merged = added.plainSize
  for (;;) {
    const rest = sizes.slice(swallowed)
    const full = fullRun(rest, merged)
    const run = full.length > 0 ? full : crowdedRun(rest, merged)
    if (run.length === 0) return swallowed
    swallowed += run.length
    merged += sum(run)
  }
}

/** All rows in their order, so that every chain stays as it was; superseded bytes are dropped. */
export function mergePieces(groups: readonly (readonly MergedPiece[])[]): readonly MergedPiece[] {
  const pieces = groups.flat()
  const superseded = supersededRows(pieces.map(({ row }) => row))
  return pieces.map((piece, index) =>
    superseded.has(index) && piece.row.op !== 'gone'
      ? { row: { ...piece.row, dropped: true }, content: null }
      : piece,
  )
}

/** Merged pieces as `packSegment` takes them. */
export function mergedSources(pieces: readonly MergedPiece[]): readonly PieceSource[] {
  return pieces.map(({ row, content }) => ({
    row,
    async *read() {
      if (content) yield content
    },
  }))
}

/** Newest first, up to the first segment of another writer or origin. */
function trailingSizes(
  segments: readonly SegmentRow[],
  { by, origin }: { by: DeviceId; origin: number },
): readonly number[] {
  const newestFirst = segments.toReversed()
  const end = newestFirst.findIndex((segment) => segment.by !== by || segment.origin !== origin)
  return newestFirst.slice(0, end < 0 ? undefined : end).map(({ sizes }) => sizes[1])
}

/** What a segment of `size` swallows by itself. Smaller ones go in any case, or they would be shut in for good. */
function fullRun(newestFirst: readonly number[], size: number): readonly number[] {
  const level = levelOf(size)
  const run = upTo(level, newestFirst, size)
  const peers = run.filter((other) => levelOf(other) === level)
  const total = size + sum(run)
  const isFull =
    peers.length >= 3 || (peers.length >= 1 && total + total / (peers.length + 1) > maxMergedBytes)
  return isFull ? run : upTo(level - 1, newestFirst, size)
}

/** The next tier up, when there are too many small ones: unlucky sizes can leave three in each of many tiers. */
function crowdedRun(newestFirst: readonly number[], size: number): readonly number[] {
  const small = takeWhile(newestFirst, (other) => levelOf(other) < levelOf(maxMergedBytes / 2))
  const [next] = small
  return next === undefined || small.length < maxSmall ? [] : upTo(levelOf(next), newestFirst, size)
}

/** The newest segments of at most this level, as far as they fit into one. */
function upTo(level: number, newestFirst: readonly number[], size: number): readonly number[] {
  let total = size
  return takeWhile(newestFirst, (other) => {
    total += other
    return levelOf(other) <= level && total <= maxMergedBytes
  })
}

function levelOf(size: number): number {
  return Math.max(0, Math.floor(Math.log2(size / 4096) / 2))
}

function takeWhile<T>(items: readonly T[], accepts: (item: T) => boolean): readonly T[] {
  const end = items.findIndex((item) => !accepts(item))
  return end < 0 ? items : items.slice(0, end)
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0)
}
