/** This device's own index: one encrypted entry a session, one envelope an audience, one signed commit a change. */

import { createHash } from 'node:crypto'
import { encodeIndexEntry } from '../bundle/index-entry.ts'
import { audienceId, recipientsDigest } from '../crypto/audience.ts'
import type { DeviceKey } from '../crypto/device-key.ts'
import { sealBytes } from '../crypto/envelope.ts'
import { newIdentity, openIdentity, sealIdentity } from '../crypto/session-identity.ts'
import { hasCode, TeleportError } from '../errors.ts'
import type { Person } from '../git-store/commit.ts'
import { readCachedJson, writeJson } from '../git-store/json-file.ts'
import type { TreeEntry } from '../git-store/object-codec.ts'
import { indexRef } from '../git-store/refs.ts'
import type { RefUpdate } from '../git-store/remote-refs.ts'
import type { AudienceId, IndexEntry, Oid, SessionId } from '../model.ts'
import { readSignedCommit, type SignedCommit } from './tip.ts'
import type { Workspace } from './workspace.ts'
import { writeCommit } from './write-commit.ts'

/** After so many commits the chain starts anew, naming the cut in `Teleport-Previous`. */
const chainLength = 5000

export interface IndexChange {
  readonly entries: readonly IndexEntry[]
  readonly readers: readonly string[]
  /** Entries for other audiences. */
  readonly more?: readonly Pick<IndexChange, 'entries' | 'readers'>[]
  readonly repo: string
  /** The policy that the readers were taken from. */
  readonly policy: Oid | null
  /** What it is about, where no entry, or more than one, says so. */
  readonly session?: SessionId
  /** For the audit log: `push`, `remove`, `expire` … */
  readonly action: string
}

/** Writes the commit that makes `change` the newest state of this device's index, and returns the ref update for it. */
export async function changeIndex(
  ws: Workspace,
  device: DeviceKey,
  author: Person,
  change: IndexChange,
): Promise<RefUpdate> {
  const ref = indexRef(device.id)
  const previous = await ownTip(ws, device, await ws.store.refs.seen(ref))
  const tree = await changedTree(ws, device, previous, change)
  const seq = (previous?.trailers.seq ?? 0) + 1
  const [only] = change.entries
  const { commit } = await writeCommit(ws, device, author, {
    tree,
    parent: previous && seq % chainLength !== 0 ? previous.commit : null,
    subject: `teleport index ${device.id} ${seq}`,
    trailers: {
      format: 1,
      ref,
      session: change.session ?? (change.entries.length === 1 && only ? only.session : null),
      repo: change.repo,
      commit: null,
      seq,
      previous: previous?.commit ?? null,
      expires: null,
      recipients: recipientsDigest(change.readers),
      policy: change.policy,
      action: change.action,
    },
  })
  return { ref, expected: previous?.commit ?? null, next: commit }
}

/** The push has landed: remember what the remote has now. */
export async function acceptIndex(ws: Workspace, update: RefUpdate): Promise<void> {
  await ws.store.refs.accept([update])
}

/** Another clone of this device was faster: take over what it left. */
export async function refreshIndex(ws: Workspace, device: DeviceKey): Promise<void> {
  const ref = indexRef(device.id)
  const found = await ws.store.refs.fetch([ref])
  await ws.store.refs.accept([{ ref, expected: await ws.store.refs.seen(ref), next: found.get(ref) ?? null }])
}

async function ownTip(ws: Workspace, device: DeviceKey, commit: Oid | null): Promise<SignedCommit | null> {
  if (commit === null) return null
  const tip = await readSignedCommit(ws, commit)
  if (tip.device === device.id && tip.trailers.ref === indexRef(device.id)) return tip
  throw new TeleportError(
    'untrusted-signer',
    `this device's index on the remote was written by another key`,
    {
      hint: 'git teleport doctor',
    },
  )
}

async function changedTree(
  ws: Workspace,
  device: DeviceKey,
  previous: SignedCommit | null,
  change: IndexChange,
): Promise<Oid> {
  const { objects } = ws.store
  const root = await readFolder(ws, previous?.tree)
  const audiences = await readFolder(ws, root.get('a')?.oid)
  for (const { readers, entries } of [change, ...(change.more ?? [])]) {
    await putEntries(ws, device, audiences, readers, entries)
  }
  const a: TreeEntry = { mode: '040000', name: 'a', oid: await objects.writeTree([...audiences.values()]) }
  return objects.writeTree([a])
}

