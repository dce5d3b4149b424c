/** `rewrap`: gives live sessions the readers that the policy and one's own devices make them have by now. */

import { findSession } from '../claude/locate.ts'
import type { DeviceKey } from '../crypto/device-key.ts'
import { TeleportError } from '../errors.ts'
import type { Oid, SessionId } from '../model.ts'
import { type Audience, presentAudience, readerNames } from './audience.ts'
import { loadDevice } from './device.ts'
import { followPushPolicy } from './follow-policy.ts'
import { again, entriesNamed, isLive, listedNow, openSession, sendChange, tipsOf } from './own-sessions.ts'
import { knownPeople, type People } from './people.ts'
import { sendSession } from './push.ts'
import { needsNewIdentity } from './push-audience.ts'
import type { ListedEntry } from './read-indexes.ts'
import { readRecord } from './records.ts'
import { isMemberAt } from './team.ts'
import type { TrustedTip } from './trusted-tip.ts'
import { type Workspace, withLockedWorkspace } from './workspace.ts'
import type { World } from './world.ts'

export interface RewrapOptions {
  /** Ids or prefixes; none: every live session that an own device sent last. */
  readonly sessions: readonly string[]
  readonly remote?: string | undefined
  readonly dryRun?: boolean
}

export interface Rewrapped {
  readonly session: SessionId
  readonly title: string | null
  /**
   * `added`: `key.age` was written anew. `restarted`: a new identity, and everything was encrypted again. `waiting`: the
   * team does not know this device's key yet, and would not restore what it signs.
   */
  readonly state: 'same' | 'added' | 'restarted' | 'waiting' | 'failed'
  /** Who was let in and who is shut out, as far as the policy has names for them. */
  readonly added: readonly string[]
  readonly removed: readonly string[]
  readonly readers: number
  readonly error: { readonly code: string; readonly message: string; readonly hint: string | null } | null
}

/** One that fails does not keep the others back. With `dryRun` the states are what would happen. */
export async function rewrapSessions(world: World, options: RewrapOptions): Promise<readonly Rewrapped[]> {
  return withLockedWorkspace(world, options, async (ws) => {
    const device = await loadDevice(world, ws.repo)
    const people = await knownPeople(ws, device, 'fresh')
    return rewrapIn(ws, device, people, options)
  })
}

export async function rewrapIn(
  ws: Workspace,
  device: DeviceKey,
  people: People,
  options: RewrapOptions,
): Promise<readonly Rewrapped[]> {
  const live = (await listedNow(ws, device, people)).filter((each) => isLive(each, people.now))
  const own = live.filter(({ principal }) => principal === null)
  const wanted = options.sessions.length > 0 ? entriesNamed(own, options.sessions) : own
  const tips = await tipsOf(
    ws,
    wanted.map(({ entry }) => entry.session),
  )
  const done: Rewrapped[] = []
  for (const each of wanted) {
    done.push(await rewrapOne({ ws, device, people, options }, each, tips.get(each.entry.session) ?? null))
  }
  ws.world.progress.done()
  return done
}

interface Job {
  readonly ws: Workspace
  readonly device: DeviceKey
  readonly people: People
  readonly options: RewrapOptions
}

async function rewrapOne(job: Job, listed: ListedEntry, first: Oid | null): Promise<Rewrapped> {
  const { session, title } = listed.entry
  try {
    let commit = first
    return await again(job.ws, `git teleport rewrap ${session}`, async () => {
      commit ??= (await tipsOf(job.ws, [session])).get(session) ?? null
      if (commit === null) {
        throw new TeleportError('session-gone', `session ${session} is on ${job.ws.remote.name} no more`)
      }
      const tip = await openSession(job.ws, job.device, job.people, session, commit)
      commit = null
      return rewrapTip(job, listed, tip)
    })
  } catch (error) {
    if (!(error instanceof TeleportError)) throw error
    const { code, message, hint = null } = error
    return {
      session,
      title,
      state: 'failed',
      added: [],
      removed: [],
      readers: 0,
      error: { code, message, hint },
    }
  }
}

/** Null when somebody was faster. */
async function rewrapTip(job: Job, { entry }: ListedEntry, tip: TrustedTip): Promise<Rewrapped | null> {
  const { ws, device, people, options } = job
  const { manifest, session } = tip
  const audience = presentAudience(people, manifest)
  const about = {
    session,
    title: manifest.title,
    ...difference(people, manifest.readers, audience),
    error: null,
  }
  const anew = needsNewIdentity(
    { audience: manifest.readers, redacted: manifest.redacted },
    audience.readers,
    people.own,
  )
  if (anew === null && audience.readers.join('\n') === manifest.readers.join('\n')) {
    return { ...about, state: 'same' }
  }
  if (isStranger(people, device, audience)) return { ...about, state: 'waiting' }
  if (anew === null) {
    if (options.dryRun) return { ...about, state: 'added' }
    const expiry = { expires: tip.trailers.expires, expiresFixed: manifest.expiresFixed ?? false }
    const sent = await sendChange(ws, device, tip, { audience, expiry, entry, action: 'rewrap' })
    return sent && { ...about, state: 'added' }
  }
  await restart(job, tip)
  return { ...about, state: 'restarted' }
}

/** Members are to read it, and this device is none of theirs. */
function isStranger({ team, now, own }: People, device: DeviceKey, { readers }: Audience): boolean {
  const forMembers = readers.some((reader) => !own.includes(reader) && isMemberAt(team, reader, now))
  return forMembers && !isMemberAt(team, device.publicKey.recipient, now)
}

function difference(
  people: People,
  before: readonly string[],
  { readers }: Audience,
): Pick<Rewrapped, 'added' | 'removed' | 'readers'> {
  return {
    added: readerNames(
      people,
      readers.filter((reader) => !before.includes(reader)),
    ),
    removed: readerNames(
      people,
      before.filter((reader) => !readers.includes(reader)),
    ),
    readers: readers.length,
  }
}

/** A new identity is a new log, made from the copy that lies here. */
async function restart({ ws, device, people, options }: Job, tip: TrustedTip): Promise<void> {
  const [file] = await findSession(ws.claude, tip.session)
  const { current } = await readRecord(ws, tip.session)
  if (!file || current?.commit !== tip.commit) {
    throw new TeleportError(
      file ? 'remote-moved' : 'no-session',
      file
        ? `the remote has more of session ${tip.session} than this machine`
        : `session ${tip.session} must be encrypted anew, and there is no copy of it here`,
      { hint: `git teleport pull ${tip.session}` },
    )
  }
  if (options.dryRun) return
  await sendSession({
    ws,
    device,
    file,
    asked: new Set(),
    circle: followPushPolicy(ws, device.publicKey.recipient).then((policy) => ({ people, policy })),
    options: { session: tip.session, present: true },
    changes: null,
  })
}
