/** The newest commit of a session on the remote: read, verified, opened, in that order. */

import { createHash } from 'node:crypto'
import { defaultLimits } from '../bundle/limits.ts'
import { parseManifest } from '../bundle/manifest.ts'
import { parseCommitMessage } from '../bundle/trailers.ts'
import { recipientsDigest } from '../crypto/audience.ts'
import type { DeviceKey } from '../crypto/device-key.ts'
import { openBytes } from '../crypto/envelope.ts'
import { openIdentity } from '../crypto/session-identity.ts'
import { deviceIdOf, type SshPublicKey } from '../crypto/ssh-public-key.ts'
import { verifySshSignature } from '../crypto/sshsig.ts'
import { TeleportError } from '../errors.ts'
import { parseCommit } from '../git-store/commit.ts'
import type { TreeEntry } from '../git-store/object-codec.ts'
import { sessionRef } from '../git-store/refs.ts'
import {
  asSha256,
  type DeviceId,
  isDeviceId,
  type Manifest,
  type Oid,
  type SegmentRow,
  type SessionId,
  type SessionState,
  type Sha256,
  type TeamPolicy,
  type Trailers,
} from '../model.ts'
import { checkBinding, checkSequence } from '../trust/binding.ts'
import { type SignedBy, type Signer, untrusted } from '../trust/signer.ts'
import { projectIds } from './project-ids.ts'
import { identifySigner } from './signer.ts'
import type { Workspace } from './workspace.ts'

/** A signed commit whose signature is good; whether its signer is trusted is another question. */
export interface SignedCommit {
  readonly commit: Oid
  readonly tree: Oid
  readonly parent: Oid | null
  /** Committer time, seconds since 1970. */
  readonly seconds: number
  readonly signedText: Sha256
  readonly trailers: Trailers
  readonly signer: SshPublicKey
  readonly device: DeviceId
}

/** What the tree of a session commit names. */
export interface SessionTree {
  readonly keyAge: Oid
  readonly manifestAge: Oid
  /** Blobs of each segment, its parts in order. */
  readonly segments: ReadonlyMap<string, readonly Oid[]>
  /** What redaction took out of a segment: by its name, by the device that says so. */
  readonly exact: ExactBlobs
}

export type ExactBlobs = ReadonlyMap<string, ReadonlyMap<DeviceId, Oid>>

export interface Tip extends SignedCommit {
  readonly session: SessionId
  readonly objects: SessionTree
}

export interface OpenTip extends Tip {
  /** The session's own age key pair. */
  readonly identity: string
  readonly recipient: string
  readonly manifest: Manifest
  /** What it was opened with. */
  readonly key: DeviceKey
}

/** As many as there can be segments. */
const mostExactBlobs = 10_000
const maxKeyBytes = 512 * 1024
export const maxManifestBytes = 1024 * 1024

/** Throws `bad-signature` when there is none or it does not fit; `unsafe-bundle` or `damaged-bundle` for odd commits. */
export async function readSignedCommit(ws: Workspace, commit: Oid): Promise<SignedCommit> {
  const parsed = parseCommit(await ws.store.objects.readCommit(commit))
  if (parsed.signature === null) {
    throw new TeleportError('bad-signature', `commit ${commit} is not signed`, {
      hint: 'it was not written by git-teleport: ask the session’s owner to push again',
    })
  }
  const signer = verifySshSignature(parsed.signature, parsed.payload)
  return {
    commit,
    tree: parsed.tree,
    parent: parsed.parent,
    seconds: parsed.committer.seconds,
    signedText: sha256(parsed.payload),
    trailers: parseCommitMessage(parsed.message),
    signer,
    device: deviceIdOf(signer.blob),
  }
}

/** Reads a session's commit and the names in its tree. Throws `unsafe-bundle` for anything that does not belong. */
export async function readTip(ws: Workspace, session: SessionId, commit: Oid): Promise<Tip> {
  const signed = await readSignedCommit(ws, commit)
  return { ...signed, session, objects: await readSessionTree(ws, signed.tree) }
}

export async function readSessionTree(ws: Workspace, tree: Oid): Promise<SessionTree> {
  const root = byName(await ws.store.objects.readTree(tree))
  const known = new Set(['key.age', 'manifest.age', 'segments', 'exact'])
  const odd = [...root.keys()].find((name) => !known.has(name))
  if (odd !== undefined)
    throw new TeleportError('unsafe-bundle', 'the session’s tree holds a name that does not belong there')
  const segments = root.get('segments')
  const exact = root.get('exact')
  return {
    keyAge: blobNamed(root, 'key.age'),
    manifestAge: blobNamed(root, 'manifest.age'),
    segments: segments ? await readSegments(ws, segments) : new Map(),
    exact: exact ? await readExact(ws, exact) : new Map(),
  }
}

async function readSegments(ws: Workspace, folder: TreeEntry): Promise<ReadonlyMap<string, readonly Oid[]>> {
  if (folder.mode !== '040000') throw new TeleportError('unsafe-bundle', 'segments is not a folder')
  const found = new Map<string, Oid[]>()
  for (const entry of await ws.store.objects.readTree(folder.oid)) {
    const [, name, part] = /^(\d{4,8})(?:\.(\d{2,4}))?$/.exec(entry.name) ?? []
    if (name === undefined || entry.mode !== '100644') {
      throw new TeleportError('unsafe-bundle', 'the segments folder holds a name that does not belong there')
    }
    const parts = found.get(name) ?? []
    if (parts.length !== Number(part ?? 0))
      throw new TeleportError('damaged-bundle', `segment ${name} misses a part`)
    found.set(name, [...parts, entry.oid])
  }
  return found
}

