/** Reads what Claude Code hands to a hook: one JSON document, in which everything may be somebody else's words. Pure. */

import { isSessionId, type SessionId } from '../model.ts'

/** What is missing, or of another type than it should be, is null. */
export interface ClientEvent {
  /** Such as `SessionStart`. */
  readonly name: string | null
  readonly session: SessionId | null
  /** Absolute, as the client says it; nobody has looked whether it is there. */
  readonly cwd: string | null
  /** Of a prompt: what was typed. */
  readonly prompt: string | null
  /** Of a prompt: who typed it; of a start: why. */
  readonly source: string | null
  /** Of a command: its name without the slash, such as `git-teleport:push`. */
  readonly command: string | null
  /** Of a command: the rest of its line. */
  readonly args: string
}

/** Longer ones come from nobody who types. */
export const largestEventBytes = 8 * 1024 * 1024

/** Null for what is no JSON object, or too large. */
export function parseClientEvent(text: string): ClientEvent | null {
  const fields = objectIn(text)
  if (fields === null) return null
  const field = (name: string) => {
    const value = fields.get(name)
    return typeof value === 'string' ? value : null
  }
  const session = field('session_id')?.toLowerCase() ?? ''
  return {
    name: field('hook_event_name'),
    session: isSessionId(session) ? session : null,
    cwd: field('cwd'),
    prompt: field('prompt'),
    source: field('source'),
    command: field('command_name'),
    args: field('command_args') ?? '',
  }
}

function objectIn(text: string): ReadonlyMap<string, unknown> | null {
  if (text.length > largestEventBytes) return null
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
    return new Map(Object.entries(value))
  } catch {
    return null
  }
}
