/** `log`: git's log, with the sessions of each commit. */

import { commitTime, type HistoryCommit, logCommits } from '../git-store/history.ts'
import type { Oid } from '../model.ts'
import type { How, Tie } from './direct-ties.ts'
import { findTies } from './find-ties.ts'
import { openHistory } from './open-history.ts'
import { type Workspace, withWorkspace } from './workspace.ts'
import type { World } from './world.ts'

export interface LogOptions {
  /** Revisions and ranges; none: HEAD. */
  readonly revisions: readonly string[]
  readonly limit?: number | undefined
  readonly remote?: string | undefined
  readonly offline?: boolean
}

/** A session of a commit, for people and programs. */
export interface TiedSession {
  readonly session: string
  readonly title: string | null
  readonly author: string
  readonly how: How
  /** The commit that the link was made to. */
  readonly linked: Oid
  readonly message: string | null
  /** False: it exists, and this device is not among its readers. */
  readonly readable: boolean
}

export interface LoggedCommit {
  readonly commit: Oid
  readonly subject: string
  readonly author: string
  /** UTC. */
  readonly authored: string
  readonly sessions: readonly TiedSession[]
}

export async function logSessions(world: World, options: LogOptions): Promise<readonly LoggedCommit[]> {
  return withWorkspace(world, options, async (ws) => logIn(ws, options))
}

async function logIn(ws: Workspace, options: LogOptions): Promise<readonly LoggedCommit[]> {
  const { revisions, limit, offline } = options
  const commits = await logCommits(await openHistory(ws), { revisions, limit })
  const [newest] = commits
  if (!newest) return []
  const { ties } = await findTies(ws, commits, { offline, anchor: newest.oid })
  ws.world.progress.done()
  return commits.map((commit) => loggedCommit(commit, ties.get(commit.oid) ?? []))
}

export function loggedCommit(commit: HistoryCommit, ties: readonly Tie[]): LoggedCommit {
  return {
    commit: commit.oid,
    subject: commit.subject,
    author: commit.author,
    authored: commitTime(commit.authored),
    sessions: onePerSession(ties).map(tiedSession),
  }
}

/** The newest tie of each session, in the order in which the sessions came. */
export function onePerSession(ties: readonly Tie[]): readonly Tie[] {
  return [...new Map(ties.map((tie) => [tie.session.session, tie])).values()]
}

export function tiedSession({ session, link, how }: Tie): TiedSession {
  return {
    session: session.session,
    title: session.title,
    author: session.author,
    how,
    linked: link.commit,
    message: link.message,
    readable: session.known !== 'sealed',
  }
}
