/** `blame`: each line of a file with its commit, the session behind it, and what was asked there. */

import type { OutlinedPrompt } from '../claude/outline.ts'
import { blameFile } from '../git-store/blame.ts'
import { getCommit, logCommits, readCommits } from '../git-store/history.ts'
import type { Oid } from '../model.ts'
import { bringTied } from './bring-tied.ts'
import { partOf, promptsOf } from './conversation.ts'
import type { Tie } from './direct-ties.ts'
import { findTies } from './find-ties.ts'
import { findOwners } from './line-owner.ts'
import { type TiedSession, tiedSession } from './log.ts'
import { openHistory } from './open-history.ts'
import { type Outlines, openOutlines } from './outlines.ts'
import { type Workspace, withWorkspace } from './workspace.ts'
import type { World } from './world.ts'

export interface BlameOptions {
  /** Relative to the folder that the command runs in. */
  readonly file: string
  readonly lines: readonly string[]
  /** `-M`, `-C`, `-w` of git. */
  readonly git: readonly string[]
  readonly revision?: string | undefined
  readonly remote?: string | undefined
  readonly offline?: boolean
}

export interface LineOfSession {
  readonly line: number
  readonly text: string
  /** Null: not committed yet. */
  readonly commit: Oid | null
  /** Empty: no session that is known here. Several: one of them, and nothing tells which. */
  readonly sessions: readonly TiedSession[]
  /** The last thing that was asked before the commit, one line; null when it is not known. */
  readonly prompt: string | null
}

export async function blameSessions(world: World, options: BlameOptions): Promise<readonly LineOfSession[]> {
  const lines = await withWorkspace(world, options, (ws) => blameIn(ws, options))
  return lines.map((line) => ({ ...line, prompt: line.prompt?.text ?? null }))
}

/** The same with the whole prompt. */
export interface BlamedWithPrompt extends Omit<LineOfSession, 'prompt'> {
  readonly prompt: OutlinedPrompt | null
}

export async function blameIn(ws: Workspace, options: BlameOptions): Promise<readonly BlamedWithPrompt[]> {
  const { world } = ws
  const { file, lines, git, offline } = options
  const history = await openHistory(ws)
  const revision = options.revision === undefined ? undefined : await getCommit(history, options.revision)
  const question = { file, lines, options: git, revision }
  const blamed = await blameFile({ ...history, cwd: world.cwd }, question)
  const [anchor] = await logCommits(history, {
    revisions: revision === undefined ? [] : [revision],
    limit: 1,
  })
  const oids = [...new Set(blamed.flatMap(({ commit }) => (commit === null ? [] : [commit])))]
  const commits = await readCommits(history, oids)
  if (!anchor)
    return blamed.map(({ line, text, commit }) => ({ line, text, commit, sessions: [], prompt: null }))
  const found = await findTies(ws, commits, { offline, anchor: anchor.oid })
  const { ties, context } = await bringTied(ws, found, offline ?? false)
  const outlines = openOutlines(ws)
  const owners = await findOwners(context, blamed, ties, outlines)
  const prompts = new Map<Tie, OutlinedPrompt | null>()
  for (const tie of owners.flatMap((owner) => owner.ties)) {
    if (!prompts.has(tie)) prompts.set(tie, await lastPrompt(tie, outlines))
  }
  world.progress.done()
  return blamed.map(({ line, text, commit }, at) => {
    const own = owners[at]?.ties ?? []
    const [only] = own.length === 1 ? own : []
    return {
      line,
      text,
      commit,
      sessions: own.map(tiedSession),
      prompt: (only && prompts.get(only)) ?? null,
    }
  })
}

async function lastPrompt({ session, link }: Tie, outlines: Outlines): Promise<OutlinedPrompt | null> {
  const outline = await outlines(session)
  const part = outline && partOf(session, link, outline)
  return (part && promptsOf(part, outline).at(-1)) ?? null
}
