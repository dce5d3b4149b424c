/** `attach` and `detach`: links made and taken away by hand. */

import { findSessionsByPrefix } from '../claude/locate.ts'
import { TeleportError } from '../errors.ts'
import type { GitContext } from '../git-store/git.ts'
import { getCommit, readCommits } from '../git-store/history.ts'
import { patchIds } from '../git-store/patch-ids.ts'
import { isSessionId, isSessionPrefix, type Oid, parseSessionId, type SessionId } from '../model.ts'
import { ambiguous } from './choose-session.ts'
import { withConversation } from './conversation.ts'
import { addDetached, dropDetached } from './detached-links.ts'
import { drainQueue } from './hook-queue.ts'
import { type LinkedSession, type LinkIndex, readLinkIndex } from './link-index.ts'
import { addLocalLink, dropLocalLinks, sendLinksAgain } from './local-links.ts'
import { openHistory } from './open-history.ts'
import { type Workspace, withWorkspace } from './workspace.ts'
import { formatTime, type World } from './world.ts'

export interface AttachOptions {
  readonly session: string
  /** None: HEAD. For `detach`, none with `all`: every one. */
  readonly commits: readonly string[]
  readonly all?: boolean
  readonly remote?: string | undefined
  readonly dryRun?: boolean
}

export interface Attached {
  readonly session: SessionId
  readonly commits: readonly Oid[]
  /** A push of this session from this machine carries the change to others. */
  readonly pushable: boolean
}

/** The link goes to the conversation's last message before the commit. Travels with the next push of the session. */
export async function attachCommits(world: World, options: AttachOptions): Promise<Attached> {
  return withWorkspace(world, options, async (ws) => {
    await drainQueue(ws)
    const context = await openHistory(ws)
    const index = await readLinkIndex(ws, { offline: true })
    const { session, pushable } = await sessionNamed(ws, index, options.session)
    const oids = await commitsNamed(context, options.commits)
    const fresh = oids.filter((oid) => !session.links.some(({ commit }) => commit === oid))
    if (!options.dryRun) {
      for (const link of await makeLinks(ws, context, session, fresh))
        await addLocalLink(ws, session.session, link)
      await sendLinksAgain(ws, session.session, fresh)
      await dropDetached(ws, session.session, oids)
    }
    return { session: session.session, commits: fresh, pushable }
  })
}

/** Here they are gone at once; for others with the next push of the session. */
export async function detachCommits(world: World, options: AttachOptions): Promise<Attached> {
  return withWorkspace(world, options, async (ws) => {
    await drainQueue(ws)
    const context = await openHistory(ws)
    const index = await readLinkIndex(ws, { offline: true })
    const { session, pushable } = await sessionNamed(ws, index, options.session)
    const linked = [...new Set(session.links.map(({ commit }) => commit))]
    const named = options.all ? linked : await detachedOids(context, options.commits, linked)
    const commits = named.filter((oid) => linked.includes(oid))
    if (commits.length === 0) {
      throw new TeleportError(
        'no-tie',
        `session ${session.session} is not tied to ${named[0] ?? 'any commit'}`,
        {
          hint: 'git teleport log',
        },
      )
    }
    if (!options.dryRun) {
      await addDetached(ws, session.session, commits)
      await dropLocalLinks(ws, session.session, commits)
    }
    return { session: session.session, commits, pushable }
  })
}

/** What was linked may be gone from this clone: then its full id names it. */
async function detachedOids(
  context: GitContext,
  revs: readonly string[],
  linked: readonly Oid[],
): Promise<readonly Oid[]> {
  const gone = linked.filter((oid) => revs.includes(oid))
  const rest = revs.filter((rev) => !gone.some((oid) => oid === rev))
  return [...gone, ...(rest.length > 0 || gone.length === 0 ? await commitsNamed(context, rest) : [])]
}

async function commitsNamed(context: GitContext, revs: readonly string[]): Promise<readonly Oid[]> {
  const oids: Oid[] = []
  for (const rev of revs.length > 0 ? revs : ['HEAD']) oids.push(await getCommit(context, rev))
  return [...new Set(oids)]
}

/** One that is on this machine or in the store, by id or prefix. */
async function sessionNamed(
  ws: Workspace,
  index: LinkIndex,
  wanted: string,
): Promise<{ readonly session: LinkedSession; readonly pushable: boolean }> {
  const prefix = wanted.toLowerCase()
  if (!isSessionPrefix(prefix)) parseSessionId(wanted)
  const here = (await findSessionsByPrefix(ws.claude, prefix)).map(({ session }) => session)
  const known = [...index.sessions.keys()].filter((session) => session.startsWith(prefix))
  const ids =
    isSessionId(prefix) && [...here, ...known].includes(prefix) ? [prefix] : [...new Set([...here, ...known])]
  const [id, second] = ids
  if (id === undefined) {
    throw new TeleportError('no-session', `no session ${wanted} on this machine or among those fetched`, {
      hint: `git teleport fetch ${wanted}`,
    })
  }
  if (second !== undefined) throw ambiguous(`"${wanted}" fits ${ids.length} sessions`, ids)
  const none = {
    title: null,
    author: '',
    host: '',
    known: 'here',
    tip: null,
    behind: false,
    links: [],
  } as const
  return { session: index.sessions.get(id) ?? { session: id, ...none }, pushable: here.includes(id) }
}

async function makeLinks(ws: Workspace, context: GitContext, session: LinkedSession, oids: readonly Oid[]) {
  const commits = await readCommits(context, oids)
  const patches = await patchIds(ws.repo, oids)
  const messages = await withConversation(ws, session, (conversation) =>
    conversation.messagesAt(commits.map(({ committed }) => committed * 1000 + 999)),
  )
  return commits.map(({ oid, tree }, at) => ({
    commit: oid,
    tree,
    patchId: patches.get(oid) ?? null,
    branch: null,
    message: messages?.[at] ?? null,
    time: formatTime(ws.world.now()),
  }))
}
