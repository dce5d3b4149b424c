/** The live sessions that one's own devices sent, and what changes one of them on the remote. */

import type { DeviceKey } from '../crypto/device-key.ts'
import { TeleportError } from '../errors.ts'
import { indexRef, sessionRef } from '../git-store/refs.ts'
import type { IndexEntry, Oid, SessionId } from '../model.ts'
import { type Amended, type Amendment, amendTip, settleAmended } from './amend.ts'
import { ambiguous } from './choose-session.ts'
import { acceptIndex, changeIndex, refreshIndex } from './device-index.ts'
import { newestOfEach } from './list.ts'
import { believedDevices, type People } from './people.ts'
import { type ListedEntry, readIndexes } from './read-indexes.ts'
import { currentState } from './records.ts'
import { judgeTip, openTip, readTip } from './tip.ts'
import { type TrustedTip, trustTip } from './trusted-tip.ts'
import type { Workspace } from './workspace.ts'
import { author } from './write-commit.ts'

const maxAttempts = 5

/** Of every session the entry that holds; one fetch. */
export async function listedNow(
  ws: Workspace,
  device: DeviceKey,
  people: People,
): Promise<readonly ListedEntry[]> {
  const reader = { device, believed: async () => believedDevices(people), offline: false }
  return [...newestOfEach((await readIndexes(ws, reader)).entries)]
}

/** Not removed, not expired. */
export function isLive({ entry }: ListedEntry, now: Date): boolean {
  return entry.state === 'live' && (entry.expires === null || Date.parse(entry.expires) > now.getTime())
}

/** The entries that ids or prefixes name. Throws `no-remote-session`, `ambiguous-session`. */
export function entriesNamed(
  entries: readonly ListedEntry[],
  wanted: readonly string[],
): readonly ListedEntry[] {
  return wanted.map((id) => {
    const found = entries.filter(({ entry }) => entry.session.startsWith(id.toLowerCase()))
    const [first, second] = found
    if (first && !second) return first
    if (second) {
      throw ambiguous(
        `"${id}" fits ${found.length} sessions`,
        found.map(({ entry }) => entry.session),
      )
    }
    throw new TeleportError('no-remote-session', `no live session ${id} that your devices list`, {
      hint: 'git teleport list',
    })
  })
}

/** What the remote has of these sessions, in one fetch. */
export async function tipsOf(
  ws: Workspace,
  sessions: readonly SessionId[],
): Promise<ReadonlyMap<SessionId, Oid>> {
  const found = await ws.store.refs.fetch(sessions.map(sessionRef), ws.world.progress)
  return new Map(
    sessions.flatMap((session): [SessionId, Oid][] => {
      const commit = found.get(sessionRef(session))
      return commit ? [[session, commit]] : []
    }),
  )
}

export async function openSession(
  ws: Workspace,
  device: DeviceKey,
  people: People,
  session: SessionId,
  commit: Oid,
): Promise<TrustedTip> {
  const tip = await readTip(ws, session, commit)
  const state = await currentState(ws, session)
  const signer = await judgeTip(ws, tip, { ...people, state, allowExpired: true })
  return trustTip(ws, await openTip(ws, tip, device), signer, { own: people.own, state })
}

export interface TipChange extends Amendment {
  /** What the index says of it from now on; sequence, commit, end and time are filled in. */
  readonly entry: IndexEntry
  /** For the audit log. */
  readonly action: string
}

/** Sends `change`; false when somebody was faster. */
export async function sendChange(
  ws: Workspace,
  device: DeviceKey,
  tip: TrustedTip,
  change: TipChange,
): Promise<Amended | null> {
  const person = await author(ws)
  const amended = await amendTip(ws, device, person, tip, change)
  const entry = {
    ...change.entry,
    commit: amended.commit,
    seq: amended.manifest.seq,
    expires: change.expiry.expires,
  }
  const index = await changeIndex(ws, device, person, {
    entries: [entry],
    readers: change.audience.readers,
    repo: amended.manifest.repo,
    policy: change.audience.policy,
    action: change.action,
  })
  const state = await currentState(ws, tip.session)
  const outcome = await ws.store.refs.push([amended.update, index], ws.world.progress)
  if (outcome.kind === 'moved') {
    if (outcome.refs.includes(indexRef(device.id))) await refreshIndex(ws, device)
    return null
  }
  await acceptIndex(ws, index)
  await settleAmended(ws, amended, state)
  return amended
}

/** Tries `attempt` again while it returns null. Throws `remote-moved` after the fifth time. */
export async function again<T>(ws: Workspace, command: string, attempt: () => Promise<T | null>): Promise<T> {
  for (let count = 1; count <= maxAttempts; count += 1) {
    const done = await attempt()
    if (done !== null) return done
  }
  throw new TeleportError(
    'remote-moved',
    `${ws.remote.name} changed during each of ${maxAttempts} attempts`,
    {
      hint: command,
    },
  )
}
