/** `fetch`: brings sessions into the private store, for reading without the remote. Writes nothing for Claude Code. */

import { TeleportError } from '../errors.ts'
import { sessionRef } from '../git-store/refs.ts'
import type { SessionId } from '../model.ts'
import { loadDevice } from './device.ts'
import { beginPolicy, followPolicy } from './follow-policy.ts'
import { listIn } from './list.ts'
import { knownPeople } from './people.ts'
import { readRecord } from './records.ts'
import { findRemoteSession, type RemoteSession } from './remote-session.ts'
import { judgeTip, readTip } from './tip.ts'
import { type Workspace, withLockedWorkspace } from './workspace.ts'
import type { World } from './world.ts'

export interface FetchOptions {
  /** Ids or prefixes; none means every session that the index names. */
  readonly sessions: readonly string[]
  readonly remote?: string | undefined
  /** The policy commit that is accepted at first sight without a question. */
  readonly trustPolicy?: string | undefined
}

export interface FetchedSession {
  readonly session: SessionId
  readonly commit: string
  readonly seq: number
  /** Whether the store had it already. */
  readonly isNew: boolean
}

/** Each is verified before the store remembers it; one that fails is reported and the others go on. */
export async function fetchSessions(world: World, options: FetchOptions): Promise<readonly FetchedSession[]> {
  return withLockedWorkspace(world, options, async (ws) => {
    await beginPolicy(ws)
    await followPolicy(ws)
    const wanted =
      options.sessions.length > 0 ? options.sessions : (await listIn(ws, {})).map((each) => each.session)
    const fetched: FetchedSession[] = []
    for (const each of wanted) {
      const one = await fetchOne(ws, each, options.sessions.length > 0)
      if (one) fetched.push(one)
    }
    world.progress.done()
    return fetched
  })
}

async function fetchOne(ws: Workspace, wanted: string, named: boolean): Promise<FetchedSession | null> {
  try {
    const found = await findRemoteSession(ws, wanted)
    return await acceptFetched(ws, found)
  } catch (error) {
    if (named || !(error instanceof TeleportError)) throw error
    ws.world.note(`${wanted} was left out: ${error.message}`)
    return null
  }
}

/** Verifies what a fetch brought of one session before the store remembers it. Throws as `judgeTip`. */
export async function acceptFetched(ws: Workspace, found: RemoteSession): Promise<FetchedSession> {
  const tip = await readTip(ws, found.session, found.commit)
  const people = await knownPeople(ws, await loadDevice(ws.world, ws.repo), 'pinned')
  await judgeTip(ws, tip, { ...people, state: (await readRecord(ws, found.session)).current })
  const ref = sessionRef(found.session)
  const seen = await ws.store.refs.seen(ref)
  await ws.store.refs.accept([{ ref, expected: seen, next: found.commit }])
  return { session: found.session, commit: found.commit, seq: tip.trailers.seq, isNew: seen !== found.commit }
}
