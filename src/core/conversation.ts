/** The conversation of a linked session, read from where it lies: this machine's own transcript, or the store. */

import { readChunks } from '../claude/compare.ts'
import { findSession } from '../claude/locate.ts'
import { messagesAt } from '../claude/message-at.ts'
import { type Outline, type OutlinedPrompt, outlineTranscript } from '../claude/outline.ts'
import type { Oid, SessionId } from '../model.ts'
import type { Agents } from '../review/conversation.ts'
import { splitLines } from '../review/lines.ts'
import { loadDevice } from './device.ts'
import type { KnownLink, LinkedSession } from './link-index.ts'
import { emptyBase, materialise } from './materialise.ts'
import { knownPeople } from './people.ts'
import { lastOrigin, placeFor } from './place.ts'
import { localAgents, rootsOf, stagedAgents, stagedTranscript } from './reading.ts'
import { identifySigner } from './signer.ts'
import { openTip, readTip } from './tip.ts'
import { trustTip } from './trusted-tip.ts'
import { type Workspace, withInstallation } from './workspace.ts'

export interface Conversation {
  readonly outline: Outline
  /** The rows from one to another, both included. */
  rows(from: number, to: number): AsyncIterable<Uint8Array>
  /** All of them. */
  lines(): AsyncIterable<Uint8Array>
  readonly agents: Agents
  /** Tops of the work trees that its paths may lie in. */
  readonly roots: readonly string[]
  /** uuid of the last message at each moment, in milliseconds since 1970; null when it began later. */
  messagesAt(momentsMs: readonly number[]): Promise<readonly (string | null)[]>
}

/** Rows that led to a link, first and last; null for a link whose message is not in the conversation. */
export interface Part {
  readonly from: number
  readonly to: number
}

/** Undefined when it is neither here nor fetched, or cannot be read. What it is given must not outlive `work`. */
export async function withConversation<T>(
  ws: Workspace,
  session: LinkedSession,
  work: (conversation: Conversation) => Promise<T>,
): Promise<T | undefined> {
  const wanted = new Set(session.links.flatMap(({ message }) => (message === null ? [] : [message])))
  for (const file of await findSession(ws.claude, session.session)) {
    const here = await conversationIn(file.path, file.sizeBytes, wanted, {
      agents: await localAgents(ws.claude, file),
      roots: [ws.repo.top],
    })
    // A copy that lacks what was linked is older than what was pushed.
    if (session.tip === null || wanted.size === Object.keys(here.outline.rows).length) return work(here)
  }
  if (session.tip === null || session.known === 'sealed') return undefined
  return withFetched(ws, session.session, session.tip, wanted, work)
}

/** Of a commit in the store, whatever lies here. Throws as reading a tip does. */
export async function withFetched<T>(
  ws: Workspace,
  session: SessionId,
  commit: Oid,
  wanted: ReadonlySet<string>,
  work: (conversation: Conversation) => Promise<T>,
): Promise<T> {
  const device = await loadDevice(ws.world, ws.repo)
  const people = await knownPeople(ws, device, 'pinned')
  const sealed = await readTip(ws, session, commit)
  const signer = await identifySigner(ws, sealed, people)
  const tip = await trustTip(ws, await openTip(ws, sealed, device), signer, { ...people, state: null })
  const place = placeFor(ws, tip.session, lastOrigin(tip.manifest), {})
  return withInstallation(ws, tip.session, async (install) => {
    const applied = await materialise(ws, tip, emptyBase, place, install)
    ws.world.progress.done()
    const { path, size } = stagedTranscript(tip.session, applied, install)
    const agents = await stagedAgents(applied, install)
    return work(await conversationIn(path, size, wanted, { agents, roots: rootsOf(ws, tip.manifest) }))
  })
}

async function conversationIn(
  file: string,
  sizeBytes: number,
  wanted: ReadonlySet<string>,
  more: Pick<Conversation, 'agents' | 'roots'>,
): Promise<Conversation> {
  const outline = await outlineTranscript(splitLines(readChunks(file)), wanted)
  return {
    ...more,
    outline,
    lines: () => splitLines(readChunks(file)),
    async *rows(from, to) {
      let at = -1
      for await (const line of splitLines(readChunks(file))) {
        at += 1
        if (at > to) return
        if (at >= from) yield line
      }
    },
    async messagesAt(momentsMs) {
      return (await messagesAt({ path: file, sizeBytes }, momentsMs)).map((found) => found?.uuid ?? null)
    },
  }
}

/**
 * From after the session's link to the commit before, up to this link's message. What a push added to a link later, where
 * HEAD still was, ends no part: what came after the commit led to the next one.
 */
export function partOf(session: LinkedSession, link: KnownLink, outline: Outline): Part | null {
  const rowOf = ({ message }: KnownLink) => (message === null ? undefined : outline.rows[message])
  const to = rowOf(link)
  if (to === undefined) return null
  const firsts = new Map<Oid, number>()
  for (const each of session.links) {
    const row = rowOf(each)
    if (row !== undefined && row < (firsts.get(each.commit) ?? Number.POSITIVE_INFINITY))
      firsts.set(each.commit, row)
  }
  const before = [...firsts.values()].filter((row) => row < to)
  return { from: before.length === 0 ? 0 : Math.max(...before) + 1, to }
}

/** Its prompts; where there are none, the last one before it, which it was still the answer to. */
export function promptsOf(part: Part, outline: Outline): readonly OutlinedPrompt[] {
  const within = outline.prompts.filter(({ at }) => at >= part.from && at <= part.to)
  if (within.length > 0) return within
  const before = outline.prompts.findLast(({ at }) => at < part.from)
  return before ? [before] : []
}
