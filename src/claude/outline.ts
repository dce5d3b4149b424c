/** What a transcript says of its own course: prompts, messages and edits, each at its row. For finding, not for showing. */

import { createHash } from 'node:crypto'
import { promptLine } from './prompt-text.ts'

export interface OutlinedPrompt {
  /** Row, from 0. */
  readonly at: number
  readonly uuid: string
  /** One line, cut at 120 characters. */
  readonly text: string
}

export interface Outline {
  /** Rows by the uuid that they carry; only those asked for. */
  readonly rows: Readonly<Record<string, number>>
  readonly prompts: readonly OutlinedPrompt[]
  /** Time of the first row that has one. */
  readonly started: string | null
  /** Lines that an edit or a new file brought, by `lineKey`: the first row that brought each. */
  readonly edits: Readonly<Record<string, number>>
}

/** What a line of code is remembered by: blanks around it do not count. Undefined for one that says nothing. */
export function lineKey(line: string): string | undefined {
  const text = line.trim()
  return /[\p{L}\p{N}]/u.test(text) ? createHash('sha256').update(text).digest('hex').slice(0, 16) : undefined
}

/** Rows larger than this are not looked into; nor are edits beyond this number. */
const maxRowBytes = 16 * 1024 * 1024
const mostEdits = 200_000

/** @param wanted uuids whose rows are to be found */
export async function outlineTranscript(
  lines: AsyncIterable<Uint8Array>,
  wanted: ReadonlySet<string>,
): Promise<Outline> {
  const rows = new Map<string, number>()
  const edits = new Map<string, number>()
  const prompts: OutlinedPrompt[] = []
  let started: string | null = null
  let at = -1
  for await (const line of lines) {
    at += 1
    const row = line.byteLength > maxRowBytes ? undefined : parse(line)
    if (!row) continue
    const uuid = textOf(row['uuid'])
    if (uuid !== '' && wanted.has(uuid)) rows.set(uuid, at)
    if (started === null && textOf(row['timestamp']) !== '') started = textOf(row['timestamp'])
    const { type } = row
    const message = recordOf(row['message'])
    if (type === 'user' && row['isSidechain'] !== true && row['isMeta'] !== true) {
      const text = promptOf(message['content'])
      if (text !== '') prompts.push({ at, uuid, text })
    }
    if (type === 'assistant') noteEdits(message['content'], at, edits)
  }
  return { rows: Object.fromEntries(rows), prompts, started, edits: Object.fromEntries(edits) }
}

function promptOf(content: unknown): string {
  if (typeof content === 'string') return promptLine(content)
  if (!Array.isArray(content)) return ''
  for (const block of content.map(recordOf)) {
    const line = block['type'] === 'text' ? promptLine(textOf(block['text'])) : ''
    if (line !== '') return line
  }
  return ''
}

/** The inputs of the client's own tools that hold what a file gets. */
function noteEdits(content: unknown, at: number, edits: Map<string, number>): void {
  if (!Array.isArray(content)) return
  for (const block of content.map(recordOf)) {
    if (block['type'] !== 'tool_use') continue
    const input = recordOf(block['input'])
    const several = Array.isArray(input['edits']) ? input['edits'].map(recordOf) : []
    const texts = [
      input['new_string'],
      input['content'],
      input['new_source'],
      ...several.map((each) => each['new_string']),
    ]
    for (const line of texts.map(textOf).join('\n').split('\n')) {
      const key = lineKey(line)
      if (key !== undefined && !edits.has(key) && edits.size < mostEdits) edits.set(key, at)
    }
  }
}

function parse(line: Uint8Array): Record<string, unknown> | undefined {
  try {
    const row: unknown = JSON.parse(new TextDecoder().decode(line))
    return recordOf(row)
  } catch {
    return undefined
  }
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : {}
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
