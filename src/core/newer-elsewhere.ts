/** What a person should know before going on with a session: that it went on elsewhere, or that somebody else has it. */

import { TeleportError } from '../errors.ts'
import { dropSending, listSending, writeSending } from '../git-store/sending-files.ts'
import type { SessionId } from '../model.ts'
import { peopleHere } from './auto.ts'
import { isMine } from './holder.ts'
import { type ListedSession, listIn } from './list.ts'
import type { Request } from './tries.ts'
import type { Workspace } from './workspace.ts'

/** Null: nothing to say, or nobody can tell. Offline, by what this machine saw last. Never throws for what it finds. */
export async function newerElsewhere(
  ws: Workspace,
  session: SessionId,
  options: { readonly offline: boolean },
): Promise<string | null> {
  try {
    return await findNewer(ws, session, options)
  } catch (error) {
    if (error instanceof TeleportError) return null
    throw error
  }
}

async function findNewer(
  ws: Workspace,
  session: SessionId,
  { offline }: { readonly offline: boolean },
): Promise<string | null> {
  const found = (await listIn(ws, { offline })).find((each) => each.session === session)
  return found ? inWords(ws, found) : null
}

async function inWords(
  ws: Workspace,
  { session, state, seq, host, holder, updated, ...listed }: ListedSession,
) {
  const id = session.slice(0, 8)
  const version = `push ${seq} of ${listed.author} on ${host}, ${updated}`
  const said: string[] = []
  if (state === 'fast-forward') {
    said.push(
      `a newer version of this conversation is on ${ws.remote.name} (${version}). To go on there, leave this one and run: git teleport pull ${id}`,
    )
  }
  if (state === 'diverged') {
    said.push(
      `this conversation went on in two places, here and on ${ws.remote.name} (${version}). What can be done: git teleport pull ${id}`,
    )
  }
  const people = holder === null ? null : await peopleHere(ws)
  if (holder && people && !isMine(people, holder)) {
    said.push(`${holder.principal} has this conversation since ${holder.since}`)
  }
  return said.length > 0 ? said.join('\n') : null
}

/** That somebody asked at the start of a conversation, when there was no time to ask the remote; null: nobody did. */
export async function wantedLook(ws: Pick<Workspace, 'store'>, remote: string): Promise<Request | null> {
  const newest = (await listSending(ws.store, 'look')).at(-1)
  if (!newest) return null
  return { id: `look ${remote}`, version: `${newest.timeMs}`, urgent: true, tried: false }
}

/** Each answer is told once. Throws what `listIn` throws; what was not answered is wanted still. */
export async function lookForNewer(ws: Workspace): Promise<void> {
  for (const { session, text: told } of await listSending(ws.store, 'look')) {
    const found = await findNewer(ws, session, { offline: false })
    if (found !== null && found !== told) {
      const notice = { systemMessage: `git-teleport: ${found}` }
      await writeSending(ws.store, 'tell', session, `${JSON.stringify(notice)}\n`)
    }
    await dropSending(ws.store, 'look', session)
  }
}

export async function dropLooks(ws: Workspace): Promise<void> {
  for (const { session } of await listSending(ws.store, 'look')) await dropSending(ws.store, 'look', session)
}
