/** A new commit of a session whose conversation stays as it is: other readers, another end. */

import { createHash } from 'node:crypto'
import { encodeManifest } from '../bundle/manifest.ts'
import { recipientsDigest } from '../crypto/audience.ts'
import type { DeviceKey } from '../crypto/device-key.ts'
import { sealBytes } from '../crypto/envelope.ts'
import { sealIdentity } from '../crypto/session-identity.ts'
import type { Person } from '../git-store/commit.ts'
import { sessionRef } from '../git-store/refs.ts'
import type { RefUpdate } from '../git-store/remote-refs.ts'
import {
  asSha256,
  type Manifest,
  type Oid,
  type SessionId,
  type SessionState,
  type Trailers,
} from '../model.ts'
import { type Audience, ownAmong } from './audience.ts'
import type { Expiry } from './push-base.ts'
import { settle } from './records.ts'
import { resealParts } from './removed-parts.ts'
import { deviceIds } from './signer.ts'
import type { TrustedTip } from './trusted-tip.ts'
import type { Workspace } from './workspace.ts'
import { writeCommit } from './write-commit.ts'
import { writeExact } from './write-segment.ts'

export interface Amendment {
  readonly audience: Audience
  readonly expiry: Expiry
}

export interface Amended {
  readonly session: SessionId
  readonly update: RefUpdate
  readonly commit: Oid
  readonly manifest: Manifest
  readonly trailers: Trailers
  readonly signedText: SessionState['signedText']
}

/** Writes the child commit of `tip`, which names the same segments. Nothing is sent yet. */
export async function amendTip(
  ws: Workspace,
  device: DeviceKey,
  author: Person,
  tip: TrustedTip,
  { audience, expiry }: Amendment,
): Promise<Amended> {
  const manifest = amendedManifest(tip.manifest, audience, expiry)
  const trailers: Trailers = {
    ...tip.trailers,
    seq: manifest.seq,
    previous: tip.commit,
    expires: expiry.expires,
    recipients: recipientsDigest(audience.readers),
    policy: audience.policy,
  }
  const { commit, payload } = await writeCommit(ws, device, author, {
    tree: await amendedTree(ws, tip, manifest),
    parent: tip.commit,
    subject: `teleport session ${tip.session} ${manifest.seq}`,
    trailers,
  })
  return {
    session: tip.session,
    update: { ref: sessionRef(tip.session), expected: tip.commit, next: commit },
    commit,
    manifest,
    trailers,
    signedText: asSha256(createHash('sha256').update(payload).digest('hex')),
  }
}

/** It has landed. A record of the old tip moves on with it; any other stays for the next pull to judge. */
export async function settleAmended(
  ws: Workspace,
  amended: Amended,
  state: SessionState | null,
): Promise<void> {
  if (state?.commit !== amended.update.expected) return
  const { commit, manifest, trailers, signedText } = amended
  await settle(ws, {
    ...state,
    commit,
    seq: manifest.seq,
    signedText,
    audience: manifest.readers,
    expires: trailers.expires,
    expiresFixed: manifest.expiresFixed ?? false,
    manifest,
  })
}

function amendedManifest(before: Manifest, audience: Audience, { expiresFixed }: Expiry): Manifest {
  const { to: _to, unlisted: _unlisted, expiresFixed: _fixed, ...kept } = before
  const { readers, to, unlisted } = audience
  return {
    ...kept,
    seq: before.seq + 1,
    readers,
    ...(to.length > 0 ? { to } : {}),
    ...(unlisted.length > 0 ? { unlisted } : {}),
    ...(expiresFixed ? { expiresFixed: true } : {}),
  }
}

async function amendedTree(ws: Workspace, tip: TrustedTip, manifest: Manifest): Promise<Oid> {
  const { objects } = ws.store
  const sameReaders = manifest.readers.join('\n') === tip.manifest.readers.join('\n')
  const key = sameReaders
    ? tip.objects.keyAge
    : await objects.writeBlob(await sealIdentity(tip.identity, manifest.readers))
  const sealed = await sealBytes(tip.recipient, await encodeManifest(manifest))
  const replaced = new Map([
    ['key.age', key],
    ['manifest.age', await objects.writeBlob(sealed)],
  ])
  const entries = await objects.readTree(tip.tree)
  const devices = ownAmong(manifest.readers, tip.own)
  if (tip.objects.exact.size > 0 && devices.some((each) => !tip.manifest.readers.includes(each)))
    replaced.set('exact', await writeExact(ws, await resealParts(ws, tip, deviceIds(tip.own), devices)))
  return objects.writeTree(entries.map((entry) => ({ ...entry, oid: replaced.get(entry.name) ?? entry.oid })))
}
