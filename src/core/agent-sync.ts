/** Between the rows that a session store keeps here and the remote: sends them, fetches newer ones, removes both. */

import {
  type AgentHome,
  agentLockFolder,
  readSent,
  settleTranscripts,
  transcriptStamp,
  writeSent,
} from '../claude/agent-home.ts'
import { hasCode } from '../errors.ts'
import { withStoreLock } from '../git-store/lock.ts'
import type { SessionId } from '../model.ts'
import type { StoreOptions } from './agent-store-options.ts'
import { pullSession } from './pull.ts'
import { pushSession } from './push.ts'
import type { PushOptions } from './push-job.ts'
import { forgetRecord } from './records.ts'
import { removeSession } from './rm.ts'
import { withLockedWorkspace } from './workspace.ts'
import type { World } from './world.ts'

/** What the parts of one store share. */
export interface Inside {
  readonly world: World
  readonly options: StoreOptions
  readonly home: AgentHome
  readonly top: string
  readonly projectKey: string
}

/** Pushes what was added since the last time, if anything was. A session without a message yet waits for one. */
export async function sendNew(inside: Inside, session: SessionId): Promise<void> {
  const { world, options, home } = inside
  const sizes = await withSessionLock(home, session, () => settleTranscripts(home, session))
  if ((await readSent(home, session)) === sizes) return
  try {
    const result = await pushSession(world, { session, ...termsOf(options) })
    await writeSent(home, session, sizes)
    options.onSent?.(result)
  } catch (error) {
    if (!hasCode(error, 'empty-session') && !hasCode(error, 'no-session')) throw error
  }
}

function termsOf(options: StoreOptions): PushOptions {
  const { remote, to, expiresDays, trustPolicy, noRedact = false } = options
  return { remote, to, expiresDays, trustPolicy, noRedact, public: options.public ?? false }
}

/** Nothing is appended meanwhile: what is here may be replaced. */
export async function fetchNewest(
  { world, options, home }: Inside,
  session: SessionId,
  force = false,
): Promise<void> {
  const { remote, trustPolicy } = options
  await withSessionLock(home, session, async () => {
    await settleTranscripts(home, session)
    try {
      const { state } = await pullSession(world, { session, remote, trustPolicy, force })
      if (state !== 'new' && state !== 'fast-forward' && !force) return
      await writeSent(home, session, await settleTranscripts(home, session))
    } catch (error) {
      const isHere = (await transcriptStamp(home, session)) !== undefined
      if (hasCode(error, 'no-remote-session') || (hasCode(error, 'session-gone') && !isHere)) return
      throw error
    }
  })
}

export async function removeEverywhere({ world, options }: Inside, session: SessionId): Promise<void> {
  const { remote } = options
  const sure: World = { ...world, confirm: async () => true }
  try {
    await removeSession(sure, { session, remote })
  } catch (error) {
    if (!hasCode(error, 'no-remote-session') && !hasCode(error, 'session-gone')) throw error
  }
  // What is begun under this id later is another session, and takes nothing of this one up again.
  await withLockedWorkspace(world, { remote }, (ws) => forgetRecord(ws, session))
}

export async function settleDiverged(
  inside: Inside,
  session: SessionId,
  keep: 'mine' | 'theirs' | 'both',
): Promise<string> {
  const { world, options, home } = inside
  if (keep === 'theirs') {
    await fetchNewest(inside, session, true)
    return session
  }
  return withSessionLock(home, session, async () => {
    await settleTranscripts(home, session)
    const ways = keep === 'mine' ? { force: true } : { fork: true }
    const result = await pushSession(world, { session, ...termsOf(options), ...ways })
    await writeSent(home, result.session, await settleTranscripts(home, result.session))
    options.onSent?.(result)
    return result.session
  })
}

export async function withSessionLock<T>(
  home: AgentHome,
  session: SessionId,
  work: () => Promise<T>,
): Promise<T> {
  return withStoreLock(await agentLockFolder(home, session), work)
}
