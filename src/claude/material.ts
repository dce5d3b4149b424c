/** Whether a change of a session's files is worth a push, or stands in the way of a pull. */

import type { FieldNode } from './field-tree.ts'
import { wantStrings } from './field-tree.ts'
import { decodeString, newSpans, spanScanner } from './json-spans.ts'
import { eachLine, lineBatches } from './line-batches.ts'
import { readRange } from './session-file.ts'

/** `false` for what comes and goes by itself: it travels along, but is no reason to. */
export function isMaterial(name: string): boolean {
  const folder = name.split('/')[0] ?? ''
  return !['history.jsonl', 'paste-cache', 'session-env', 'shell-snapshots'].includes(folder)
}

/** Rows that the client writes without any conversation: state of its own, and records of requests. */
const clientState = new Set([
  ...['mode', 'permission-mode', 'last-prompt', 'cost-state', 'agent-name', 'agent-color', 'agent-setting'],
  ...['isolation-latch', 'atis-latch', 'tools-used', 'queue-operation', 'bridge-session', 'session-owner'],
  ...['saved_hook_context', 'speculation-accept', 'frame-link', 'ended-by-model', 'history-suppression'],
  ...['api-request', 'api-request-shape', 'api-request-blob', 'relocated', 'worktree-state', 'dev-mods'],
])

/**
 * Whether bytes `[from, to)` of a transcript hold more than client state. Titles, tags and pull-request links count, and
 * so does every row of an unknown type or that cannot be read: better one push too many than a lost row.
 */
export async function tailIsMaterial(path: string, from: number, to: number): Promise<boolean> {
  const root: FieldNode = {}
  wantStrings(root, 0, ['type'])
  const scan = spanScanner(root)
  const spans = newSpans()
  let material = false
  for await (const batch of lineBatches(readRange(path, from, to))) {
    if (!batch.whole) return true
    eachLine(batch.bytes, (start, end) => {
      if (material || end === start) return
      const readable = scan(batch.bytes, start, end, spans) && spans.count === 1
      const type = readable ? decodeString(batch.bytes, spans.starts[0] ?? 0, spans.ends[0] ?? 0) : undefined
      material = type === undefined || !clientState.has(type)
    })
    if (material) return true
  }
  return false
}
