/** The state record of one session and one remote: read, written, and a crashed push adopted. */

import { parseSessionRecord } from '../bundle/state-record.ts'
import { hasCode } from '../errors.ts'
import { isAncestor } from '../git-store/ancestry.ts'
import { sessionRef } from '../git-store/refs.ts'
import type { RefUpdate } from '../git-store/remote-refs.ts'
import { readState, removeState, writeState } from '../git-store/state-files.ts'
import type { Oid, SessionId, SessionRecord, SessionState } from '../model.ts'
import type { Workspace } from './workspace.ts'

/** A record that cannot be read is worth no more than none: it is a cache, and losing it costs a cold pull. */
export async function readRecord(ws: Workspace, session: SessionId): Promise<SessionRecord> {
  const none: SessionRecord = { format: 1, current: null, pending: null }
  try {
    const value = await readState(ws.store, session)
    return value === undefined ? none : parseSessionRecord(value)
  } catch (error) {
    if (!hasCode(error, 'store-damaged')) throw error
    ws.world.note(`the record of session ${session} could not be read and is rebuilt`)
    return none
  }
}

export async function writeRecord(ws: Workspace, session: SessionId, record: SessionRecord): Promise<void> {
  await writeState(ws.store, session, record)
}

export async function forgetRecord(ws: Workspace, session: SessionId): Promise<void> {
  await removeState(ws.store, session)
}

/** What was about to be sent is known not to have landed: the record is what it was before. */
export async function dropPending(
  ws: Workspace,
  session: SessionId,
  current: SessionState | null,
): Promise<void> {
  if (current === null) await forgetRecord(ws, session)
  else await writeRecord(ws, session, { format: 1, current, pending: null })
}

/**
 * The state that holds. When an earlier push was cut off before its answer, the remote's tip tells whether it landed,
 * also when somebody built on it since: then what was pending becomes current.
 */
export async function currentState(ws: Workspace, session: SessionId): Promise<SessionState | null> {
  const record = await readRecord(ws, session)
  if (record.pending === null) return record.current
  const tip = await fetchSession(ws, session)
  if (tip === null || !(await isAncestor(ws.store, record.pending.commit, tip))) {
    await dropPending(ws, session, record.current)
    return record.current
  }
  await settle(ws, record.pending)
  return record.pending
}

/** Makes `state` the one that holds: the remote's tip was seen to be its commit. `index` landed with it. */
export async function settle(ws: Workspace, state: SessionState, index?: RefUpdate): Promise<void> {
  const ref = sessionRef(state.session)
  const session = { ref, expected: await ws.store.refs.seen(ref), next: state.commit }
  await ws.store.refs.accept(index ? [session, index] : [session])
  await writeRecord(ws, state.session, { format: 1, current: state, pending: null })
}

/** The remote's tip of one session, fetched now; null when it has none. */
export async function fetchSession(ws: Workspace, session: SessionId): Promise<Oid | null> {
  const ref = sessionRef(session)
  const found = await ws.store.refs.fetch([ref], ws.world.progress)
  return found.get(ref) ?? null
}
