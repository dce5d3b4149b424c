/** `show <commit>`: the part of each conversation that led to a commit. */

import { findSessionsByPrefix } from '../claude/locate.ts'
import { TeleportError } from '../errors.ts'
import { getCommit, readCommits, resolveCommit } from '../git-store/history.ts'
import { parseRef, patterns } from '../git-store/refs.ts'
import { isSessionId, isSessionPrefix, type Oid } from '../model.ts'
import { bringTied } from './bring-tied.ts'
import { partOf, withConversation } from './conversation.ts'
import type { Tie } from './direct-ties.ts'
import { findTies } from './find-ties.ts'
import { type LoggedCommit, loggedCommit, onePerSession, type TiedSession, tiedSession } from './log.ts'
import { openHistory } from './open-history.ts'
import type { Reading } from './reading.ts'
import { type Workspace, withWorkspace } from './workspace.ts'
import type { World } from './world.ts'

export interface ShowCommitOptions {
  readonly commit: string
  readonly remote?: string | undefined
  readonly offline?: boolean
  /** The whole conversation instead of the part. */
  readonly all?: boolean
}

/** One conversation behind the commit. */
export interface ShownPart extends TiedSession {
  /** uuids of the messages: after the first, which led to the commit before, up to the last; null where not known. */
  readonly after: string | null
  readonly upTo: string | null
  /** Why there is no text: not for this device, not fetched, or the message is not in the conversation. */
  readonly missing: 'sealed' | 'not-here' | 'message' | null
}

/**
 * Whether `wanted` names a commit rather than a session. A full id is what it is; what fits both is refused with
 * `ambiguous-name`.
 */
export async function namesCommit(
  world: World,
  wanted: string,
  options: { readonly remote?: string | undefined; readonly offline?: boolean },
): Promise<boolean> {
  if (isSessionId(wanted.toLowerCase())) return false
  return withWorkspace(world, options, async (ws) => {
    const commit = await resolveCommit(await openHistory(ws), wanted)
    if (!commit) return false
    const prefix = wanted.toLowerCase()
    if (!isSessionPrefix(prefix)) return true
    const refs = options.offline
      ? await ws.store.refs.seenAll('sessions')
      : await ws.store.refs.fetch([patterns.sessions(prefix)], ws.world.progress)
    const there = [...refs.keys()].flatMap((ref) => {
      const parsed = parseRef(ref)
      return parsed?.kind === 'session' && parsed.session.startsWith(prefix) ? [parsed.session] : []
    })
    const here = (await findSessionsByPrefix(ws.claude, prefix)).map(({ session }) => session)
    const sessions = [...new Set([...there, ...here])]
    if (sessions.length === 0) return true
    throw new TeleportError('ambiguous-name', `"${wanted}" is a commit and the beginning of a session`, {
      hint: `git teleport show ${sessions[0]}   (the session), git teleport show ${commit}   (the commit)`,
      data: { commit, sessions },
    })
  })
}

/** Hands over the commit, then each session with its conversation to read. Throws `no-commit`, `no-tie`. */
export async function showCommit(
  world: World,
  options: ShowCommitOptions,
  head: (commit: LoggedCommit) => void,
  session: (part: ShownPart) => Promise<void>,
  read: (reading: Reading) => Promise<void>,
): Promise<void> {
  await withWorkspace(world, options, async (ws) => {
    const history = await openHistory(ws)
    const oid = await getCommit(history, options.commit)
    const commits = await readCommits(history, [oid])
    const found = await findTies(ws, commits, { offline: options.offline, anchor: oid })
    const { ties } = await bringTied(ws, found, options.offline ?? false)
    const [commit] = commits
    const own = ties.get(oid) ?? []
    if (!commit || own.length === 0) throw noTie(oid)
    ws.world.progress.done()
    head(loggedCommit(commit, own))
    for (const tie of onePerSession(own)) {
      const parts = own.filter((each) => each.session.session === tie.session.session)
      await showParts(ws, parts, options, session, read)
    }
  })
}

function noTie(oid: Oid): TeleportError {
  return new TeleportError('no-tie', `no session that is known here is tied to commit ${oid}`, {
    hint: `git teleport attach <session> ${oid.slice(0, 12)}`,
  })
}

/** The first of the links to one commit: later ones were made by pushes. */
function onePerPlace(ties: readonly Tie[]): readonly Tie[] {
  return [...new Map(ties.toReversed().map((tie) => [tie.via, tie])).values()].reverse()
}

/** Of a squashed commit a session may have several parts, one for each commit that it made. */
async function showParts(
  ws: Workspace,
  ties: readonly Tie[],
  options: ShowCommitOptions,
  tell: (part: ShownPart) => Promise<void>,
  read: (reading: Reading) => Promise<void>,
): Promise<void> {
  const [first] = ties
  if (!first) return
  const bare = (tie: Tie, missing: ShownPart['missing']): ShownPart => ({
    ...tiedSession(tie),
    after: null,
    upTo: null,
    missing,
  })
  if (first.session.known === 'sealed') {
    await tell(bare(first, 'sealed'))
    return
  }
  const shown = await withConversation(ws, first.session, async (conversation) => {
    const { outline, lines, agents, roots } = conversation
    const uuids = new Map(Object.entries(outline.rows).map(([uuid, at]) => [at, uuid]))
    for (const tie of options.all ? [first] : onePerPlace(ties)) {
      const part = options.all
        ? { from: 0, to: Number.POSITIVE_INFINITY }
        : partOf(tie.session, tie.link, outline)
      if (!part) {
        await tell(bare(tie, 'message'))
        continue
      }
      const upTo = options.all ? null : tie.link.message
      await tell({ ...tiedSession(tie), after: uuids.get(part.from - 1) ?? null, upTo, missing: null })
      const range = { from: { kind: 'row', at: part.from }, to: { kind: 'row', at: part.to } } as const
      await read({ lines, agents, roots, range })
    }
    return true
  })
  if (!shown) await tell(bare(first, 'not-here'))
}
