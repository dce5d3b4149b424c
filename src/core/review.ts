/** `review`: every session behind a branch, in order, with its commits and what was asked. */

import type { OutlinedPrompt } from '../claude/outline.ts'
import { TeleportError } from '../errors.ts'
import type { GitContext } from '../git-store/git.ts'
import { defaultBranch, diffStat, getCommit, logCommits, mergeBase, type Stat } from '../git-store/history.ts'
import type { Oid } from '../model.ts'
import { bringTied } from './bring-tied.ts'
import { partOf, promptsOf } from './conversation.ts'
import type { How, Tie, Ties } from './direct-ties.ts'
import { findTies } from './find-ties.ts'
import { type LoggedCommit, loggedCommit } from './log.ts'
import { openHistory } from './open-history.ts'
import { type Outlines, openOutlines } from './outlines.ts'
import { type Workspace, withWorkspace } from './workspace.ts'
import type { World } from './world.ts'

export interface ReviewOptions {
  /** A range `a..b`, or a branch: then from where it left the remote's default branch. None: HEAD. */
  readonly of?: string | undefined
  readonly remote?: string | undefined
  readonly offline?: boolean
}

export interface ReviewedPrompt {
  readonly uuid: string
  /** One line. */
  readonly text: string
  /** The next commit after it. */
  readonly commit: Oid
}

export interface ReviewedSession {
  readonly session: string
  readonly title: string | null
  readonly author: string
  readonly host: string
  /** `sealed`: this device is not among its readers. `unread`: its conversation is not here. */
  readonly state: 'read' | 'unread' | 'sealed'
  readonly commits: readonly { readonly commit: Oid; readonly subject: string; readonly how: How }[]
  readonly prompts: readonly ReviewedPrompt[]
}

export interface Review {
  readonly base: Oid | null
  readonly tip: Oid
  /** Oldest first. */
  readonly commits: readonly LoggedCommit[]
  /** In the order of their first commits. */
  readonly sessions: readonly ReviewedSession[]
  readonly stat: Stat
}

export async function reviewBranch(world: World, options: ReviewOptions): Promise<Review> {
  return withWorkspace(world, options, async (ws) => {
    const history = await openHistory(ws)
    const { base, tip } = await rangeOf(ws, history, options.of ?? 'HEAD')
    const commits = await logCommits(history, {
      revisions: base === null ? [tip] : [`${base}..${tip}`],
      reverse: true,
    })
    const found = await findTies(ws, commits, { offline: options.offline, anchor: tip })
    const { ties } = await bringTied(ws, found, options.offline ?? false)
    const outlines = openOutlines(ws)
    const logged = commits.map((commit) => loggedCommit(commit, ties.get(commit.oid) ?? []))
    const sessions = await reviewedSessions(logged, ties, outlines)
    world.progress.done()
    return { base, tip, commits: logged, sessions, stat: await diffStat(history, base, tip) }
  })
}

/** Where a branch or a range begins and ends. Throws `no-commit`. */
export async function rangeOf(
  ws: Workspace,
  context: GitContext,
  of: string,
): Promise<{ readonly base: Oid | null; readonly tip: Oid }> {
  const [from, to] = of.split('..', 2)
  if (from !== undefined && to !== undefined) {
    const tip = await getCommit(context, to.replace(/^\./, '') || 'HEAD')
    const start = await getCommit(context, from || 'HEAD')
    return { base: (await mergeBase(context, start, tip)) ?? start, tip }
  }
  const tip = await getCommit(context, of)
  const main = await defaultBranch(context, ws.remote.name)
  const base = main && (await mergeBase(context, main, tip))
  if (base && base !== tip) return { base, tip }
  throw new TeleportError(
    'no-commit',
    base
      ? `${of} holds nothing that the default branch of ${ws.remote.name} does not`
      : `where ${of} began is not known`,
    { hint: `git teleport review <from>..${of}` },
  )
}

async function reviewedSessions(
  logged: readonly LoggedCommit[],
  ties: Ties,
  outlines: Outlines,
): Promise<readonly ReviewedSession[]> {
  const byFirst = new Map<string, { readonly commit: LoggedCommit; readonly tie: Tie }[]>()
  for (const commit of logged) {
    for (const tie of ties.get(commit.commit) ?? []) {
      const { session } = tie.session
      byFirst.set(session, [...(byFirst.get(session) ?? []), { commit, tie }])
    }
  }
  const sessions: ReviewedSession[] = []
  for (const [session, own] of byFirst) {
    const [first] = own
    if (!first) continue
    const { title, author, host, known } = first.tie.session
    const commits = new Map(
      own.map(({ commit, tie }) => [
        commit.commit,
        { commit: commit.commit, subject: commit.subject, how: tie.how },
      ]),
    )
    const prompts = known === 'sealed' ? [] : await promptsBehind(own, outlines)
    const state = known === 'sealed' ? 'sealed' : prompts === undefined ? 'unread' : 'read'
    sessions.push({
      session,
      title,
      author,
      host,
      state,
      commits: [...commits.values()],
      prompts: prompts ?? [],
    })
  }
  return sessions
}

/** Undefined when the conversation cannot be read. Each prompt once, with the first commit after it. */
async function promptsBehind(
  own: readonly { readonly commit: LoggedCommit; readonly tie: Tie }[],
  outlines: Outlines,
): Promise<readonly ReviewedPrompt[] | undefined> {
  const [first] = own
  const outline = first && (await outlines(first.tie.session))
  if (!outline) return undefined
  const prompts = new Map<number, ReviewedPrompt>()
  const add = ({ at, uuid, text }: OutlinedPrompt, commit: Oid) => {
    if (!prompts.has(at)) prompts.set(at, { uuid, text, commit })
  }
  for (const { commit, tie } of own) {
    const part = partOf(tie.session, tie.link, outline)
    for (const prompt of part ? promptsOf(part, outline) : []) add(prompt, commit.commit)
  }
  return [...prompts].sort(([a], [b]) => a - b).map(([, prompt]) => prompt)
}
