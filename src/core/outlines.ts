/** Outlines of linked sessions, remembered in the store: a conversation is decrypted once, not on every question. */

import type { Outline } from '../claude/outline.ts'
import { TeleportError } from '../errors.ts'
import { readCachedJson, writeJson } from '../git-store/json-file.ts'
import { withConversation } from './conversation.ts'
import type { LinkedSession } from './link-index.ts'
import type { Workspace } from './workspace.ts'

/** Undefined when the conversation cannot be read here; said once. */
export type Outlines = (session: LinkedSession) => Promise<Outline | undefined>

export function openOutlines(ws: Workspace): Outlines {
  const known = new Map<string, Promise<Outline | undefined>>()
  return (session) => {
    const found = known.get(session.session) ?? readOutline(ws, session)
    known.set(session.session, found)
    return found
  }
}

async function readOutline(ws: Workspace, session: LinkedSession): Promise<Outline | undefined> {
  // What is not pushed goes on; what a commit in the store holds does not.
  const file = session.tip ? ws.store.path('cache', 'outlines', `${session.tip}.json`) : undefined
  const messages = session.links.flatMap(({ message }) => (message === null ? [] : [message]))
  const cached = file === undefined ? undefined : parseOutline(await readCachedJson(file))
  if (cached && messages.every((message) => Object.hasOwn(cached.rows, message))) return cached
  try {
    const outline = await withConversation(ws, session, async (conversation) => conversation.outline)
    if (outline && file !== undefined) await writeJson(file, { format: 1, outline })
    return outline
  } catch (error) {
    if (!(error instanceof TeleportError)) throw error
    ws.world.note(`the conversation of session ${session.session} cannot be read: ${error.message}`)
    return undefined
  }
}

/** The user's own file: only its frame is looked at. */
function parseOutline(value: unknown): Outline | undefined {
  if (typeof value !== 'object' || value === null || !('outline' in value)) return undefined
  const { outline } = value
  if (typeof outline !== 'object' || outline === null) return undefined
  const { rows, prompts, edits } = outline as Partial<Record<'rows' | 'prompts' | 'edits', unknown>>
  const framed =
    typeof rows === 'object' &&
    rows !== null &&
    Array.isArray(prompts) &&
    typeof edits === 'object' &&
    edits !== null
  return framed ? (outline as Outline) : undefined
}
