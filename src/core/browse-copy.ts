/** Which copy of a session is read: this machine's own or what the remote has, and who vouches for that. */

import type { Scan } from '../claude/scan.ts'
import { TeleportError } from '../errors.ts'
import { sessionRef } from '../git-store/refs.ts'
import type { Oid, SessionId } from '../model.ts'
import { type BrowsedFacts, describeFacts } from './browse-facts.ts'
import { fileHere, type OpenTranscript, openDecrypted, openHere, type Rows } from './browse-place.ts'
import { isGivenUp, useShelf } from './browse-shelf.ts'
import type { DecryptedShelf } from './decrypted-shelf.ts'
import { loadDevice } from './device.ts'
import { knownPeople } from './people.ts'
import { findRemoteSession } from './remote-session.ts'
import { judgeTip, openTip, readTip } from './tip.ts'
import { type TrustedTip, trustTip } from './trusted-tip.ts'
import type { Workspace } from './workspace.ts'

/** This machine's own copy, or what the remote has. */
export type BrowsedPlace = 'here' | 'remote'

export interface BrowsedSpot {
  readonly session: SessionId
  /** Null: the one that knows more. */
  readonly place: BrowsedPlace | null
  /** Of the transcript, counted from 0; null: all. */
  readonly rows: Rows
}

/** What is kept in mind between two questions. */
export interface BrowseMemory {
  readonly shelf: DecryptedShelf
  readonly here: Map<string, OpenTranscript>
  readonly scans: Map<string, Scan>
  /** Session commits that were fetched while this runs. */
  readonly tips: Map<SessionId, Oid>
  /** What the indexes say the remote has. */
  readonly listed: Map<SessionId, Oid>
  readonly offline: boolean
}

/** A copy of a session, and what is known of the others. */
export interface Chosen {
  readonly place: BrowsedPlace
  readonly places: readonly BrowsedPlace[]
  readonly tip: TrustedTip | null
  readonly facts: BrowsedFacts | null
  readonly problem: TeleportError | null
  use<T>(work: (transcript: OpenTranscript) => Promise<T>): Promise<T>
}

/** This machine's copy, unless the remote's was asked for, or there is none. */
export async function choose(ws: Workspace, memory: BrowseMemory, spot: BrowsedSpot): Promise<Chosen> {
  const { session } = spot
  const file = await fileHere(ws, session)
  const sent = await readSent(ws, memory, session).catch(toldProblem)
  const problem = sent instanceof TeleportError ? sent : null
  const { tip, facts } = sent === null || sent instanceof TeleportError ? { tip: null, facts: null } : sent
  const places = [...(file ? ['here' as const] : []), ...(tip ? ['remote' as const] : [])]
  const place = spot.place ?? (file ? 'here' : 'remote')
  const common = { place, places, tip, facts, problem }
  if (place === 'here') {
    if (!file) throw noneHere(session)
    return { ...common, use: (work) => work(transcriptOf(ws, memory, file)) }
  }
  if (!tip) throw problem ?? noneSent(session)
  const wanted = {
    tip: tip.commit,
    open: () => openDecrypted(ws, tip),
    signal: ws.world.signal,
  }
  return { ...common, use: (work) => useShelf(memory.shelf, wanted, work) }
}

/** As `choose`, without looking at what nobody asked for: pages are asked for by the dozen. */
export async function withSession<T>(
  ws: Workspace,
  memory: BrowseMemory,
  spot: BrowsedSpot,
  work: (transcript: OpenTranscript) => Promise<T>,
): Promise<T> {
  if (spot.place === 'here') {
    const file = await fileHere(ws, spot.session)
    if (file) return work(transcriptOf(ws, memory, file))
  }
  const commit = spot.place === 'remote' ? await tipCommit(ws, memory, spot.session) : null
  if (commit !== null && memory.shelf.holds(commit)) {
    try {
      return await memory.shelf.use(commit, gone, work)
    } catch (error) {
      if (!isGivenUp(error, ws.world.signal)) throw error
    }
  }
  return (await choose(ws, memory, spot)).use(work)
}

function gone(): never {
  throw new Error('what the shelf holds need not be opened')
}

/** What is wrong with what the remote has is no reason not to read what lies here. */
function toldProblem(error: unknown): TeleportError {
  if (error instanceof TeleportError && error.code !== 'interrupted') return error
  throw error
}

function noneHere(session: SessionId): TeleportError {
  return new TeleportError('no-session', `session ${session} is not on this machine`, {
    hint: `git teleport pull ${session}`,
  })
}

function noneSent(session: SessionId): TeleportError {
  return new TeleportError('no-remote-session', `session ${session} is neither here nor on the remote`, {
    hint: 'git teleport list',
  })
}

function transcriptOf(
  ws: Workspace,
  { here }: BrowseMemory,
  file: Parameters<typeof openHere>[1],
): OpenTranscript {
  const known = here.get(file.path) ?? openHere(ws, file)
  here.set(file.path, known)
  return known
}

/** Null when the remote was never seen to have it. Throws as reading a tip does. */
async function readSent(
  ws: Workspace,
  memory: BrowseMemory,
  session: SessionId,
): Promise<{ readonly tip: TrustedTip; readonly facts: BrowsedFacts } | null> {
  const commit = await tipCommit(ws, memory, session)
  if (commit === null) return null
  const device = await loadDevice(ws.world, ws.repo)
  const people = await knownPeople(ws, device, 'pinned')
  const tip = await readTip(ws, session, commit)
  const looking = {
    ...people,
    state: null,
    allowExpired: true,
    allowStranger: true,
    members: 'pinned',
  } as const
  const signer = await judgeTip(ws, tip, looking)
  const trusted = await trustTip(ws, await openTip(ws, tip, device), signer, { own: people.own, state: null })
  return { tip: trusted, facts: describeFacts(trusted, people) }
}

async function tipCommit(ws: Workspace, memory: BrowseMemory, session: SessionId): Promise<Oid | null> {
  const listed = memory.listed.get(session)
  const seen = memory.tips.get(session) ?? (await ws.store.refs.seen(sessionRef(session)))
  if (memory.offline || listed === undefined || listed === seen) return seen
  const { commit } = await findRemoteSession(ws, session)
  memory.tips.set(session, commit)
  return commit
}
