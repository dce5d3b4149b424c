/** One session to be looked through in pages: which copy of it, what is known of it, and its pages. */

import { liveClients } from '../claude/live.ts'
import { type Scan, scanTranscript } from '../claude/scan.ts'
import { sizeInLines } from '../claude/session-file.ts'
import { TeleportError } from '../errors.ts'
import { readCommits } from '../git-store/history.ts'
import { sessionRef } from '../git-store/refs.ts'
import type { CommitLink, Oid, SessionId } from '../model.ts'
import type { Conversed } from '../review/conversation.ts'
import { findWords, type Match } from '../review/find-words.ts'
import { entriesOf, type PagedPrompt, viewPage } from '../review/pages.ts'
import { placeLines } from '../review/placed-lines.ts'
import type { Stats } from '../review/stats.ts'
import { describeCall } from '../review/tool-call.ts'
import type { ViewMessage } from '../review/view.ts'
import { answeredText, askedText } from '../review/words.ts'
import { type BrowsedFacts, describeFacts } from './browse-facts.ts'
import {
  type DecryptedShelf,
  fileHere,
  type OpenTranscript,
  openDecrypted,
  openHere,
  type Paged,
  type Rows,
} from './browse-place.ts'
import { readDetached } from './detached-links.ts'
import { loadDevice } from './device.ts'
import { localLinksOf } from './local-links.ts'
import { openHistory } from './open-history.ts'
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

export interface BrowsedCommit {
  readonly commit: Oid
  /** Null where this clone does not have it. */
  readonly subject: string | null
  /** The message after which it was made. */
  readonly message: string | null
}

export interface BrowsedConversation {
  readonly session: SessionId
  readonly title: string | null
  readonly place: BrowsedPlace
  readonly places: readonly BrowsedPlace[]
  /** Open in a client on this machine. */
  readonly live: boolean
  /** What the remote has of it; null where that is nothing. */
  readonly remote: BrowsedFacts | null
  /** Why `remote` is null although there is something. */
  readonly problem: { readonly code: string; readonly message: string; readonly hint: string | null } | null
  readonly messages: number
  /** Numbers of the messages on each page, null where it has none, and about how many it shows. */
  readonly pages: readonly {
    readonly first: number | null
    readonly last: number | null
    readonly messages: number
  }[]
  /** Another one: the pages that were read before are no longer these. */
  readonly edition: number
  /** In so many milliseconds there will be more; 0: nobody knows of any. */
  readonly behindMs: number
  readonly prompts: readonly PagedPrompt[]
  readonly stats: Stats
  readonly commits: readonly BrowsedCommit[]
}

export interface BrowsedPage {
  readonly page: number
  readonly edition: number
  readonly messages: readonly ViewMessage[]
}

export interface FoundOnPage extends Match {
  readonly page: number
}

