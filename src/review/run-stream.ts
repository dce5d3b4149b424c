/** The stream that a client without a terminal writes, as rows of a transcript and as figures. Pure. */

import { parseRecord, readRow, type Unreadable } from './row.ts'
import { type Stats, takeStats } from './stats.ts'
import { describeCall, textOf } from './tool-call.ts'

/** What was asked, as a row of the stream: the client itself does not repeat it there. */
export function promptRow(prompt: string, now: Date): string {
  const message = { role: 'user', content: prompt }
  return JSON.stringify({ type: 'user', message, timestamp: now.toISOString() })
}

/** Each line as a row of a transcript, for `renderTranscript`; what is only for programs is left out. */
export async function* asTranscript(lines: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const line of lines) {
    const record = parseRecord(line)
    if (record === undefined) continue
    const row = typeof record === 'object' ? rowOf(record) : saidRow(record, line)
    if (row !== undefined) yield Buffer.from(JSON.stringify(row))
  }
}

type Json = Readonly<Record<string, unknown>>

function rowOf(record: Json): Json | undefined {
  const { type, subtype } = record
  if (type === 'user' || type === 'assistant') {
    const own = record['parent_tool_use_id']
    return { ...record, isSidechain: typeof own === 'string', toolUseResult: record['tool_use_result'] }
  }
  if (type === 'result') return notice(resultText(record))
  if (type !== 'system') return undefined
  if (subtype === 'init') return notice(`${textIn(record, 'model')}, ${textIn(record, 'permissionMode')}`)
  if (subtype === 'api_retry') return notice(`the service is asked again (${textIn(record, 'error')})`)
  if (subtype === 'compact_boundary' || subtype === 'informational') return record
  return undefined
}

/** Something that is no row: a warning of the program that started the client, say. */
function saidRow(why: Unreadable, line: Uint8Array): Json {
  if (why === 'too-large') return notice('a row that is too large to show')
  return notice(new TextDecoder().decode(line.subarray(0, 2000)))
}

function notice(content: string): Json {
  return { type: 'system', subtype: 'informational', content }
}

function resultText(record: Json): string {
  const cost = record['total_cost_usd']
  const costs = typeof cost === 'number' && Number.isFinite(cost) ? `, $${cost.toFixed(4)}` : ''
  const turns = record['num_turns']
  const how = record['is_error'] === true ? 'failed' : 'ended'
  return `${how}: ${textIn(record, 'subtype')}${typeof turns === 'number' ? `, ${turns} turns` : ''}${costs}`
}

function textIn(record: Json, key: string): string {
  const value = record[key]
  return typeof value === 'string' ? value : ''
}

export interface RunFigures {
  /** What the model answered, each round of tool calls one. */
  readonly turns: number
  readonly tokens: Stats['tokens']
  /** Dollars, as the client counted them; null until it says. */
  readonly costUsd: number | null
  /** The newest call, not made safe; empty when there was none. */
  readonly lastTool: string
  /** The newest words of the model, not made safe; empty when there were none. */
  readonly lastText: string
  /** Calls that were not allowed. */
  readonly denied: number
  /** How the client says it ended, such as `success` or `error_max_turns`; null: it has not said. */
  readonly result: string | null
  readonly failed: boolean
}

const mostLastText = 400

/** Of the whole stream so far. Throws only what `lines` throws. */
export async function takeFigures(lines: AsyncIterable<Uint8Array>): Promise<RunFigures> {
  const stats = takeStats([])
  let [lastTool, lastText, denied] = ['', '', 0]
  let ended: { readonly result: string; readonly failed: boolean; readonly cost: number | null } | undefined
  for await (const line of lines) {
    const record = parseRecord(line)
    if (typeof record !== 'object') continue
    const { type, subtype } = record
    if (type === 'result') ended = endOf(record, ended?.cost ?? null)
    // The client was started again.
    else if (type === 'system' && subtype === 'init' && ended) ended = { ...ended, result: '', failed: false }
    if (subtype === 'permission_denied') denied += 1
    if (type !== 'user' && type !== 'assistant') continue
    const row = readRow(rowOf(record) ?? {})
    if (!row) continue
    stats.add({ number: null, depth: row.sidechain ? 1 : 0, row, record })
    if (row.kind !== 'answer') continue
    for (const block of row.blocks) {
      if (block.kind === 'call') lastTool = describeCall(block.tool, block.input).slice(0, mostLastText)
      if (block.kind === 'text') lastText = textOf(block).trim().slice(0, mostLastText) || lastText
    }
  }
  const { answers: turns, tokens } = stats.result()
  const result = ended?.result || null
  return {
    turns,
    tokens,
    costUsd: ended?.cost ?? null,
    lastTool,
    lastText,
    denied,
    result,
    failed: ended?.failed ?? false,
  }
}

function endOf(record: Json, before: number | null) {
  const cost = record['total_cost_usd']
  return {
    result: textIn(record, 'subtype') || 'unknown',
    failed: record['is_error'] === true,
    cost: typeof cost === 'number' && Number.isFinite(cost) ? cost : before,
  }
}
