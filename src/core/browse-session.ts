/** One session to be looked through: what is known of it, and its pages. */

import { liveClients } from '../claude/live.ts'
import { scanTranscript } from '../claude/scan.ts'
import { sizeInLines } from '../claude/session-file.ts'
import { readCommits } from '../git-store/history.ts'
import type { CommitLink, Oid, SessionId } from '../model.ts'
import { type PagedPrompt, viewPage } from '../review/pages.ts'
import type { Stats } from '../review/stats.ts'
import type { ViewMessage } from '../review/view.ts'
import { type BrowsedPlace, type BrowsedSpot, type BrowseMemory, choose, withSession } from './browse-copy.ts'
import type { BrowsedFacts } from './browse-facts.ts'
import { entriesOn, fileHere } from './browse-place.ts'
import { readDetached } from './detached-links.ts'
import { localLinksOf } from './local-links.ts'
import { openHistory } from './open-history.ts'
import type { TrustedTip } from './trusted-tip.ts'
import type { Workspace } from './workspace.ts'

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
