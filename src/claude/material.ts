/** Whether a change of a session's files is worth a push, or stands in the way of a pull. */

import { eachLine, lineBatches } from '../json/line-batches.ts'
import type { FieldNode } from './field-tree.ts'
import { wantStrings } from './field-tree.ts'
import { decodeString, newSpans, type Spans, spanScanner } from './json-spans.ts'
import { readRange } from './session-file.ts'

/** `false` for what comes and goes by itself: it travels along, but is no reason to. */
export function isMaterial(name: string): boolean {
  const folder = name.split('/')[0] ?? ''
  return !['history.jsonl', 'paste-cache', 'session-env', 'shell-snapshots', 'worktree'].includes(folder)
}

/**
 * Rows that the client writes without any conversation: state of its own, and records of requests. Opening a session
 * writes a checkpoint; one that holds anything new comes with new files in `file-history`.
 */
const clientState = new Set([
  ...['mode', 'permission-mode', 'last-prompt', 'cost-state', 'agent-name', 'agent-color', 'agent-setting'],
  ...['isolation-latch', 'atis-latch', 'tools-used', 'queue-operation', 'bridge-session', 'session-owner'],
  ...['saved_hook_context', 'speculation-accept', 'frame-link', 'ended-by-model', 'history-suppression'],
  ...['api-request', 'api-request-shape', 'api-request-blob', 'relocated', 'worktree-state', 'dev-mods'],
  'file-history-snapshot',
])

/**
 * What the client notes of hooks when a session is only opened, and what it tells a person and never the model, such as a
 * hook's answer to a slash command: looking at a session must not make it another one.
 */
function isNotice(
  type: string,
  { attachment, event, subtype }: Readonly<Record<NoticeField, string | undefined>>,
): boolean {
  if (type === 'system') return subtype === 'informational'
  return type === 'attachment' && event === 'SessionStart' && /^hook_/.test(attachment ?? '')
}

type NoticeField = 'attachment' | 'event' | 'subtype'

/**
 * Whether bytes `[from, to)` of a transcript hold more than client state. Titles, tags and pull-request links count, and
 * so does every row of an unknown type or that cannot be read: better one push too many than a lost row.
 * @param knownTitle the session's title so far: the client repeats a given one at every prompt, which changes nothing
 */
export async function tailIsMaterial(
  path: string,
  from: number,
  to: number,
  knownTitle: string | null,
): Promise<boolean> {
  const root: FieldNode = {}
  wantStrings(root, tag.type, ['type'])
  wantStrings(root, tag.title, ['customTitle'])
  wantStrings(root, tag.subtype, ['subtype'])
  wantStrings(root, tag.attachment, ['attachment.type'])
  wantStrings(root, tag.event, ['attachment.hookEvent'])
  const scan = spanScanner(root)
  const spans = newSpans()
  let material = false
  for await (const batch of lineBatches(readRange(path, from, to))) {
    if (!batch.whole) return true
    eachLine(batch.bytes, (start, end) => {
      if (material || end === start) return
      material = !scan(batch.bytes, start, end, spans) || rowIsMaterial(batch.bytes, spans, knownTitle)
    })
    if (material) return true
  }
  return false
}

const tag = { type: 0, title: 1, subtype: 2, attachment: 3, event: 4 } as const

function rowIsMaterial(bytes: Buffer, spans: Spans, knownTitle: string | null): boolean {
  const [type, ...moreTypes] = textsOf(bytes, spans, tag.type)
  const [title, ...moreTitles] = textsOf(bytes, spans, tag.title)
  if (type === undefined || moreTypes.length > 0) return true
  if (type === 'attachment' || type === 'system') return !isNotice(type, noticeIn(bytes, spans))
  if (type !== 'custom-title') return !clientState.has(type)
  return title === undefined || moreTitles.length > 0 || title !== knownTitle
}

/** A field that is there twice is as good as missing: then the row counts. */
function noticeIn(bytes: Buffer, spans: Spans): Readonly<Record<NoticeField, string | undefined>> {
  const only = (kind: number) => {
    const [text, ...more] = textsOf(bytes, spans, kind)
    return more.length === 0 ? text : undefined
  }
  return { attachment: only(tag.attachment), event: only(tag.event), subtype: only(tag.subtype) }
}

function textsOf(bytes: Buffer, spans: Spans, kind: number): readonly (string | undefined)[] {
  return Array.from({ length: spans.count }, (_, index) => index)
    .filter((index) => spans.tags[index] === kind)
    .map((index) => decodeString(bytes, spans.starts[index] ?? 0, spans.ends[index] ?? 0))
}
