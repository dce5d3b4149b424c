/** Transcripts that lie open while somebody reads them in pages: this machine's own, or what was decrypted for it. */

import { beginInstall } from '../claude/install.ts'
import { findSession, type SessionFile, sessionsOfWorktree } from '../claude/locate.ts'
import { localTranscript, type TranscriptNow, transcriptNow } from '../claude/transcript-now.ts'
import { TeleportError } from '../errors.ts'
import { listStates } from '../git-store/state-files.ts'
import type { SessionId } from '../model.ts'
import type { Agents, Conversed } from '../review/conversation.ts'
import { splitLines } from '../review/lines.ts'
import { createPaging, entriesOf, type Paging } from '../review/pages.ts'
import { placeLines } from '../review/placed-lines.ts'
import { readLocalLinks } from './local-links.ts'
import { emptyBase, materialise } from './materialise.ts'
import { lastOrigin, placeFor } from './place.ts'
import { rootsOf, stagedFiles, stagedTranscript } from './reading.ts'
import type { TrustedTip } from './trusted-tip.ts'
import { installFolder, type Workspace } from './workspace.ts'

export type Rows = readonly [number, number] | null

/** One transcript that can be read from anywhere in it. */
export interface OpenTranscript {
  readonly roots: readonly string[]
  /** As far as it is written now. Throws `no-session` when it is gone. */
  now(): Promise<TranscriptNow>
  /** In pages, as far as it is written now; `edition` is another one when what was told before holds no more. */
  paged(rows: Rows): Promise<Paged>
}

export interface Paged {
  readonly paging: Paging
  readonly edition: number
  /** Bytes from there on. */
  read(from: number): AsyncIterable<Uint8Array>
  /** As far as the pages know them. */
  readonly agents: Agents
  /** After so long it is worth asking again: a subagent said more. 0: nothing is known that is not in the pages. */
  readonly behindMs: number
}

/** What one page shows. Throws `usage` for a page that there is not. */
export function entriesOn({ paging, read, agents }: Paged, number: number): AsyncIterable<Conversed> {
  const page = paging.pages[number]
  if (!page) throw new TeleportError('usage', `there is no page ${number}`)
  const lines = placeLines(read(page.offset), page.offset)
  return entriesOf(page, lines, paging.agentsFrom(page, agents))
}

/** This machine's newest copy of a session of this project; undefined where there is none. */
export async function fileHere(ws: Workspace, session: SessionId): Promise<SessionFile | undefined> {
  const own = (await sessionsOfWorktree(ws.claude, ws.repo.top)).find((each) => each.session === session)
  if (own) return own
  // Of another folder of this machine, but known to this project: it was sent from there, or made a commit here.
  const known =
    (await listStates(ws.store)).includes(session) ||
    (await readLocalLinks(ws)).some((each) => each.session === session)
  return known ? (await findSession(ws.claude, session))[0] : undefined
}

export function openHere(ws: Workspace, file: SessionFile): OpenTranscript {
  const { claude, repo } = ws
  return openPaged([repo.top], () => localTranscript(claude, file), {
    session: file.session,
    clock: ws.world.now,
  })
}

/** What was decrypted lies in private files until it is closed. */
export interface Decrypted {
  readonly transcript: OpenTranscript
  close(): Promise<void>
}

/** Throws what decrypting throws, and `empty-session`. */
export async function openDecrypted(ws: Workspace, tip: TrustedTip): Promise<Decrypted> {
  const place = placeFor(ws, tip.session, lastOrigin(tip.manifest), {})
  const options = { session: tip.session, now: ws.world.now() }
  const install = await beginInstall(ws.claude, installFolder(ws), options)
  try {
    const applied = await materialise(ws, tip, emptyBase, place, install)
    const { path } = stagedTranscript(tip.session, applied, install)
    const files = stagedFiles(applied, install)
    const read = () => transcriptNow(path, files)
    return {
      transcript: openPaged(rootsOf(ws, tip.manifest), read, {
        session: tip.session,
        clock: ws.world.now,
      }),
      close: () => install.abort(),
    }
  } catch (error) {
    await install.abort()
    throw error
  }
}

/** What the pages were made of; subagents are read only that far. */
interface Edition {
  readonly number: number
  readonly mark: string
  readonly agentsMark: string
  readonly paging: Paging
  agents: ReadonlyMap<string, () => AsyncIterable<Uint8Array>>
  readonly madeMs: number
  costMs: number
}

/** Parts of a conversation that are kept in mind at once; each is a few numbers for a page. */
const mostParts = 50
/** A subagent that goes on changes pages in the middle, so that all are made anew: a tenth of the time at most. */
const restOfCost = 10

function openPaged(
  roots: readonly string[],
  read: () => Promise<TranscriptNow | undefined>,
  { session, clock }: { readonly session: string; readonly clock: () => Date },
): OpenTranscript {
  const editions = new Map<string, Edition>()
  const now = async () => {
    const found = await read()
    if (found) return found
    throw new TeleportError('no-session', `session ${session} is no longer on this machine`, {
      hint: `git teleport pull ${session}`,
    })
  }
  // One at a time: two that extend the same paging would note everything twice.
  let turn: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = turn.then(work, work)
    turn = mine
    return mine
  }
  const extended = async (rows: Rows): Promise<Paged> => {
    const current = await now()
    const key = rows === null ? 'all' : rows.join('-')
    const before = editions.get(key)
    const begun = clock().getTime()
    const edition = continued(before, current, begun) ?? {
      number: (before?.number ?? 0) + 1,
      mark: current.mark,
      agentsMark: current.agentsMark,
      paging: createPaging({ roots, rows }),
      agents: new Map(),
      madeMs: begun,
      costMs: 0,
    }
    // Broken off, it would have noted half of it.
    editions.delete(key)
    edition.agents = new Map([...linesOf(current), ...edition.agents])
    const { paging, number } = edition
    const isOver = rows !== null && paging.end > 0
    if (!isOver && current.size > paging.end)
      await paging.extend(placeLines(current.read(paging.end), paging.end), edition.agents)
    edition.costMs += clock().getTime() - begun
    editions.set(key, edition)
    for (const oldest of editions.keys()) {
      if (editions.size <= mostParts) break
      editions.delete(oldest)
    }
    const isBehind = edition.agentsMark !== current.agentsMark
    const behindMs = isBehind ? Math.max(1, edition.madeMs + edition.costMs * restOfCost - begun) : 0
    return { paging, edition: number, read: current.read, agents: edition.agents, behindMs }
  }
  return { roots, now, paged: (rows) => inTurn(() => extended(rows)) }
}

function linesOf({ agents }: TranscriptNow): Edition['agents'] {
  return new Map([...agents].map(([call, read]) => [call, () => splitLines(read())]))
}

function continued(known: Edition | undefined, now: TranscriptNow, nowMs: number): Edition | undefined {
  if (known?.mark !== now.mark || known.paging.end > now.size) return undefined
  const mayRest = nowMs < known.madeMs + known.costMs * restOfCost
  return known.agentsMark === now.agentsMark || mayRest ? known : undefined
}
