/** `list`: the sessions on the remote, and how each stands to this machine. */

import { type LiveClient, liveClients } from '../claude/live.ts'
import { findSessionsByPrefix, type SessionFile } from '../claude/locate.ts'
import { tailIsMaterial } from '../claude/material.ts'
import type { DeviceKey } from '../crypto/device-key.ts'
import { listStates } from '../git-store/state-files.ts'
import type { Classification, Holder, IndexEntry, SessionId } from '../model.ts'
import { loadDevice } from './device.ts'
import { beginPolicy, followPolicy } from './follow-policy.ts'
import { newestFirst } from './newest-first.ts'
import { believedDevices, knownPeople, type People } from './people.ts'
import { type ListedEntry, readIndexes } from './read-indexes.ts'
import { readRecord } from './records.ts'
import { type Workspace, withWorkspace } from './workspace.ts'
import type { World } from './world.ts'

export interface ListOptions {
  readonly remote?: string | undefined
  /** Removed and expired ones too. */
  readonly all?: boolean
  readonly offline?: boolean | undefined
  /** The policy commit that is accepted at first sight without a question. */
  readonly trustPolicy?: string | undefined
}

export interface ListedSession {
  readonly session: SessionId
  readonly title: string | null
  /** A member by the name that the policy gives; of one's own devices, as they say. */
  readonly author: string
  /** Sent by one of one's own devices. */
  readonly own: boolean
  readonly device: string
  readonly host: string
  readonly branch: string | null
  readonly commits: readonly string[]
  readonly messages: number
  readonly sizeBytes: number
  readonly updated: string
  readonly expires: string | null
  readonly seq: number
  /** Null: there is a copy here and no record of a sync, so only a pull can tell. */
  readonly state: Classification | null
  /** Who has it now, after a hand-off. */
  readonly holder: Holder | null
  /** Open in a client on this machine. */
  readonly live: boolean
  /** `live`, or why it is no longer on the remote. */
  readonly onRemote: IndexEntry['state']
}

export async function listSessions(world: World, options: ListOptions): Promise<readonly ListedSession[]> {
  return withWorkspace(world, options, (ws) => listIn(ws, options))
}

export async function listIn(ws: Workspace, options: ListOptions): Promise<readonly ListedSession[]> {
  if (!options.offline) await beginPolicy(ws)
  const device = await loadDevice(ws.world, ws.repo)
  ws.world.progress.step('fetching the index')
  const { entries, untrusted } = await readIndexes(ws, {
    device,
    believed: async () => believedDevices(await peopleFor(ws, device, options)),
    offline: options.offline ?? false,
  })
  ws.world.progress.done()
  if (untrusted.length > 0) {
    ws.world.note(
      `${untrusted.length} other ${untrusted.length === 1 ? 'device has' : 'devices have'} sessions here that are not for you`,
    )
  }
  const here = await localKnowledge(ws)
  const listed: ListedSession[] = []
  for (const each of newestOfEach(entries)) {
    const expired = each.entry.expires !== null && Date.parse(each.entry.expires) < ws.world.now().getTime()
    if ((expired || each.entry.state !== 'live') && !options.all) continue
    listed.push(await describe(ws, each, here, expired))
  }
  return listed.sort(newestFirst)
}

/** Whose indexes are believed: by what the remote's policy is now, or offline by what was accepted last. */
export async function peopleFor(
  ws: Workspace,
  device: DeviceKey,
  { offline }: Pick<ListOptions, 'offline'>,
): Promise<People> {
  if (offline) return knownPeople(ws, device, 'pinned')
  await followPolicy(ws)
  return knownPeople(ws, device, 'fresh')
}

/** Of several entries for one session the one of the last push. */
export function newestOfEach(entries: readonly ListedEntry[]): Iterable<ListedEntry> {
  const newest = new Map<SessionId, ListedEntry>()
  for (const each of entries) {
    const known = newest.get(each.entry.session)
    if (!known || isNewer(each.entry, known.entry)) newest.set(each.entry.session, each)
  }
  return newest.values()
}

function isNewer(entry: IndexEntry, known: IndexEntry): boolean {
  return entry.seq > known.seq || (entry.seq === known.seq && entry.updated > known.updated)
}

interface LocalKnowledge {
  readonly files: ReadonlyMap<SessionId, SessionFile>
  readonly recorded: ReadonlySet<SessionId>
  readonly live: ReadonlySet<SessionId>
}

async function localKnowledge(ws: Workspace): Promise<LocalKnowledge> {
  const files = await findSessionsByPrefix(ws.claude, '')
  const clients: readonly LiveClient[] = await liveClients(ws.claude)
  return {
    files: new Map(files.map((file) => [file.session, file])),
    recorded: new Set(await listStates(ws.store)),
    live: new Set(clients.map((client) => client.session)),
  }
}

async function describe(
  ws: Workspace,
  { entry, device, principal }: ListedEntry,
  here: LocalKnowledge,
  expired: boolean,
): Promise<ListedSession> {
  return {
    session: entry.session,
    title: entry.title,
    author: principal ?? entry.author,
    own: principal === null,
    device,
    host: entry.host,
    branch: entry.branch,
    commits: entry.commits,
    messages: entry.messages,
    sizeBytes: entry.bytes,
    updated: entry.updated,
    expires: entry.expires,
    seq: entry.seq,
    state: await stateOf(ws, entry, here, expired),
    holder: entry.holder,
    live: here.live.has(entry.session),
    onRemote: entry.state,
  }
}

/** By the record and the end of the transcript: cheap, and right unless something rewrote it in place. */
async function stateOf(
  ws: Workspace,
  entry: IndexEntry,
  here: LocalKnowledge,
  expired: boolean,
): Promise<Classification | null> {
  if (entry.state === 'removed') return 'gone'
  if (expired || entry.state === 'expired') return 'expired'
  const file = here.files.get(entry.session)
  if (!file) return 'new'
  if (!here.recorded.has(entry.session)) return null
  const { current } = await readRecord(ws, entry.session)
  if (!current) return null
  const known = current.files['session.jsonl']?.localSize ?? 0
  const ahead =
    file.sizeBytes > known && (await tailIsMaterial(file.path, known, file.sizeBytes, current.manifest.title))
  const behind = entry.seq > current.seq
  if (ahead && behind) return 'diverged'
  if (ahead) return 'local-ahead'
  return behind ? 'fast-forward' : 'same'
}
