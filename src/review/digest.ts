/** What finding a session and choosing one needs of it: prompts, files touched, and the words that are searched. Pure. */

import { readConversation } from './conversation.ts'
import { isFileTool, pathOf, shortened } from './stats.ts'
import { describeCall } from './tool-call.ts'
import { answeredText, askedText, isAsked } from './words.ts'

export interface DigestedText {
  /** Of the message. */
  readonly number: number
  readonly uuid: string
  readonly time: string
  readonly kind: 'prompt' | 'answer' | 'call'
  readonly text: string
}

export interface Digest {
  /** Beginnings of the first and the last prompt; empty where nothing was asked. */
  readonly first: string
  readonly last: string
  readonly messages: number
  /** Files that were read or written, the newest 500, relative to the project where they lie in it. */
  readonly files: readonly string[]
  /** Prompts, answers and calls; neither results nor thinking. */
  readonly texts: readonly DigestedText[]
}

const promptLength = 400
/** Of one message so much is searched, and so many messages. */
const mostText = 4000
const mostTexts = 50_000
const mostFiles = 500

/** @param roots what paths of files are shortened by */
export async function digestConversation(
  lines: AsyncIterable<Uint8Array>,
  roots: readonly string[],
): Promise<Digest> {
  const files = new Set<string>()
  const texts: DigestedText[] = []
  let [first, last, messages] = ['', '', 0]
  for await (const { row, number, depth } of readConversation(lines, {})) {
    if (typeof row !== 'object' || depth > 0) continue
    if (number !== null) messages = number
    const add = (kind: DigestedText['kind'], text: string) => {
      if (text === '' || texts.length >= mostTexts) return
      texts.push({ number: messages, uuid: row.uuid, time: row.time, kind, text: text.slice(0, mostText) })
    }
    if (isAsked(row)) {
      const asked = askedText(row)
      if (first === '') first = asked.slice(0, promptLength)
      last = asked.slice(0, promptLength)
      add('prompt', asked)
    }
    add('answer', answeredText(row))
    for (const block of row.blocks) {
      if (block.kind !== 'call') continue
      add('call', describeCall(block.tool, block.input))
      const path = isFileTool(block.tool) ? pathOf(block.input) : undefined
      if (path === undefined) continue
      const short = shortened(path, roots)
      files.delete(short)
      files.add(short)
      const [oldest] = files
      if (files.size > mostFiles && oldest !== undefined) files.delete(oldest)
    }
  }
  return { first, last, messages, files: [...files], texts }
}

/** A digest read back from a file of ours; undefined for anything else. */
export function parseDigest(value: unknown): Digest | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { first, last, messages, files, texts } = value as Partial<Record<keyof Digest, unknown>>
  if (typeof first !== 'string' || typeof last !== 'string' || typeof messages !== 'number') return undefined
  if (!Array.isArray(files) || !files.every((file) => typeof file === 'string')) return undefined
  if (!Array.isArray(texts) || !texts.every(isDigestedText)) return undefined
  return { first, last, messages, files, texts }
}

function isDigestedText(value: unknown): value is DigestedText {
  if (typeof value !== 'object' || value === null) return false
  const { number, uuid, time, kind, text } = value as Partial<Record<keyof DigestedText, unknown>>
  return (
    typeof number === 'number' &&
    [uuid, time, text].every((each) => typeof each === 'string') &&
    ['prompt', 'answer', 'call'].includes(String(kind))
  )
}
