/** `search`: words in every conversation that can be read without asking the remote. */

import { findSessionsByPrefix, newestCopies, type SessionFile, sessionsOfWorktree } from '../claude/locate.ts'
import { TeleportError } from '../errors.ts'
import { parseRef } from '../git-store/refs.ts'
import type { Oid, SessionId } from '../model.ts'
import { findWords, type Match } from '../review/find-words.ts'
import { fetchedDigest, forgetDigests, localDigest } from './digests.ts'
import { type ListedSession, listIn } from './list.ts'
import { newestFirst } from './newest-first.ts'
import { type Workspace, withWorkspace } from './workspace.ts'
import { formatTime, type World } from './world.ts'

export interface SearchOptions {
  /** All of them must stand in one message; one with blanks in it is a phrase. */
  readonly words: readonly string[]
  /** Sessions of other work trees on this machine too. */
  readonly everywhere?: boolean
  readonly remote?: string | undefined
}

export interface FoundSession {
  readonly session: SessionId
  readonly title: string | null
  /** As the remote's indexes say; null for what only this machine has. */
  readonly author: string | null
  /** Read from this machine's own copy, from what was fetched, or from both. */
  readonly where: 'here' | 'fetched' | 'both'
  readonly updated: string | null
  /** At most a hundred; `total` counts all. */
  readonly matches: readonly Match[]
  readonly total: number
}

export interface Searched {
  readonly sessions: readonly FoundSession[]
  /** How many conversations were read. */
  readonly searched: number
  /** On the remote, and neither here nor fetched. */
  readonly unread: readonly SessionId[]
}

const mostMatches = 100

/** Newest first. What cannot be read is said and left out. Throws `usage` when there is nothing to look for. */
export async function searchSessions(world: World, options: SearchOptions): Promise<Searched> {
  if (options.words.every((word) => word.trim() === ''))
    throw new TeleportError('usage', 'search takes the words to look for', {
      hint: 'git teleport search retry',
    })
  return withWorkspace(world, options, async (ws) => {
    const all = await findSessionsByPrefix(ws.claude, '')
    const files = options.everywhere ? all : await sessionsOfWorktree(ws.claude, ws.repo.top)
    const tips = await fetchedTips(ws)
    await forgetDigests(ws, new Set(tips.values()), new Set(all.map(({ session }) => session)))
    const listed = new Map((await listIn(ws, { offline: true })).map((each) => [each.session, each]))
    const here = newestCopies(files)
    const ids = new Set([...here.keys(), ...tips.keys()])
    ws.world.progress.step('reading sessions')
    const found: FoundSession[] = []
    for (const session of ids) {
      const one = await searchOne(ws, session, here.get(session), tips.get(session), options.words)
      if (one) found.push(withListing(one, listed.get(session)))
    }
    ws.world.progress.done()
    const unread = [...listed.keys()].filter((session) => !ids.has(session))
    return { sessions: found.sort(newestFirst), searched: ids.size, unread }
  })
}

async function fetchedTips(ws: Workspace): Promise<ReadonlyMap<SessionId, Oid>> {
  const tips = new Map<SessionId, Oid>()
  for (const [ref, commit] of await ws.store.refs.seenAll('sessions')) {
    const parsed = parseRef(ref)
    if (parsed?.kind === 'session') tips.set(parsed.session, commit)
  }
  return tips
}

/** A copy here may lack what was fetched, and the other way round: each message counts once. */
async function searchOne(
  ws: Workspace,
  session: SessionId,
  file: SessionFile | undefined,
  tip: Oid | undefined,
  words: readonly string[],
): Promise<FoundSession | undefined> {
  const local = file && (await localDigest(ws, file))
  const fetched = tip && (await readFetched(ws, session, tip))
  const own = local ? findWords(local.texts, words) : []
  const seen = new Set(own.map(keyOf))
  const more = fetched ? findWords(fetched.texts, words).filter((match) => !seen.has(keyOf(match))) : []
  const matches = [...own, ...more]
  if (matches.length === 0) return undefined
  return {
    session,
    title: local?.title ?? null,
    author: null,
    where: local && fetched ? 'both' : local ? 'here' : 'fetched',
    updated: file ? formatTime(new Date(file.mtimeMs)) : null,
    matches: matches.slice(0, mostMatches),
    total: matches.length,
  }
}

function keyOf({ uuid, kind, excerpt }: Match): string {
  return `${uuid} ${kind} ${uuid === '' ? excerpt : ''}`
}

async function readFetched(ws: Workspace, session: SessionId, tip: Oid) {
  try {
    return await fetchedDigest(ws, session, tip)
  } catch (error) {
    if (!(error instanceof TeleportError)) throw error
    if (error.code !== 'not-a-reader') ws.world.note(`session ${session} is left out: ${error.message}`)
    return undefined
  }
}

function withListing(found: FoundSession, listed: ListedSession | undefined): FoundSession {
  if (!listed) return found
  return {
    ...found,
    title: found.title ?? listed.title,
    author: listed.author,
    updated: found.updated ?? listed.updated,
  }
}
