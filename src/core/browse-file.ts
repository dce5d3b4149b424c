/** The lines of a file with the prompt behind each, and the files there are. */

import { TeleportError } from '../errors.ts'
import { getCommit, readCommits } from '../git-store/history.ts'
import { type TrackedFiles, trackedFiles, trackedSize } from '../git-store/tracked-files.ts'
import type { Oid } from '../model.ts'
import { visibleLine } from '../review/visible-text.ts'
import { type BlamedWithPrompt, blameIn } from './blame.ts'
import type { BrowseMemory } from './browse-copy.ts'
import { type LoggedCommit, loggedCommit, type TiedSession } from './log.ts'
import { openHistory } from './open-history.ts'
import type { Workspace } from './workspace.ts'

export type { TrackedFiles } from '../git-store/tracked-files.ts'

/** Why lines are as they are: what many of them share. */
export interface BrowsedReason {
  /** Null: not committed yet. */
  readonly commit: Oid | null
  /** Empty: no session that is known here. Several: one of them. */
  readonly sessions: readonly TiedSession[]
  readonly prompt: { readonly uuid: string; readonly text: string } | null
}

export interface BrowsedFile {
  readonly path: string
  /** Null: as it lies in the work tree. */
  readonly revision: Oid | null
  readonly lines: readonly { readonly text: string; readonly reason: number }[]
  readonly reasons: readonly BrowsedReason[]
  readonly commits: Readonly<Record<string, Omit<LoggedCommit, 'sessions'>>>
}

const mostBytes = 2_000_000

/** Throws `usage` for what is no file of the commit, or too large. */
export async function browseFile(
  ws: Workspace,
  memory: BrowseMemory,
  path: string,
  revision: Oid | null,
): Promise<BrowsedFile> {
  const history = await openHistory(ws)
  const commit = await getCommit(history, revision ?? 'HEAD')
  const size = isPlain(path) ? await trackedSize(history, commit, path) : undefined
  if (size === undefined) throw new TeleportError('usage', `there is no file ${path} in that commit`)
  if (size > mostBytes)
    throw new TeleportError('usage', `${path} is too large to be looked through line by line`)
  const top = { ...ws, world: { ...ws.world, cwd: ws.repo.top } }
  const asked = { file: path, lines: [], git: [], offline: memory.offline }
  const lines = await blameIn(top, revision === null ? asked : { ...asked, revision })
  return { path, revision, ...(await inReasons(ws, lines)) }
}

/** A name as git lists it: nothing that leads out of the work tree. */
function isPlain(path: string): boolean {
  return path.split('/').every((step) => step !== '' && step !== '.' && step !== '..') && !path.includes('\0')
}

async function inReasons(
  ws: Workspace,
  lines: readonly BlamedWithPrompt[],
): Promise<Pick<BrowsedFile, 'lines' | 'reasons' | 'commits'>> {
  const reasons: BrowsedReason[] = []
  const numbers = new Map<string, number>()
  const numbered = lines.map(({ text, commit, sessions, prompt }) => {
    const key = JSON.stringify([commit, sessions.map(({ session }) => session), prompt?.uuid])
    const known = numbers.get(key) ?? reasons.length
    if (known === reasons.length) {
      numbers.set(key, known)
      reasons.push({ commit, sessions, prompt: prompt && { uuid: prompt.uuid, text: prompt.text } })
    }
    return { text: visibleLine(text), reason: known }
  })
  const oids = [...new Set(reasons.flatMap(({ commit }) => (commit === null ? [] : [commit])))]
  const commits = await readCommits(await openHistory(ws), oids)
  const named = commits.map((commit) => {
    const { sessions: _sessions, ...rest } = loggedCommit(commit, [])
    return [commit.oid, rest] as const
  })
  return { lines: numbered, reasons, commits: Object.fromEntries(named) }
}

export async function browseFiles(
  ws: Workspace,
  revision: Oid | null,
): Promise<TrackedFiles & { readonly commit: Oid }> {
  const history = await openHistory(ws)
  const commit = await getCommit(history, revision ?? 'HEAD')
  return { commit, ...(await trackedFiles(history, commit)) }
}
