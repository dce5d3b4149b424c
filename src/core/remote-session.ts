/** Which session of the remote a command is about. */

import { TeleportError } from '../errors.ts'
import { parseRef, patterns, sessionRef } from '../git-store/refs.ts'
import { isSessionId, isSessionPrefix, type Oid, parseSessionId, type SessionId } from '../model.ts'
import { ambiguous } from './choose-session.ts'
import { readRecord } from './records.ts'
import type { Workspace } from './workspace.ts'

export interface RemoteSession {
  readonly session: SessionId
  readonly commit: Oid
}

/** Fetches the session named by id or prefix. Throws `no-remote-session`, `session-gone` or `ambiguous-session`. */
export async function findRemoteSession(ws: Workspace, wanted: string): Promise<RemoteSession> {
  const prefix = wanted.toLowerCase()
  if (!isSessionPrefix(prefix)) parseSessionId(wanted)
  ws.world.progress.step('fetching')
  const found = sessionsIn(await ws.store.refs.fetch([patterns.sessions(prefix)], ws.world.progress))
  const [first, second] = found
  if (first && !second) return first
  if (second) {
    throw ambiguous(
      `"${wanted}" fits ${found.length} sessions`,
      found.map((each) => each.session),
    )
  }
  throw await missing(ws, wanted)
}

function sessionsIn(refs: ReadonlyMap<string, Oid>): readonly RemoteSession[] {
  return [...refs].flatMap(([ref, commit]) => {
    const parsed = parseRef(ref)
    return parsed?.kind === 'session' ? [{ session: parsed.session, commit }] : []
  })
}

/** A ref that this machine has seen and that is not there any more was removed or has expired. */
async function missing(ws: Workspace, wanted: string): Promise<TeleportError> {
  const id = wanted.toLowerCase()
  if (isSessionId(id) && (await wasThere(ws, id))) {
    return new TeleportError('session-gone', `session ${id} was on ${ws.remote.name} and is there no more`, {
      hint: `git teleport push ${id}`,
    })
  }
  return new TeleportError(
    'no-remote-session',
    `no session ${wanted} on ${ws.remote.name} (${ws.remote.url})`,
    {
      hint: 'git teleport list',
    },
  )
}

async function wasThere(ws: Workspace, session: SessionId): Promise<boolean> {
  const { current } = await readRecord(ws, session)
  return current !== null || (await ws.store.refs.seen(sessionRef(session))) !== null
}