export interface Found {
  readonly matches: readonly FoundOnPage[]
  /** There are more than are told. */
  readonly more: boolean
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

interface Chosen {
  readonly place: BrowsedPlace
  readonly places: readonly BrowsedPlace[]
  readonly tip: TrustedTip | null
  readonly facts: BrowsedFacts | null
  readonly problem: TeleportError | null
  use<T>(work: (transcript: OpenTranscript) => Promise<T>): Promise<T>
}

/** Throws `no-session`, and what reading a tip throws when there is no copy here. */
export async function browseConversation(
  ws: Workspace,
  memory: BrowseMemory,
  spot: BrowsedSpot,
): Promise<BrowsedConversation> {
  const chosen = await choose(ws, memory, spot)
  const { place, places, facts, tip, problem } = chosen
  const { paging, edition, behindMs } = await chosen.use((transcript) => transcript.paged(spot.rows))
  const clients = await liveClients(ws.claude)
  return {
    session: spot.session,
    title: await titleOf(ws, memory, spot.session, tip),
    place,
    places,
    live: clients.some(({ session }) => session === spot.session),
    remote: facts,
    problem: problem && { code: problem.code, message: problem.message, hint: problem.hint ?? null },
    messages: paging.messages,
    pages: paging.pages.map(({ first, last, count }) => ({ first, last, messages: count })),
    edition,
    behindMs,
    prompts: paging.prompts,
    stats: paging.stats(),
    commits: await commitsOf(ws, spot.session, tip),
  }
}

/** Throws `usage` for a page that there is not. */
export async function browsePage(
  ws: Workspace,
  memory: BrowseMemory,
  spot: BrowsedSpot,
  number: number,
): Promise<BrowsedPage> {
  return withSession(ws, memory, spot, async (transcript) => {
    const paged = await transcript.paged(spot.rows)
    return {
      page: number,
      edition: paged.edition,
      messages: await viewPage(entriesOn(paged, number), transcript.roots),
    }
  })
}

function entriesOn({ paging, read, agents }: Paged, number: number): AsyncIterable<Conversed> {
  const page = paging.pages[number]
  if (!page) throw new TeleportError('usage', `there is no page ${number}`)
  const lines = placeLines(read(page.offset), page.offset)
  return entriesOf(page, lines, paging.agentsFrom(page, agents))
}

const mostFound = 300
/** Of one message so much is searched. */
const mostText = 100_000

/** The words of prompts, answers and calls. */
export async function browseWords(
  ws: Workspace,
  memory: BrowseMemory,
  spot: BrowsedSpot,
  words: string,
): Promise<Found> {
  return withSession(ws, memory, spot, async (transcript) => {
    const paged = await transcript.paged(spot.rows)
    const matches: FoundOnPage[] = []
    for (const page of paged.paging.pages.keys()) {
      for await (const entry of entriesOn(paged, page)) {
        for (const match of findWords(textsOf(entry), [words])) {
          if (matches.length >= mostFound) return { matches, more: true }
          matches.push({ ...match, page })
        }
      }
    }
    return { matches, more: false }
  })
}

function textsOf({ row, number }: Conversed): Parameters<typeof findWords>[0] {
  if (typeof row !== 'object') return []
  const { uuid, time } = row
  const calls = row.blocks.flatMap((block) =>
    block.kind === 'call' ? [{ kind: 'call' as const, text: describeCall(block.tool, block.input) }] : [],
  )
  const said = [
    { kind: 'prompt' as const, text: askedText(row) },
    { kind: 'answer' as const, text: answeredText(row) },
  ]
  return [...said, ...calls]
    .filter(({ text }) => text !== '')
    .map(({ kind, text }) => ({ number: number ?? 0, uuid, time, kind, text: text.slice(0, mostText) }))
}

/** This machine's copy, unless the remote's was asked for, or there is none. */
async function choose(ws: Workspace, memory: BrowseMemory, spot: BrowsedSpot): Promise<Chosen> {
  const { session } = spot
  const file = await fileHere(ws, session)
  const sent = await sentTip(ws, memory, session).catch(toldProblem)
  const tip = sent instanceof TeleportError ? null : sent
  const problem = sent instanceof TeleportError ? sent : null
  const places = [...(file ? ['here' as const] : []), ...(tip ? ['remote' as const] : [])]
  const place = spot.place ?? (file ? 'here' : 'remote')
  const facts = tip && describeFacts(tip, await peopleOf(ws))
  const common = { place, places, tip, facts, problem }
  if (place === 'here') {
    if (!file) throw noneHere(session)
    return { ...common, use: (work) => work(transcriptOf(ws, memory, file)) }
  }
  if (!tip) throw problem ?? noneSent(session)
  return { ...common, use: (work) => memory.shelf.use(tip.commit, () => openDecrypted(ws, tip), work) }
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
  if (commit !== null && memory.shelf.holds(commit)) return memory.shelf.use(commit, gone, work)
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
export async function sentTip(
  ws: Workspace,
  memory: BrowseMemory,
  session: SessionId,
): Promise<TrustedTip | null> {
  const commit = await tipCommit(ws, memory, session)
  if (commit === null) return null
  const device = await loadDevice(ws.world, ws.repo)
  const people = await peopleOf(ws)
  const tip = await readTip(ws, session, commit)
  const looking = {
    ...people,
    state: null,
    allowExpired: true,
    allowStranger: true,
    members: 'pinned',
  } as const
  const signer = await judgeTip(ws, tip, looking)
  return trustTip(ws, await openTip(ws, tip, device), signer, { own: people.own, state: null })
}

async function tipCommit(ws: Workspace, memory: BrowseMemory, session: SessionId): Promise<Oid | null> {
  const listed = memory.listed.get(session)
  const seen = memory.tips.get(session) ?? (await ws.store.refs.seen(sessionRef(session)))
  if (memory.offline || listed === undefined || listed === seen) return seen
  const { commit } = await findRemoteSession(ws, session)
  memory.tips.set(session, commit)
  return commit
}

export async function peopleOf(ws: Workspace): ReturnType<typeof knownPeople> {
  return knownPeople(ws, await loadDevice(ws.world, ws.repo), 'pinned')
}

async function titleOf(
  ws: Workspace,
  memory: BrowseMemory,
  session: SessionId,
  tip: TrustedTip | null,
): Promise<string | null> {
  const file = await fileHere(ws, session)
  if (!file) return tip?.manifest.title ?? null
  // Only what was added since the last time is read.
  const size = await sizeInLines(file.path, file.sizeBytes)
  const scan = await scanTranscript(file.path, size, memory.scans.get(file.path) ?? null)
  memory.scans.set(file.path, scan)
  return scan.title ?? tip?.manifest.title ?? null
}

const mostCommits = 1000

/** In the order in which they were made; of several links to one commit the first, since pushes add later ones. */
async function commitsOf(
  ws: Workspace,
  session: SessionId,
  tip: TrustedTip | null,
): Promise<readonly BrowsedCommit[]> {
  const own = (await localLinksOf(ws, session)).map(({ link }) => link)
  const detached = (await readDetached(ws)).get(session)
  const links: readonly Pick<CommitLink, 'commit' | 'message'>[] = [...(tip?.manifest.links ?? []), ...own]
  const first = new Map(links.toReversed().map((link) => [link.commit, link.message]))
  const oids = [...first.keys()]
    .reverse()
    .filter((oid) => !detached?.has(oid))
    .slice(-mostCommits)
  const found = await readCommits(await openHistory(ws), oids)
  const subjects = new Map(found.map(({ oid, subject }) => [oid, subject]))
  return oids.map((commit) => ({
    commit,
    subject: subjects.get(commit) ?? null,
    message: first.get(commit) ?? null,
  }))
}
