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

/** Texts are as they were: nothing is made safe here. */
export interface Row {
  readonly kind: 'prompt' | 'answer' | 'notice'
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
  if (line.byteLength > maxRowBytes) return 'too-large'
  const text = new TextDecoder().decode(line).trim()
  if (text === '') return undefined
  try {
    return readRow(JSON.parse(text))
  } catch {
    return 'broken'
  }
}

function readRow(row: unknown): Row | undefined {
  if (!isRecord(row)) return undefined
  const sidechain = row['isSidechain'] === true
  if (row['type'] === 'user' || row['type'] === 'assistant') {
    const message = isRecord(row['message']) ? row['message'] : {}
    const hidden =
      row['isMeta'] === true || row['isCompactSummary'] === true || row['promptSource'] === 'system'
    const kind = row['type'] === 'user' ? 'prompt' : 'answer'
    return { kind, sidechain, hidden, blocks: readBlocks(message['content']) }
  }
  if (row['type'] === 'attachment') return readQueuedPrompt(row['attachment'], sidechain)
  if (row['type'] === 'system') return readNotice(row, sidechain)
  return undefined
}

/** What the user typed while the model was busy. */
function readQueuedPrompt(attachment: unknown, sidechain: boolean): Row | undefined {
  if (!isRecord(attachment) || attachment['type'] !== 'queued_command') return undefined
  return { kind: 'prompt', sidechain, hidden: false, blocks: readBlocks(attachment['prompt']) }
}

const toldSubtypes = new Set([
  'compact_boundary',
  'local_command',
  'api_error',
  'informational',
  'away_summary',
])

function readNotice(row: Record<string, unknown>, sidechain: boolean): Row | undefined {
  const { subtype, content } = row
  if (typeof subtype !== 'string' || !toldSubtypes.has(subtype)) return undefined
  const text = typeof content === 'string' && content !== '' ? content : subtype.replaceAll('_', ' ')
  return { kind: 'notice', sidechain, hidden: false, blocks: [{ kind: 'text', text }] }
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
