/** The rows of a conversation in order: numbered, cut to a range, each subagent below the call that started it. Pure. */

import { parseRecord, type Row, readRow, type Unreadable } from './row.ts'

/** Where a range begins or ends; the row, message or moment itself is part of it. */
export type Bound =
  | { readonly kind: 'row'; readonly at: number }
  | { readonly kind: 'message'; readonly number: number }
  | { readonly kind: 'time'; readonly ms: number }

export interface Range {
  readonly from?: Bound | undefined
  readonly to?: Bound | undefined
}

/** By the id of the call that started it: the lines of a subagent's own transcript; none for a call that started none. */
export type Agents = Pick<ReadonlyMap<string, () => AsyncIterable<Uint8Array>>, 'get' | 'size'>

export interface Conversed {
  /** Of the messages of the session, from 1; null for what is no message: subagents, notices, what the client said. */
  readonly number: number | null
  /** 0: the conversation itself; else how many subagents deep. */
  readonly depth: number
  readonly row: Row | Unreadable
  /** The row as it stands; undefined for one that cannot be read. */
  readonly record: Readonly<Record<string, unknown>> | undefined
}

export interface ReadOptions {
  readonly range?: Range | undefined
  readonly agents?: Agents | undefined
  /** Is handed every readable row of the range, those too that are no part of the conversation. */
  readonly onRecord?: ((record: Readonly<Record<string, unknown>>) => void) | undefined
}

/** A subagent may start further ones; deeper than this they are left out. */
const deepest = 4

/** Throws only what `lines` throws. Each subagent comes once, whatever the rows say. */
export async function* readConversation(
  lines: AsyncIterable<Uint8Array>,
  options: ReadOptions,
): AsyncGenerator<Conversed> {
  const { range = {}, onRecord } = options
  const told = new Set<string>()
  let number = 0
  let at = -1
  let timeMs = Number.NEGATIVE_INFINITY
  for await (const line of lines) {
    at += 1
    if (range.to?.kind === 'row' && at > range.to.at) return
    const record = parseRecord(line)
    if (record === undefined) continue
    const row = typeof record === 'object' ? readRow(record) : record
    if (typeof row === 'object' && row.counted) number += 1
    if (range.to?.kind === 'message' && number > range.to.number) return
    if (typeof record === 'object') timeMs = timeOf(record['timestamp'], timeMs)
    if (!isWithin(range, at, number, timeMs)) continue
    if (typeof record === 'object') onRecord?.(record)
    if (row === undefined) continue
    const depth = typeof row === 'object' && row.sidechain ? 1 : 0
    const counted = typeof row === 'object' && row.counted
    yield {
      number: counted ? number : null,
      depth,
      row,
      record: typeof record === 'object' ? record : undefined,
    }
    if (typeof row === 'object') yield* agentsOf(row, options, told, depth + 1)
  }
}

async function* agentsOf(
  row: Row,
  { agents, onRecord }: ReadOptions,
  told: Set<string>,
  depth: number,
): AsyncGenerator<Conversed> {
  if (!agents || agents.size === 0 || depth > deepest) return
  for (const block of row.blocks) {
    const open = block.kind === 'call' && !told.has(block.id) ? agents.get(block.id) : undefined
    if (!open || block.kind !== 'call') continue
    told.add(block.id)
    for await (const line of open()) {
      const record = parseRecord(line)
      if (record === undefined) continue
      const own = typeof record === 'object' ? readRow(record) : record
      if (typeof record === 'object') onRecord?.(record)
      if (own === undefined) continue
      yield { number: null, depth, row: own, record: typeof record === 'object' ? record : undefined }
      if (typeof own === 'object') yield* agentsOf(own, { agents, onRecord }, told, depth + 1)
    }
  }
}

/** Rows without a time belong to the row before them. */
function timeOf(timestamp: unknown, before: number): number {
  const ms = typeof timestamp === 'string' ? Date.parse(timestamp) : Number.NaN
  return Number.isNaN(ms) ? before : ms
}

function isWithin({ from, to }: Range, at: number, number: number, timeMs: number): boolean {
  if (from?.kind === 'row' && at < from.at) return false
  if (from?.kind === 'message' && number < from.number) return false
  if (from?.kind === 'time' && timeMs < from.ms) return false
  return !(to?.kind === 'time' && timeMs > to.ms)
}