async function readExact(ws: Workspace, folder: TreeEntry): Promise<ExactBlobs> {
  if (folder.mode !== '040000') throw new TeleportError('unsafe-bundle', 'exact is not a folder')
  const found = new Map<string, Map<DeviceId, Oid>>()
  const entries = await ws.store.objects.readTree(folder.oid)
  if (entries.length > mostExactBlobs)
    throw new TeleportError('unsafe-bundle', `the exact folder holds more than ${mostExactBlobs} names`)
  for (const entry of entries) {
    const [, name, device = ''] = /^(\d{4,9})-([a-z2-7]{26})$/.exec(entry.name) ?? []
    if (name === undefined || !isDeviceId(device) || entry.mode !== '100644') {
      throw new TeleportError('unsafe-bundle', 'the exact folder holds a name that does not belong there')
    }
    found.set(name, (found.get(name) ?? new Map<DeviceId, Oid>()).set(device, entry.oid))
  }
  return found
}

function byName(entries: readonly TreeEntry[]): ReadonlyMap<string, TreeEntry> {
  return new Map(entries.map((entry) => [entry.name, entry]))
}

function blobNamed(entries: ReadonlyMap<string, TreeEntry>, name: string): Oid {
  const entry = entries.get(name)
  if (entry?.mode === '100644') return entry.oid
  throw new TeleportError('damaged-bundle', `the session’s tree has no ${name}`)
}

export interface Judgement {
  /** Recipients of the devices whose signature counts as one's own. */
  readonly own: readonly string[]
  /** Whose members' signatures count too; looked up when it is needed and not given. */
  readonly team?: TeamPolicy | null
  readonly state: SessionState | null
  readonly allowExpired?: boolean
  readonly allowOtherProject?: boolean
  /** `pinned` asks nobody for the list of members; default `fresh`. */
  readonly members?: 'fresh' | 'pinned'
  /** To look at, never to install: a signer whom nobody believes is told, not refused. */
  readonly allowStranger?: boolean
}

/** Signer, binding, clock, sequence. Throws the first that fails; notes what could not be checked. */
export async function judgeTip(ws: Workspace, tip: Tip, by: Judgement): Promise<Signer> {
  const signer = await identifySigner(ws, tip, by)
  if (signer.kind === 'unknown' && !by.allowStranger) throw untrusted(signedBy(tip), signer)
  const notes = checkBinding(tip, {
    ref: sessionRef(tip.session),
    session: tip.session,
    repos: await projectIds(ws),
    now: ws.world.now(),
    ...(by.allowExpired === undefined ? {} : { allowExpired: by.allowExpired }),
    ...(by.allowOtherProject === undefined ? {} : { allowOtherProject: by.allowOtherProject }),
  })
  for (const note of notes) ws.world.note(note)
  checkSequence(tip, by.state)
  return signer
}

/** What the words about a signer need. */
export function signedBy(tip: Tip): SignedBy {
  return { session: tip.session, device: tip.device, recipient: tip.signer.recipient }
}

/** Decrypts key and manifest and holds the manifest to the signed trailers. Throws `not-a-reader`, `damaged-bundle`. */
export async function openTip(ws: Workspace, tip: Tip, device: DeviceKey): Promise<OpenTip> {
  const { objects } = ws.store
  const { identity, recipient } = await openIdentity(
    await objects.readBlob(tip.objects.keyAge, maxKeyBytes),
    device,
  )
  const sealed = await objects.readBlob(tip.objects.manifestAge, maxManifestBytes)
  const manifest = await parseManifest(await openBytes(identity, sealed), defaultLimits)
  checkManifest(manifest, tip)
  return { ...tip, identity, recipient, manifest, key: device }
}

function checkManifest(manifest: Manifest, tip: Tip): void {
  const agrees =
    manifest.session === tip.session &&
    manifest.seq === tip.trailers.seq &&
    manifest.repo === tip.trailers.repo &&
    recipientsDigest(manifest.readers) === tip.trailers.recipients
  if (!agrees)
    throw new TeleportError('wrong-binding', `the manifest of session ${tip.session} belongs to another push`)
  for (const segment of manifest.segments) segmentBlobs(tip, segment)
  if (manifest.segments.length !== tip.objects.segments.size) {
    throw new TeleportError(
      'damaged-bundle',
      `session ${tip.session} holds segments that its manifest does not name`,
    )
  }
}

/** The blobs of one segment. Throws `damaged-bundle` when the tree has fewer or more parts than the manifest says. */
export function segmentBlobs(tip: Tip, segment: SegmentRow): readonly Oid[] {
  const blobs = tip.objects.segments.get(segment.name)
  if (blobs?.length === segment.parts) return blobs
  throw new TeleportError(
    'damaged-bundle',
    `segment ${segment.name} of session ${tip.session} is not complete`,
  )
}

function sha256(bytes: Uint8Array): Sha256 {
  return asSha256(createHash('sha256').update(bytes).digest('hex'))
}