async function putEntries(
  ws: Workspace,
  device: DeviceKey,
  audiences: Map<string, TreeEntry>,
  readers: readonly string[],
  entries: readonly IndexEntry[],
): Promise<void> {
  const { objects } = ws.store
  const audience = audienceId(readers)
  if (entries.length === 0 && audiences.has(audience)) return
  const mine = await readFolder(ws, audiences.get(audience)?.oid)
  const envelope = await openEnvelope(ws, device, audience, mine, readers)
  mine.set('key.age', { mode: '100644', name: 'key.age', oid: envelope.key })
  for (const entry of entries) {
    await dropElsewhere(ws, audiences, audience, entry.session)
    const shard = shardOf(entry.session)
    const folder = await readFolder(ws, mine.get(shard)?.oid)
    const blob = await objects.writeBlob(await sealBytes(envelope.recipient, encodeIndexEntry(entry)))
    folder.set(entry.session, { mode: '100644', name: entry.session, oid: blob })
    mine.set(shard, { mode: '040000', name: shard, oid: await objects.writeTree([...folder.values()]) })
  }
  audiences.set(audience, {
    mode: '040000',
    name: audience,
    oid: await objects.writeTree([...mine.values()]),
  })
}

/** A session has one audience at a time: its entry under an earlier one goes. */
async function dropElsewhere(
  ws: Workspace,
  audiences: Map<string, TreeEntry>,
  keep: AudienceId,
  session: SessionId,
): Promise<void> {
  const shard = shardOf(session)
  for (const other of [...audiences.values()].filter((entry) => entry.name !== keep)) {
    const folder = await readFolder(ws, other.oid)
    const entries = await readFolder(ws, folder.get(shard)?.oid)
    if (!entries.delete(session)) continue
    if (entries.size === 0) folder.delete(shard)
    else
      folder.set(shard, {
        mode: '040000',
        name: shard,
        oid: await ws.store.objects.writeTree([...entries.values()]),
      })
    // Nothing but the key is left: nobody of that audience has anything to read here any more.
    if (folder.size === 1) audiences.delete(other.name)
    else audiences.set(other.name, { ...other, oid: await ws.store.objects.writeTree([...folder.values()]) })
  }
}

async function readFolder(ws: Workspace, tree: Oid | undefined): Promise<Map<string, TreeEntry>> {
  if (tree === undefined) return new Map()
  const entries = await ws.store.objects.readTree(tree)
  return new Map(entries.map((entry) => [entry.name, entry]))
}

/** First byte of SHA-256 of the session's id, as two hex digits: keeps tree objects small. */
export function shardOf(session: SessionId): string {
  return createHash('sha256').update(session).digest('hex').slice(0, 2)
}

interface Envelope {
  readonly key: Oid
  readonly recipient: string
}

/**
 * The audience's own age recipient; remembered beside the state, so that a push needs no decryption. Where this device is
 * no reader and what it remembered is lost, the audience's folder starts anew: `mine` is emptied.
 */
async function openEnvelope(
  ws: Workspace,
  device: DeviceKey,
  audience: AudienceId,
  mine: Map<string, TreeEntry>,
  readers: readonly string[],
): Promise<Envelope> {
  const key = mine.get('key.age')?.oid
  const file = ws.store.path('audiences', ws.remote.key, `${audience}.json`)
  const known = parseEnvelope(await readCachedJson(file))
  if (key !== undefined && known?.key === key) return { key, recipient: known.recipient }
  const found = key === undefined ? null : await readEnvelope(ws, device, key)
  if (!found) mine.clear()
  const envelope = found ?? (await makeEnvelope(ws, readers))
  await writeJson(file, envelope)
  return envelope
}

function parseEnvelope(value: unknown): { readonly key: string; readonly recipient: string } | undefined {
  if (typeof value !== 'object' || value === null || !('key' in value) || !('recipient' in value))
    return undefined
  const { key, recipient } = value
  return typeof key === 'string' && typeof recipient === 'string' ? { key, recipient } : undefined
}

async function makeEnvelope(ws: Workspace, readers: readonly string[]): Promise<Envelope> {
  const { identity, recipient } = await newIdentity()
  return { key: await ws.store.objects.writeBlob(await sealIdentity(identity, readers)), recipient }
}

/** Null when this device is not among the readers. */
async function readEnvelope(ws: Workspace, device: DeviceKey, key: Oid): Promise<Envelope | null> {
  try {
    const { recipient } = await openIdentity(await ws.store.objects.readBlob(key, 512 * 1024), device)
    return { key, recipient }
  } catch (error) {
    if (hasCode(error, 'not-a-reader')) return null
    throw error
  }
}
