/** For what reasons sessions are sent by themselves: new commits, and conversations that go on. */

import path from 'node:path'
import { hasCode, TeleportError } from '../errors.ts'
import { filesOfStore, storeFolder } from '../git-store/known-stores.ts'
import { listQueue } from '../git-store/queue-files.ts'
import { dropSending, listSending, moveSending } from '../git-store/sending-files.ts'
import { openUserRepo } from '../git-store/user-repo.ts'
import { markUnsent } from '../git-store/worker-files.ts'
import type { Oid, SessionId } from '../model.ts'
import { leadsElsewhere } from './auto.ts'
import { type Consent, consentFor } from './auto-consent.ts'
import { autoMode, automationAllowed } from './automation.ts'
import { drainQueue, settleMs } from './hook-queue.ts'
import { readLocalLinks } from './local-links.ts'
import { dropLooks, lookForNewer, wantedLook } from './newer-elsewhere.ts'
import { pushSession } from './push.ts'
import type { Request } from './tries.ts'
import type { Workspace } from './workspace.ts'
import type { World } from './world.ts'

/** Urgent: somebody has left it, and may go to another machine now, or sits here again. */
export interface Waiting extends Request {
  readonly session: SessionId
  /** Its last words have had the time to reach its transcript. */
  readonly ready: boolean
  /** The work tree that it belongs to, where that is known. */
  readonly top: string | null
}

/** A question to the remote that nobody could wait for. */
export interface Look {
  /** Null: nobody asks. */
  wanted(ws: Workspace): Promise<Request | null>
  /** Throws what asking throws, and is wanted still. */
  now(ws: Workspace): Promise<void>
  /** It is not wanted any more. */
  drop(ws: Workspace): Promise<void>
}

/** One reason to send. */
export interface Errand {
  /** The remote that it goes to; undefined: the usual one. */
  readonly remote: string | undefined
  maySend(ws: Workspace): Promise<boolean>
  readonly look?: Look
  waiting(ws: Workspace): Promise<readonly Waiting[]>
  /** Something was noted that is not known to be a session's yet. */
  isUnsettled(ws: Workspace): Promise<boolean>
  /** Something waits that was noted since, beside what `isHopeless`. */
  isNew(ws: Workspace, isHopeless: (request: Request) => boolean): Promise<boolean>
  /** What waits by now. Cheap: asked while the worker itself waits. */
  readonly glance?: (now: Date) => Promise<readonly Waiting[]>
  send(world: World, waiting: Waiting): Promise<void>
}

/** Those that somebody wants in the repository around `world.cwd`. */
export async function errandsHere(world: World): Promise<readonly Errand[]> {
  const repo = await openUserRepo(world.cwd, world.env, { background: true, storeName: world.storeName })
  const consent = await consentFor(world, storeFolder(repo))
  const wantsCommits = (await autoMode({ repo })) === 'push'
  return [...(consent === null ? [] : [ofConversations(consent)]), ...(wantsCommits ? [ofCommits] : [])]
}

/** `teleport.auto` is `push`: a session whose commits are not on the remote yet. */
const ofCommits: Errand = {
  remote: undefined,
  async maySend(ws) {
    return (await autoMode(ws)) === 'push' && automationAllowed(ws)
  },
  async waiting(ws) {
    await drainQueue(ws)
    const commits = new Map<SessionId, readonly Oid[]>()
    for (const { session, link } of await readLocalLinks(ws))
      commits.set(session, [...(commits.get(session) ?? []), link.commit])
    await markUnsent(ws.store, commits.size > 0)
    return [...commits].map(([session, unsent]) => ({
      id: `commits ${session}`,
      version: `${unsent.length} ${unsent.at(-1)}`,
      session,
      ready: true,
      urgent: false,
      tried: false,
      top: null,
    }))
  },
  isUnsettled: hasQueue,
  isNew: hasQueue,
  async send(world, { session }) {
    await pushSession(world, { session })
  },
}

async function hasQueue(ws: Workspace): Promise<boolean> {
  return ((await listQueue(ws.store)) ?? []).length > 0
}

/** A hook of Claude Code asked for it, where the user turned that on. */
function ofConversations(consent: Consent): Errand {
  const { remote } = consent
  return {
    remote,
    async maySend(ws) {
      return !leadsElsewhere(ws, consent) && automationAllowed(ws)
    },
    look: { wanted: (ws) => wantedLook(ws, remote), now: lookForNewer, drop: dropLooks },
    waiting: (ws) => waitingIn(ws, remote),
    isUnsettled: async () => false,
    async isNew(ws, isHopeless) {
      if ((await wantedLook(ws, remote)) !== null) return true
      return (await waitingIn(ws, remote)).some((each) => !isHopeless(each))
    },
    glance: (now) => waitingIn({ store: filesOfStore(consent.store), world: { now: () => now } }, remote),
    send: (world, waiting) => sendConversation(world, consent, waiting),
  }
}

interface WaitingPlace {
  readonly store: Pick<Workspace['store'], 'path'>
  readonly world: Pick<World, 'now'>
}

async function waitingIn(ws: WaitingPlace, remote: string): Promise<readonly Waiting[]> {
  const now = ws.world.now().getTime()
  const found = new Map<SessionId, Waiting>()
  for (const folder of ['taken', 'asked'] as const) {
    for (const { session, text, timeMs } of await listSending(ws.store, folder)) {
      const [why = '', top = ''] = text.trimEnd().split(/ (.*)/s)
      found.set(session, {
        id: `conversations ${remote} ${session}`,
        version: `${timeMs}`,
        session,
        ready: Math.abs(now - timeMs) >= settleMs,
        // Not `other`: how a client ends that nobody sat at, nor `stop`.
        urgent: why === 'end' || why === 'left',
        tried: folder === 'taken',
        top: path.isAbsolute(top) ? top : null,
      })
    }
  }
  return [...found.values()]
}

/** What is asked for meanwhile is a request of its own; this one is forgotten only when its words are on the remote. */
async function sendConversation(
  world: World,
  { remote, store }: Consent,
  { session, top }: Waiting,
): Promise<void> {
  const at = await worldAt(world, top, store)
  const files = filesOfStore(store)
  await moveSending(files, session, { from: 'asked', to: 'taken' })
  await pushSession(at, { session, remote }).catch((error: unknown) => {
    // Nobody has said a word in it.
    if (!hasCode(error, 'empty-session') && !hasCode(error, 'no-session')) throw error
  })
  await dropSending(files, 'taken', session)
}

/** In the work tree of the conversation, unless that is gone or belongs to another repository. */
async function worldAt(world: World, top: string | null, store: string): Promise<World> {
  if (top === null || top === world.cwd) return world
  try {
    const repo = await openUserRepo(top, world.env, { background: true, storeName: world.storeName })
    return storeFolder(repo) === store ? { ...world, cwd: top } : world
  } catch (error) {
    if (error instanceof TeleportError) return world
    throw error
  }
}
