/** `auto`: conversations of this repository go to a named remote by themselves, or no longer do. */

import { TeleportError } from '../errors.ts'
import { filesOfStore, storeFolder } from '../git-store/known-stores.ts'
import { listSending, setSending } from '../git-store/sending-files.ts'
import { openUserRepo } from '../git-store/user-repo.ts'
import type { SessionId } from '../model.ts'
import { type Audience, isShared, namedAudience, readerNames } from './audience.ts'
import { type Consent, consentFor, setConsent } from './auto-consent.ts'
import { loadDevice } from './device.ts'
import { beginPolicy, followPushPolicy, notAllowed } from './follow-policy.ts'
import { knownPeople, type People } from './people.ts'
import { rememberProgram } from './plugin.ts'
import { refuseUnknownPublic } from './public-remote.ts'
import { confirmTeam, defaultTo } from './push-audience.ts'
import { type Workspace, withWorkspace } from './workspace.ts'
import { formatTime, type World } from './world.ts'

export interface AutoOptions {
  /** Its name; null: off. */
  readonly remote: string | null
  readonly public?: boolean | undefined
  readonly trustPolicy?: string | undefined
}

export interface AutoStatus {
  readonly on: boolean
  readonly remote: { readonly name: string; readonly url: string } | null
  /** UTC; null: off. */
  readonly since: string | null
  /** Who may read a conversation that is new: `you`, members by name. */
  readonly readableBy: readonly string[]
  /** Others than oneself are among them, so secrets are taken out. */
  readonly redacted: boolean
  /** The remote's name leads somewhere else now, so nothing is sent. */
  readonly movedFrom: string | null
  readonly waiting: readonly SessionId[]
}

/** Asks what a first push would ask. Throws `not-allowed`, `no-key`, `public-remote`, `needs-confirmation`, `usage`. */
export async function setAuto(world: World, options: AutoOptions): Promise<AutoStatus> {
  if (options.remote === null) return turnOff(world)
  refuseForAgent(world)
  const { remote, trustPolicy } = options
  return withWorkspace(world, { remote, trustPolicy }, async (ws) => {
    await beginPolicy(ws)
    const device = await loadDevice(world, ws.repo)
    const policy = await followPushPolicy(ws, device.publicKey.recipient)
    if (policy.allowAutomation.value === false) {
      throw notAllowed('allowAutomation', policy, 'forbids pushes that nobody asked for', 'git teleport push')
    }
    await refuseUnknownPublic(ws, options.public ?? false)
    const people = await knownPeople(ws, device, 'fresh')
    await confirmTeam(ws, people, await usualAudience(ws, people))
    const consent = { remote, url: ws.remote.url, since: formatTime(world.now()) }
    await setConsent(world, ws.store.dir, consent)
    await rememberProgram(world)
    await setSending(ws.store, true)
    return statusOf(ws, { ...consent, store: ws.store.dir }, people)
  })
}

/**
 * What the model of an agent may send is for its user to say: a command of the model's own must not turn on what then
 * sends without being asked. What a person types as a slash command does not come with this variable.
 */
function refuseForAgent(world: World): void {
  if (!world.env['CLAUDECODE'] || world.attended) return
  throw new TeleportError('not-allowed', 'automatic transfer is turned on by a person, not by an agent', {
    hint: 'in a terminal: git teleport auto <remote>   (or type /gtp auto <remote>)',
  })
}

async function turnOff(world: World): Promise<AutoStatus> {
  const dir = await storeHere(world)
  await setConsent(world, dir, null)
  await setSending(filesOfStore(dir), false)
  return { ...nothing, waiting: [] }
}

const nothing: Omit<AutoStatus, 'waiting'> = {
  on: false,
  remote: null,
  since: null,
  readableBy: [],
  redacted: false,
  movedFrom: null,
}

/** By what this machine knows; nothing is fetched. */
export async function readAuto(world: World): Promise<AutoStatus> {
  const consent = await consentHere(world)
  return consent === null
    ? { ...nothing, waiting: [] }
    : withWorkspace(world, { remote: consent.remote }, autoStatus)
}

/** What was said about the repository around `world.cwd`. */
export async function consentHere(world: World): Promise<Consent | null> {
  return consentFor(world, await storeHere(world))
}

async function storeHere(world: World): Promise<string> {
  return storeFolder({
    ...(await openUserRepo(world.cwd, world.env, { background: world.background })),
    storeName: world.storeName,
  })
}

/** The same for a workspace that is open. */
export async function autoStatus(ws: Workspace): Promise<AutoStatus> {
  const consent = await consentFor(ws.world, ws.store.dir)
  return statusOf(ws, consent, consent === null ? null : await peopleHere(ws))
}

async function statusOf(ws: Workspace, consent: Consent | null, people: People | null): Promise<AutoStatus> {
  const waiting = await waitingSessions(ws)
  if (consent === null) return { ...nothing, waiting }
  const readers = people === null ? [] : (await usualAudience(ws, people)).readers
  return {
    on: true,
    remote: { name: consent.remote, url: consent.url },
    since: consent.since,
    readableBy: people === null ? [] : readerNames(people, readers),
    redacted: people !== null && isShared(readers, people.own),
    movedFrom: leadsElsewhere(ws, consent) ? consent.url : null,
    waiting,
  }
}

/** The name that was agreed to is another place by now: then nobody agreed. */
export function leadsElsewhere({ remote }: Pick<Workspace, 'remote'>, consent: Consent): boolean {
  return remote.name === consent.remote && remote.url !== consent.url
}

/** Who reads a conversation from its first push on. */
export async function usualAudience(ws: Workspace, people: People): Promise<Audience> {
  return namedAudience(people, (await defaultTo(ws)) ?? (people.team ? ['team'] : ['me']))
}

/** By what this machine knows; null when it has no key that it can read. */
export async function peopleHere(ws: Workspace): Promise<People | null> {
  try {
    return await knownPeople(ws, await loadDevice(ws.world, ws.repo), 'pinned')
  } catch (error) {
    if (error instanceof TeleportError) return null
    throw error
  }
}

/** Asked to be sent, and not sent yet. */
export async function waitingSessions(ws: Pick<Workspace, 'store'>): Promise<readonly SessionId[]> {
  const asked = await listSending(ws.store, 'asked')
  const taken = await listSending(ws.store, 'taken')
  return [...new Set([...taken, ...asked].map(({ session }) => session))]
}
