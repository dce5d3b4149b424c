/** `expire`: lets sessions of one's own end now. Their refs stay for `prune`; nobody restores them any more. */

import type { DeviceKey } from '../crypto/device-key.ts'
import { TeleportError } from '../errors.ts'
import type { SessionId } from '../model.ts'
import type { keptAudience } from './audience.ts'
import { chooseListed } from './choose-remote-session.ts'
import { loadDevice } from './device.ts'
import { listIn } from './list.ts'
import { again, entriesNamed, isLive, listedNow, openSession, sendChange, tipsOf } from './own-sessions.ts'
import { believedDevices, knownPeople, type People } from './people.ts'
import type { ListedEntry } from './read-indexes.ts'
import type { OpenTip } from './tip.ts'
import { type Workspace, withLockedWorkspace } from './workspace.ts'
import { formatTime, type World } from './world.ts'

export interface ExpireOptions {
  /** Id or prefix; or `device`: all that this device sent last; `own`: all that any device of one's own did; `ask`. */
  readonly what: { readonly session: string } | 'device' | 'own' | 'ask'
  readonly remote?: string | undefined
  readonly dryRun?: boolean
}

export interface ExpiredSession {
  readonly session: SessionId
  readonly title: string | null
  readonly seq: number
  readonly expires: string
}

/** An end this far back counts on machines whose clock is behind, too. Milliseconds. */
const backMs = 10 * 60_000

/** Throws `not-yours` for a session that none of one's own devices wrote to. Asks first. */
export async function expireSessions(
  world: World,
  options: ExpireOptions,
): Promise<readonly ExpiredSession[]> {
  return withLockedWorkspace(world, options, async (ws) => {
    const device = await loadDevice(world, ws.repo)
    const people = await knownPeople(ws, device, 'fresh')
    const live = (await listedNow(ws, device, people)).filter((each) => isLive(each, people.now))
    const wanted = options.what === 'ask' ? await askWhich(ws, live) : chosen(live, options.what, device)
    if (wanted.length === 0) return []
    const expires = formatTime(new Date(world.now().getTime() - backMs))
    if (!options.dryRun) await ask(ws, wanted)
    const done: ExpiredSession[] = []
    for (const each of wanted)
      done.push(await expireOne(ws, device, people, each, expires, options.dryRun ?? false))
    world.progress.done()
    return done
  })
}

function chosen(
  live: readonly ListedEntry[],
  what: Exclude<ExpireOptions['what'], 'ask'>,
  device: DeviceKey,
): readonly ListedEntry[] {
  if (what === 'own') return live.filter(({ principal }) => principal === null)
  if (what === 'device') return live.filter((each) => each.device === device.id)
  return entriesNamed(live, [what.session])
}

/** Only what one's own devices list: nothing else can be let end. */
async function askWhich(ws: Workspace, live: readonly ListedEntry[]): Promise<readonly ListedEntry[]> {
  const own = new Set(live.filter(({ principal }) => principal === null).map(({ entry }) => entry.session))
  const listed = (await listIn(ws, { offline: true })).filter(({ session }) => own.has(session))
  if (listed.length === 0) return []
  const session = await chooseListed(ws, listed, 'expire takes one of a session, --mine and --all-mine')
  return live.filter(({ entry }) => entry.session === session)
}

async function ask(ws: Workspace, wanted: readonly ListedEntry[]): Promise<void> {
  const [first] = wanted
  const what = wanted.length === 1 && first ? `session ${first.entry.session}` : `${wanted.length} sessions`
  const question = `Let ${what} on ${ws.remote.name} expire now? Machines that have not pulled will not be able to.`
  if (await ws.world.confirm(question)) return
  throw new TeleportError('interrupted', 'nothing has expired')
}

async function expireOne(
  ws: Workspace,
  device: DeviceKey,
  people: People,
  { entry }: ListedEntry,
  expires: string,
  dryRun: boolean,
): Promise<ExpiredSession> {
  const { session } = entry
  return again(ws, `git teleport expire ${session}`, async () => {
    const commit = (await tipsOf(ws, [session])).get(session)
    if (!commit) {
      throw new TeleportError('session-gone', `session ${session} is on ${ws.remote.name} no more`, {
        hint: 'git teleport list',
      })
    }
    const tip = await openSession(ws, device, people, session, commit)
    refuseForeign(people, tip)
    const result = { session, title: tip.manifest.title, seq: tip.trailers.seq, expires }
    if (dryRun) return result
    const sent = await sendChange(ws, device, tip, {
      audience: sameAudience(people, tip),
      expiry: { expires, expiresFixed: true },
      entry: { ...entry, state: 'expired' },
      action: 'expire',
    })
    return sent && { ...result, seq: sent.manifest.seq }
  })
}

/** Nobody is let in or shut out by the way. */
function sameAudience(people: People, { manifest }: OpenTip): ReturnType<typeof keptAudience> {
  const { to = [], unlisted = [], readers } = manifest
  return { readers, to, unlisted, policy: people.team?.commit ?? null }
}

function refuseForeign(people: People, tip: OpenTip): void {
  const believed = believedDevices(people)
  const writers = [tip.device, ...tip.manifest.segments.map(({ by }) => by)]
  if (writers.some((device) => believed.get(device) === null)) return
  const who = believed.get(tip.device) ?? tip.device
  throw new TeleportError('not-yours', `session ${tip.session} was written by ${who}, not by you`, {
    hint: `ask ${who} to run: git teleport expire ${tip.session}`,
  })
}
