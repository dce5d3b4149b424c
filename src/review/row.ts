/** One line of a transcript, parsed into what a reader wants to see. Everything in it is hostile. Pure. */

/** Larger rows are not parsed: it would take many times their size in memory. */
export const maxRowBytes = 16 * 1024 * 1024

export type Block =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'thinking'; readonly text: string }
  | { readonly kind: 'call'; readonly id: string; readonly tool: string; readonly input: unknown }
  | {
      readonly kind: 'result'
      readonly id: string
      readonly failed: boolean
      readonly blocks: readonly Block[]
    }
  | { readonly kind: 'media'; readonly name: string; readonly bytes: number | null }

/** What an answer cost, as the service counted it. */
export interface Usage {
  readonly input: number
  readonly output: number
  readonly cacheRead: number
  readonly cacheWrite: number
}

/** Texts are as they were: nothing is made safe here. */
export interface Row {
  readonly kind: 'prompt' | 'answer' | 'notice'
  /** Both may be empty. The time is what the row says. */
  readonly uuid: string
  readonly time: string
  /** One of the messages that a session is said to have. */
  readonly counted: boolean
  /** Rows of one answer share its id. Of answers only; may be empty. */
  readonly answerId: string
  readonly model: string
  readonly usage: Usage | null
  /** What the row's result changed in a file: lines that begin with `+`, `-` or a blank, at most a few thousand. */
  readonly patch: readonly string[]
  /** Of a subagent. */
  readonly sidechain: boolean
  /** Not typed by the user: said by the client in the user's name. */
  readonly hidden: boolean
  readonly blocks: readonly Block[]
}

/** What a line can turn out to be when it is no row. */
export type Unreadable = 'too-large' | 'broken'

/** `undefined` for rows that are not part of the conversation, and for kinds that nobody knows. */
export function parseRow(line: Uint8Array): Row | Unreadable | undefined {
  const record = parseRecord(line)
  return typeof record === 'object' ? readRow(record) : record
}

/** The row as it is; `undefined` for a blank line and for JSON that is no object. */
export function parseRecord(line: Uint8Array): Readonly<Record<string, unknown>> | Unreadable | undefined {
  if (line.byteLength > maxRowBytes) return 'too-large'
  const text = new TextDecoder().decode(line).trim()
  if (text === '') return undefined
  try {
    const row: unknown = JSON.parse(text)
    return isRecord(row) ? row : undefined
  } catch {
    return 'broken'
  }
}

/** As `parseRow`, of a row that is parsed already. */
export function readRow(row: Readonly<Record<string, unknown>>): Row | undefined {
  const common = {
    sidechain: row['isSidechain'] === true,
    uuid: stringOf(row['uuid']),
    time: stringOf(row['timestamp']),
    counted: false,
    hidden: false,
    answerId: '',
    model: '',
    usage: null,
    patch: [],
  }
  if (row['type'] === 'user' || row['type'] === 'assistant') {
    const message = isRecord(row['message']) ? row['message'] : {}
    const hidden =
      row['isMeta'] === true || row['isCompactSummary'] === true || row['promptSource'] === 'system'
    const answered = row['type'] === 'assistant'
    return {
      ...common,
      kind: answered ? 'answer' : 'prompt',
      counted: !common.sidechain && row['isMeta'] !== true,
      hidden,
      answerId: answered ? stringOf(message['id']) : '',
      model: answered ? stringOf(message['model']) : '',
      usage: answered ? readUsage(message['usage']) : null,
      patch: readPatch(row['toolUseResult']),
      blocks: readBlocks(message['content']),
    }
  }
  if (row['type'] === 'attachment') {
    const blocks = queuedPrompt(row['attachment'])
    return blocks && { ...common, kind: 'prompt', blocks }
  }
  if (row['type'] !== 'system') return undefined
  const blocks = noticeOf(row)
  return blocks && { ...common, kind: 'notice', blocks }
}

/** What the user typed while the model was busy. */
function queuedPrompt(attachment: unknown): readonly Block[] | undefined {
  if (!isRecord(attachment) || attachment['type'] !== 'queued_command') return undefined
  return readBlocks(attachment['prompt'])
}

function readUsage(usage: unknown): Usage | null {
  if (!isRecord(usage)) return null
  return {
    input: countOf(usage['input_tokens']),
    output: countOf(usage['output_tokens']),
    cacheRead: countOf(usage['cache_read_input_tokens']),
    cacheWrite: countOf(usage['cache_creation_input_tokens']),
  }
}

/** More lines of one change than this are not read. */
const mostPatchLines = 5000

function readPatch(result: unknown): readonly string[] {
  const hunks = isRecord(result) ? result['structuredPatch'] : undefined
  if (!Array.isArray(hunks)) return []
  const lines: string[] = []
  for (const hunk of hunks) {
    const own = isRecord(hunk) && Array.isArray(hunk['lines']) ? hunk['lines'] : []
    for (const line of own) {
      if (lines.length >= mostPatchLines) return lines
      if (typeof line === 'string' && /^[-+ ]/.test(line)) lines.push(line)
    }
  }
  return lines
}

function countOf(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0
}

const toldSubtypes = new Set([
  'compact_boundary',
  'local_command',
  'api_error',
  'informational',
  'away_summary',
])

function noticeOf(row: Readonly<Record<string, unknown>>): readonly Block[] | undefined {
  const { subtype, content } = row
  if (typeof subtype !== 'string' || !toldSubtypes.has(subtype)) return undefined
  const text = typeof content === 'string' && content !== '' ? content : subtype.replaceAll('_', ' ')
  return [{ kind: 'text', text }]
}

/** A message's content: a string, or blocks. */
function readBlocks(content: unknown): readonly Block[] {
  if (typeof content === 'string') return content === '' ? [] : [{ kind: 'text', text: content }]
  if (!Array.isArray(content)) return []
  return content.flatMap((block: unknown) => readBlock(block) ?? [])
}

function readBlock(block: unknown): Block | undefined {
  if (!isRecord(block)) return undefined
  switch (block['type']) {
    case 'text':
      return { kind: 'text', text: stringOf(block['text']) }
    case 'thinking':
      return { kind: 'thinking', text: stringOf(block['thinking']) }
    case 'tool_use':
    case 'server_tool_use':
      return { kind: 'call', id: stringOf(block['id']), tool: stringOf(block['name']), input: block['input'] }
    case 'tool_result':
      return readResult(block)
    case 'image':
    case 'document':
      return readMedia(block)
    default:
      return undefined
  }
}

/** Results do not nest, so a result within a result is left out, and no row can make this recurse. */
function readResult(block: Record<string, unknown>): Block {
  const content = block['content']
  const inner = Array.isArray(content)
    ? content.filter((one: unknown) => !isRecord(one) || one['type'] !== 'tool_result')
    : content
  return {
    kind: 'result',
    id: stringOf(block['tool_use_id']),
    failed: block['is_error'] === true,
    blocks: readBlocks(inner),
  }
}

function readMedia(block: Record<string, unknown>): Block {
  const source = isRecord(block['source']) ? block['source'] : {}
  const { media_type: mediaType, data, url } = source
  const title = block['title']
  const name = [title, mediaType, url].filter((word) => typeof word === 'string' && word !== '').join(', ')
  const bytes = typeof data === 'string' ? Math.floor((data.replace(/=+$/, '').length * 3) / 4) : null
  return { kind: 'media', name: `${stringOf(block['type'])}${name ? `: ${name}` : ''}`, bytes }
}

function stringOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

/** Keys are only ever looked up by name, so a row's own `__proto__` key has no effect. */
function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
