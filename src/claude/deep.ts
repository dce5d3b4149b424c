/** Maps known folders everywhere in a conversation row, on request. What is signed or opaque is never touched. Pure. */

import { cutMembers, type Edits, replace } from './edits.ts'
import { at, type FieldNode, member } from './field-tree.ts'
import { decodeString, encodeString, newSpans, spanScanner } from './json-spans.ts'
import type { Relocation } from './relocation.ts'
import type { RowFacts } from './row-facts.ts'

const tag = { leaf: 40, block: 41, blockType: 42 } as const
const conversation = new Set(['user', 'assistant', 'attachment', 'system', 'progress'])
const thinking = new Set(['thinking', 'redacted_thinking'])

/** Recorded `environment` rows stay: the client compares with them, and announces the new folder itself. */
export function isDeepRow(facts: RowFacts): boolean {
  if (facts.type === undefined || !conversation.has(facts.type)) return false
  return facts.type !== 'attachment' || facts.attachmentType !== 'environment'
}

/**
 * Edits one conversation row. Thinking is bound to the exact text before it, so its blocks go. Returns `false` when
 * no block is left: the caller drops the row.
 */
export type DeepEditor = (bytes: Buffer, start: number, end: number, edits: Edits) => boolean

export function deepEditor(relocation: Relocation): DeepEditor {
  const scan = spanScanner(deepFields())
  const spans = newSpans()
  const needles = folderNeedles(relocation)
  const shortest = Math.min(...relocation.pairs.map(({ from }) => from.length))
  const mayHold = (bytes: Buffer, from: number, to: number) =>
    to - from >= shortest &&
    (to - from < longText
      ? holdsSeparator(bytes, from, to)
      : !needles || needles.some((needle) => bytes.subarray(from, to).includes(needle)))
  return (bytes, start, end, edits) => {
    if (!scan(bytes, start, end, spans)) return true
    const blocks: { start: number; end: number; isThinking: boolean }[] = []
    for (let index = 0; index < spans.count; index++) {
      const [from, to] = [spans.starts[index] ?? 0, spans.ends[index] ?? 0]
      const kind = spans.tags[index]
      const block = blocks.at(-1)
      if (kind === tag.block) blocks.push({ start: from, end: to, isThinking: false })
      else if (kind === tag.blockType && block) {
        block.isThinking = thinking.has(decodeString(bytes, from, to) ?? '')
      } else if (kind === tag.leaf && mayHold(bytes, from, to)) {
        editLeaf(bytes, from, to, edits, relocation)
      }
    }
    cutMembers(blocks, (index) => blocks[index]?.isThinking ?? false, edits)
    return blocks.length === 0 || blocks.some((block) => !block.isThinking)
  }
}

function editLeaf(bytes: Buffer, start: number, end: number, edits: Edits, relocation: Relocation): void {
  const text = decodeString(bytes, start, end)
  if (text === undefined) return
  const mapped = relocation.text(text)
  if (mapped !== text) replace(edits, start, end, encodeString(mapped))
}

/** Every string and key, but not signatures and encoded data. */
function deepFields(): FieldNode {
  const anything: FieldNode = { string: tag.leaf, key: tag.leaf }
  anything.any = anything
  anything.items = anything
  const root: FieldNode = { key: tag.leaf, any: anything }
  const block: FieldNode = { string: tag.leaf, key: tag.leaf, any: anything, whole: tag.block }
  for (const node of [anything, root, block]) leaveOpaque(node, anything)
  const message = at(root, 'message')
  message.key = tag.leaf
  message.any = anything
  const content = member(message, 'content', { string: tag.leaf, items: block, any: anything, key: tag.leaf })
  leaveOpaque(message, anything)
  member(block, 'type').string = tag.blockType
  content.items = block
  return root
}

/** `data` is encoded where it is a string (images, files), and an ordinary object on progress rows. */
function leaveOpaque(node: FieldNode, anything: FieldNode): void {
  for (const name of ['signature', 'encrypted_content', 'base64']) member(node, name)
  member(node, 'data', { key: tag.leaf, any: anything, items: anything })
}

function holdsSeparator(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === 47 || bytes[at] === 92) return true
  return false
}

/** From here on it pays to search the bytes before decoding them. */
const longText = 2048

/** A run of plain characters from each folder: a string without any of them holds none of the folders. */
function folderNeedles(relocation: Relocation): readonly Buffer[] | undefined {
  if (relocation.origin === 'win32') return undefined
  const runs = relocation.pairs.map(({ from }) => from.match(/[A-Za-z0-9_-]+/g)?.at(-1))
  const known = runs.filter((run) => run !== undefined)
  return known.length === runs.length ? [...new Set(known)].map((run) => Buffer.from(run)) : undefined
}
