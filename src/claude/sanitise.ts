/** Which rows of another member's transcript are kept, and what is taken out of them. Pure. */

import type { CheckTarget } from './checkpoint-target.ts'
import { spanText, type Tracked, trackedFiles, trackedPath } from './checkpoints.ts'
import { cutMembers, type Edits, replace } from './edits.ts'
import type { Spans } from './json-spans.ts'
import { isPlainRelative } from './plain-path.ts'
import { isInside, pathRules } from './platform-path.ts'
import { isBackupOf, type Relocation } from './relocation.ts'
import type { RowFacts } from './row-facts.ts'

export type Verdict =
  | { readonly keep: 'conversation' | 'listing' | 'checkpoint' }
  /** `drop` names the reason for people: a type from our own list, never the sender's text. */
  | { readonly keep: false; readonly drop: string }

const listing = new Set(['summary', 'ai-title', 'custom-title', 'last-prompt', 'tag', 'pr-link'])
const checkpoint = new Set(['file-history-snapshot', 'file-history-delta'])
/** Attachments that show a file or folder. All others may carry instructions that the client words itself. */
const harmlessAttachments = new Set(['file', 'directory'])

/** Types that are dropped by name, so that the report can say what they were. */
const refused = new Set([
  ...['progress', 'permission-mode', 'mode', 'agent-setting', 'agent-name', 'agent-color', 'worktree-state'],
  ...['relocated', 'bridge-session', 'session-owner', 'isolation-latch', 'atis-latch', 'dev-mods'],
  ...['history-suppression', 'api-request', 'api-request-shape', 'api-request-blob', 'cost-state'],
  ...['queue-operation', 'tools-used', 'saved_hook_context', 'speculation-accept', 'frame-link'],
  ...['ended-by-model', 'content-replacement', 'fork-context-ref'],
])

export function judgeRow(facts: RowFacts): Verdict {
  const { type } = facts
  if (facts.ambiguous) return { keep: false, drop: 'ambiguous' }
  if (type === 'user' || type === 'assistant') {
    return facts.role === type ? { keep: 'conversation' } : { keep: false, drop: 'wrong-role' }
  }
  if (type === 'system') return { keep: 'conversation' }
  if (type === 'attachment') return judgeAttachment(facts)
  if (type !== undefined && listing.has(type)) return { keep: 'listing' }
  if (type !== undefined && checkpoint.has(type)) return { keep: 'checkpoint' }
  return { keep: false, drop: type !== undefined && refused.has(type) ? type : 'unknown' }
}

function judgeAttachment(facts: RowFacts): Verdict {
  const harmless = facts.attachmentType !== undefined && harmlessAttachments.has(facts.attachmentType)
  if (harmless && facts.hidden.length === 0) return { keep: 'conversation' }
  return { keep: false, drop: facts.attachmentType === 'prompt_snapshot' ? 'prompt_snapshot' : 'attachment' }
}

/** Empties what would speak to the client or the model in the sender's name. */
export function silence(facts: RowFacts, edits: Edits): void {
  for (const { start, end } of facts.hidden) replace(edits, start, end, Buffer.from('null'))
}

/**
 * Takes out of a checkpoint row every file that a rewind must not write. `false`: nothing is left of it, or it is not
 * the row that its type says; the caller drops it.
 */
export function keepSafeCheckpoints(
  bytes: Buffer,
  spans: Spans,
  edits: Edits,
  facts: RowFacts,
  relocation: Relocation,
  checkTarget: CheckTarget | undefined,
): boolean {
  const files = trackedFiles(spans)
  const isDelta = facts.type === 'file-history-delta'
  const deltas = files.filter((file) => file.entry < 0)
  if (isDelta ? files.length !== 1 || deltas.length !== 1 : deltas.length > 0) return false
  const safe = files.map((file) => isSafe(bytes, spans, file, relocation, checkTarget))
  if (isDelta || files.length === 0) return safe.every(Boolean)
  const entries = files.map((file) => ({
    start: spans.starts[file.entry] ?? 0,
    end: spans.ends[file.entry] ?? 0,
  }))
  cutMembers(entries, (index) => !safe[index], edits)
  return safe.some(Boolean)
}

function isSafe(
  bytes: Buffer,
  spans: Spans,
  file: Tracked,
  relocation: Relocation,
  checkTarget: CheckTarget | undefined,
): boolean {
  if (file.repeated || !checkTarget) return false
  const key = spanText(bytes, spans, file.key)
  const parent = spanText(bytes, spans, file.parent)
  const backup = spanText(bytes, spans, file.backup)
  if (key === undefined || parent === undefined || (file.backup >= 0 && backup === undefined)) return false
  const { here, origin } = relocation
  const rules = pathRules(here.platform)
  const localKey = relocation.relative(key)
  if (!isPlainRelative(key, origin) || !isPlainRelative(localKey, here.platform)) return false
  const path = trackedPath(key, parent, origin)
  if (path === undefined || (backup !== undefined && !isBackupOf(backup, path))) return false
  // The client may go by the key or by the folder beside it: both must say the same file.
  const target = rules.join(relocation.path(parent), rules.basename(localKey))
  return (
    target.endsWith(rules.sep + localKey) && isInside(target, here.root, here.platform) && checkTarget(target)
  )
}

/** Whether a file of another member's bundle may be written at all. Rows are judged apart, by `judgeRow`. */
export function mayInstall(
  name: string,
  path: string | undefined,
  relocation: Relocation,
  checkTarget: CheckTarget,
): boolean {
  const [folder = '', backup = ''] = name.split('/')
  // One key press brings a row of the prompt history back, and another one sends it, or runs it as a command.
  if (folder === 'history.jsonl') return false
  // The pastes of prompts that are left out; they lie in a folder that all sessions share.
  if (folder === 'paste-cache') return false
  // The state of a workflow names the script that goes on with it.
  if (name.startsWith('session-subdir/workflows/')) return false
  if (folder === 'session-env' || folder === 'shell-snapshots' || folder === 'worktree') return false
  if (folder !== 'file-history') return true
  return path !== undefined && isBackupOf(backup, path) && checkTarget(relocation.path(path))
}
