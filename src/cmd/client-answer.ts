/** What a hook answers to Claude Code, within the client's limits. Pure. */

import type { ClientStart } from '../core/client-start.ts'
import { safeLines } from './text.ts'

/** The client cuts longer texts off in silence. */
const longestText = 10_000

/** Keeps a prompt or a command from the model, and shows `text` instead. */
export function blocking(event: 'UserPromptSubmit' | 'UserPromptExpansion', text: string, more = ''): string {
  return `${JSON.stringify({
    decision: 'block',
    // The client puts a line of its own before it.
    reason: cut(text, more),
    hookSpecificOutput: { hookEventName: event, suppressOriginalPrompt: true },
  })}\n`
}

/** Empty where there is nothing to say. */
export function starting({ notice, context }: ClientStart): string {
  if (notice.length === 0 && context === null) return ''
  return `${JSON.stringify({
    ...(notice.length === 0
      ? {}
      : { systemMessage: cut(safeLines(notice.map((line) => `git-teleport: ${line}`).join('\n')), '') }),
    ...(context === null
      ? {}
      : { hookSpecificOutput: { hookEventName: 'SessionStart', additionalContext: cut(context, '') } }),
  })}\n`
}

/** `more`: where all of it can be read. */
export function cut(text: string, more: string): string {
  if (text.length <= longestText) return text
  const room = longestText - 200 - Math.min(more.length, 500)
  const end = text.lastIndexOf('\n', room)
  const kept = text.slice(0, end > 0 ? end : room)
  const rest = text.slice(kept.length).split('\n').length - 1
  const where = more === '' ? '' : `: ${more.slice(0, 500)}`
  return `${kept}\n\n… cut here, ${Math.max(rest, 1)} lines more${where}`
}
