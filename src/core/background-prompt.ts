/** `& prompt`, typed in Claude Code: whether it means a background session. */

import { createHash } from 'node:crypto'
import path from 'node:path'
import { sessionId, sha256, time } from '../bundle/fields.ts'
import { check, integer, object, oneOf } from '../bundle/shape.ts'
import { TeleportError } from '../errors.ts'
import { readCachedJson, removeJson, writeJson } from '../git-store/json-file.ts'
import { storeFolder } from '../git-store/known-stores.ts'
import { gitConfig, openUserRepo } from '../git-store/user-repo.ts'
import type { SessionId } from '../model.ts'
import type { ClientEvent } from './client-event.ts'
import { formatTime, type World } from './world.ts'

export type BackgroundWish =
  /** It is a prompt like any other. */
  | { readonly kind: 'none' }
  | { readonly kind: 'start'; readonly prompt: string }
  /** The client leaves the line as it was: this is the last prompt once more, perhaps with the next one behind it. */
  | { readonly kind: 'again'; readonly started: SessionId }

const sign = '& '

export async function backgroundWish(world: World, event: ClientEvent): Promise<BackgroundWish> {
  const prompt = event.prompt?.startsWith(sign) ? event.prompt.slice(sign.length).trim() : ''
  if (prompt === '' || !isTyped(world, event)) return { kind: 'none' }
  const repo = await openUserRepo(world.cwd, world.env)
  const said = (await gitConfig(repo)).get('teleport.ampersand')?.at(-1)
  if (said !== undefined && parseAmpersand(said) === 'off') return { kind: 'none' }
  const file = lastPromptPath(storeFolder(repo), event)
  const last = await lastPrompt(file)
  const isFresh = last !== null && world.now().getTime() - Date.parse(last.time) < rememberedMs
  if (!isFresh || !goesOnFrom(prompt, last)) return { kind: 'start', prompt }
  // Whoever sends it once more means it.
  await removeJson(file)
  return { kind: 'again', started: last.started }
}

/** The same, or something was typed right behind it without a blank between. */
function goesOnFrom(prompt: string, last: { readonly length: number; readonly sha256: string }): boolean {
  return (
    digestOf(prompt.slice(0, last.length)) === last.sha256 &&
    !/^[^\p{L}\p{N}/&]/u.test(prompt.slice(last.length))
  )
}

/** By a person, in a client that shows what a hook answers: neither in the cloud nor in a program. */
function isTyped({ env }: World, { source }: ClientEvent): boolean {
  if (env['CLAUDE_CODE_REMOTE']) return false
  return (source ?? 'user') === 'user' && (env['CLAUDE_CODE_ENTRYPOINT'] ?? 'cli') === 'cli'
}

/** Throws `usage`. */
export function parseAmpersand(text: string): 'on' | 'off' {
  if (text === 'on' || text === 'off') return text
  throw new TeleportError('usage', `teleport.ampersand is "${text.slice(0, 40)}"`, {
    hint: 'git teleport config ampersand on|off',
  })
}

/** After that, whoever types the same again means it. */
const rememberedMs = 10 * 60_000

const shape = object({ format: oneOf(1), length: integer(1), sha256, time, started: sessionId })

/** Not the prompt itself: its digest tells it again as well. */
export async function rememberPrompt(
  world: World,
  event: ClientEvent,
  prompt: string,
  started: SessionId,
): Promise<void> {
  const repo = await openUserRepo(world.cwd, world.env)
  await writeJson(lastPromptPath(storeFolder(repo), event), {
    format: 1,
    length: prompt.length,
    sha256: digestOf(prompt),
    time: formatTime(world.now()),
    started,
  })
}

/** One for each conversation. */
function lastPromptPath(store: string, { session }: ClientEvent): string {
  return path.join(store, 'sending', 'typed', `${session ?? 'unknown'}.json`)
}

async function lastPrompt(file: string) {
  const value = await readCachedJson(file)
  if (value === undefined) return null
  try {
    return check(shape, value, file, 'store-damaged')
  } catch (error) {
    if (error instanceof TeleportError) return null
    throw error
  }
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
