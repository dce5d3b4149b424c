/** The forms in which `show` hands on a conversation. */

import type { Reading } from '../core/reading.ts'
import { TeleportError } from '../errors.ts'
import { readConversation } from '../review/conversation.ts'
import { exportedMessage, safeJson } from '../review/json-export.ts'
import { hostLimit, renderMarkdown } from '../review/markdown.ts'
import { inlineMarkdown } from '../review/markdown-text.ts'
import { type Stats, takeStats } from '../review/stats.ts'
import { renderTranscript } from '../review/transcript.ts'

export interface TextTaste {
  readonly color: boolean
  readonly columns: number
  readonly full: boolean
  readonly thinking: boolean
}

/** For people on a terminal, piece by piece. */
export function asText({ lines, agents, range }: Reading, taste: TextTaste): AsyncGenerator<string> {
  return renderTranscript(lines(), { ...taste, numbers: true, agents, range })
}

export async function statsOf({ lines, agents, range, roots }: Reading): Promise<Stats> {
  const taker = takeStats(roots)
  const options = { range, agents, onRecord: taker.onRecord }
  for await (const conversed of readConversation(lines(), options)) taker.add(conversed)
  return taker.result()
}

/** For pull requests. `head` is Markdown, `limit` in characters. */
export function asMarkdown(
  { lines, agents, range, roots }: Reading,
  head: string,
  limit: number,
): AsyncGenerator<string> {
  return renderMarkdown(readConversation(lines(), { agents, range }), head, limit, roots)
}

/** For programs: messages, one after the other. */
export async function* asMessages(
  { lines, agents, range }: Reading,
  thinking: boolean,
): AsyncGenerator<string> {
  for await (const conversed of readConversation(lines(), { agents, range })) {
    const message = exportedMessage(conversed, { thinking })
    if (message) yield safeJson(message)
  }
}

/** Facts as a list, under a heading. */
export function markdownHead(title: string, facts: readonly (readonly [string, string])[]): string {
  const rows = facts.map(([name, value]) => `- **${name}** ${inlineMarkdown(value)}`)
  return `## ${inlineMarkdown(title)}\n\n${rows.join('\n')}\n`
}

export const formats = ['text', 'md', 'html', 'json', 'jsonl', 'agent-trace'] as const

export type Format = (typeof formats)[number]

/** Throws `usage` for what is none of `allowed`. */
export function formatNamed(text: string | undefined, allowed: readonly Format[]): Format {
  const found = allowed.find((format) => format === (text ?? 'text'))
  if (found) return found
  throw new TeleportError('usage', `"${(text ?? '').slice(0, 40)}" is no format that goes here`, {
    hint: `--format ${allowed.join(', --format ')}`,
  })
}

/** Characters; 0 for any length. Throws `usage`. */
export function limitNamed(text: string | undefined): number {
  if (text === undefined) return hostLimit
  if (text === '0') return Number.POSITIVE_INFINITY
  if (/^\d{4,9}$/.test(text)) return Number(text)
  throw new TeleportError('usage', `"${text.slice(0, 40)}" is no length`, {
    hint: '--limit 1000 or more characters, --limit 0 for any length',
  })
}
