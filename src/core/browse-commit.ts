/** A commit beside the parts of the conversations that made it; and history, with the sessions of each commit. */

import { outlineTranscript } from '../claude/outline.ts'
import { TeleportError } from '../errors.ts'
import { type CommitDiff, readCommitDiff, readMessage } from '../git-store/commit-diff.ts'
import { getCommit, logCommits, readCommits } from '../git-store/history.ts'
import type { Oid, SessionId } from '../model.ts'
import { splitLines } from '../review/lines.ts'
import { visibleLine } from '../review/visible-text.ts'
import { bringTied } from './bring-tied.ts'
import { type BrowsedPlace, type BrowseMemory, withSession } from './browse-copy.ts'
import { partOf } from './conversation.ts'
import type { Tie } from './direct-ties.ts'
import { findTies } from './find-ties.ts'
import { type LoggedCommit, loggedCommit, onePerSession, type TiedSession, tiedSession } from './log.ts'
import { openHistory } from './open-history.ts'
import type { Workspace } from './workspace.ts'

export type { ChangedFile } from '../git-store/commit-diff.ts'

/** What one session did for the commit. */
export interface BrowsedPart extends TiedSession {
  readonly place: BrowsedPlace | null
  /** Rows of that transcript, both included; null: the whole conversation, as far as it is known. */
  readonly rows: readonly [number, number] | null
  /** Why there is nothing to read. */
  readonly missing: 'sealed' | 'not-here' | 'message' | null
}

export interface BrowsedDiff extends LoggedCommit {
  readonly message: string
  readonly parents: readonly Oid[]
  readonly diff: CommitDiff
  readonly parts: readonly BrowsedPart[]
}

/** Throws `no-commit`. */
export async function browseCommit(ws: Workspace, memory: BrowseMemory, wanted: Oid): Promise<BrowsedDiff> {
  const history = await openHistory(ws)
  const oid = await getCommit(history, wanted)
  const commits = await readCommits(history, [oid])
  const [commit] = commits
  if (!commit) throw new TeleportError('no-commit', `commit ${oid} is not here`, { hint: 'git fetch' })
  const { offline } = memory
  const found = await findTies(ws, commits, { offline, anchor: oid })
  const { ties } = await bringTied(ws, found, offline)
  const own = ties.get(oid) ?? []
  const parts: BrowsedPart[] = []
  for (const tie of onePerSession(own)) {
    const all = own.filter((each) => each.session.session === tie.session.session)
    parts.push(...(await partsIn(ws, memory, all)))
  }
  return {
    ...loggedCommit(commit, own),
    message: await readMessage(history, oid),
    parents: commit.parents,
    diff: madeVisible(await readCommitDiff(history, commit.parents[0] ?? null, oid)),
    parts,
  }
}

function madeVisible({ files, more }: CommitDiff): CommitDiff {
  const line = (text: string) => text.slice(0, 1) + visibleLine(text.slice(1))
  const seen = files.map((file) => ({
    ...file,
    hunks: file.hunks.map((hunk) => ({ ...hunk, lines: hunk.lines.map(line) })),
  }))
  return { files: seen, more }
}

/** The first of the links to one commit: later ones were made by pushes. */
function onePerPlace(ties: readonly Tie[]): readonly Tie[] {
  return [...new Map(ties.toReversed().map((tie) => [tie.via, tie])).values()].reverse()
}

async function partsIn(
  ws: Workspace,
  memory: BrowseMemory,
  ties: readonly Tie[],
): Promise<readonly BrowsedPart[]> {
  const [first] = ties
  if (!first) return []
  const bare = (tie: Tie, missing: BrowsedPart['missing']): BrowsedPart => {
    return { ...tiedSession(tie), place: null, rows: null, missing }
  }
  if (first.session.known === 'sealed') return [bare(first, 'sealed')]
  const wanted = new Set(first.session.links.flatMap(({ message }) => (message === null ? [] : [message])))
  // A copy here may be older than what was pushed, and the other way round.
  for (const place of ['here', 'remote'] as const) {
    const outline = await outlineAt(ws, memory, first.session.session, place, wanted)
    if (!outline) continue
    const placed = onePerPlace(ties).map((tie) => ({ tie, part: partOf(tie.session, tie.link, outline) }))
    const isLast = place === 'remote' || first.session.tip === null
    if (placed.some(({ part }) => part === null) && !isLast) continue
    return placed.map(({ tie, part }) =>
      part ? { ...bare(tie, null), place, rows: [part.from, part.to] as const } : bare(tie, 'message'),
    )
  }
  return [bare(first, 'not-here')]
}

/** Undefined where there is no such copy, or it cannot be read. */
async function outlineAt(
  ws: Workspace,
  memory: BrowseMemory,
  session: SessionId,
  place: BrowsedPlace,
  wanted: ReadonlySet<string>,
) {
  try {
    return await withSession(ws, memory, { session, place, rows: null }, async (transcript) =>
      outlineTranscript(splitLines((await transcript.now()).read(0)), wanted),
    )
  } catch (error) {
    if (error instanceof TeleportError && error.code !== 'interrupted') return undefined
    throw error
  }
}

const mostCommits = 60

export interface BrowsedHistory {
  readonly commits: readonly LoggedCommit[]
  /** To ask for what comes next; null at the end. */
  readonly next: Oid | null
}

/** Newest first, from HEAD or from behind `after` on. */
export async function browseHistory(
  ws: Workspace,
  { offline }: BrowseMemory,
  after: Oid | null,
): Promise<BrowsedHistory> {
  const history = await openHistory(ws)
  const revisions = after === null ? [] : [after]
  const found = await logCommits(history, { revisions, limit: mostCommits + (after === null ? 0 : 1) })
  const commits = after === null ? found : found.slice(1)
  const [anchor] = commits
  if (!anchor) return { commits: [], next: null }
  const { ties } = await findTies(ws, commits, { offline, anchor: anchor.oid })
  return {
    commits: commits.map((commit) => loggedCommit(commit, ties.get(commit.oid) ?? [])),
    next: commits.length < mostCommits ? null : (commits.at(-1)?.oid ?? null),
  }
}
