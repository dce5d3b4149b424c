/** Says of each segment of an opened session whether it is restored exactly or sanitised. */

import { defaultLimits } from '../bundle/limits.ts'
import { parseManifest } from '../bundle/manifest.ts'
import { openBytes } from '../crypto/envelope.ts'
import { TeleportError } from '../errors.ts'
import { sessionRef } from '../git-store/refs.ts'
import type { DeviceId, Manifest, SessionState, Sha256 } from '../model.ts'
import { labelSegments, type Proof, proofsIn } from '../trust/segment-tiers.ts'
import type { Signer } from '../trust/signer.ts'
import { deviceIds } from './signer.ts'
import {
  maxManifestBytes,
  type OpenTip,
  readSessionTree,
  readSignedCommit,
  type SignedCommit,
} from './tip.ts'
import type { Workspace } from './workspace.ts'

/** `manifest.segments[].by` is what this machine may repeat: an own device only where that is proven. */
export interface TrustedTip extends OpenTip {
  readonly signedBy: Signer
  /** Names of the segments that own devices are proven to have written. All others are sanitised. */
  readonly exact: ReadonlySet<string>
  readonly tier: 'exact' | 'sanitised'
  /** Recipients of one's own devices: whose word it takes to put removed parts back. */
  readonly own: readonly string[]
}

export interface Known {
  /** Recipients of one's own devices. */
  readonly own: readonly string[]
  /** What this machine pushed or pulled last: its writers were proven then. */
  readonly state: SessionState | null
}

/** Commits that are looked at in search of an own one, and manifests that are opened. */
const mostCommits = 5000
const mostManifests = 4

export async function trustTip(
  ws: Workspace,
  tip: OpenTip,
  signedBy: Signer,
  { own, state }: Known,
): Promise<TrustedTip> {
  const devices = deviceIds(own)
  const proofs = new Map(state ? proofsIn(state.manifest, devices) : [])
  if (!devices.has(tip.device)) await addFromChain(ws, tip, own, devices, proofs)
  const { segments, exact } = labelSegments(tip.manifest, tip.device, devices, proofs)
  const tier = exact.size === segments.length ? 'exact' : 'sanitised'
  return { ...tip, manifest: { ...tip.manifest, segments }, signedBy, exact, tier, own }
}

/**
 * The newest own commit below a member's lists everything of one's own up to it, since a device carries on what is
 * proven. Older ones are asked only while segments of their time are left that it does not name.
 */
async function addFromChain(
  ws: Workspace,
  tip: OpenTip,
  own: readonly string[],
  devices: ReadonlySet<DeviceId>,
  proofs: Map<Sha256, Proof>,
): Promise<void> {
  const settled = new Set<Sha256>(proofs.keys())
  let opened = 0
  for await (const commit of ownCommitsBelow(ws, tip, own)) {
    const open = tip.manifest.segments.filter(
      (segment) => !settled.has(segment.sha256[0]) && segment.seq[1] <= commit.trailers.seq,
    )
    if (open.length === 0 || opened === mostManifests) return
    opened += 1
    const manifest = await manifestOf(ws, tip, commit)
    for (const segment of manifest?.segments ?? []) settled.add(segment.sha256[0])
    for (const [digest, proof] of manifest ? proofsIn(manifest, devices) : []) {
      if (!proofs.has(digest)) proofs.set(digest, proof)
    }
  }
}

/** Newest first. What cannot be read ends the search: less is proven then. */
async function* ownCommitsBelow(
  ws: Workspace,
  tip: OpenTip,
  own: readonly string[],
): AsyncIterable<SignedCommit> {
  let next = tip.parent
  for (let seen = 0; next !== null && seen < mostCommits; seen += 1) {
    const commit = await readSignedCommit(ws, next).catch(unlessOurs)
    if (!commit) return
    const ofThisSession =
      commit.trailers.session === tip.session && commit.trailers.ref === sessionRef(tip.session)
    if (ofThisSession && own.includes(commit.signer.recipient)) yield commit
    next = commit.parent
  }
}

/** Null when it is under another identity of the session, or damaged. */
async function manifestOf(ws: Workspace, tip: OpenTip, commit: SignedCommit): Promise<Manifest | null> {
  try {
    const { manifestAge } = await readSessionTree(ws, commit.tree)
    const sealed = await ws.store.objects.readBlob(manifestAge, maxManifestBytes)
    const manifest = await parseManifest(await openBytes(tip.identity, sealed), defaultLimits)
    return manifest.session === tip.session && manifest.seq === commit.trailers.seq ? manifest : null
  } catch (error) {
    return unlessOurs(error)
  }
}

function unlessOurs(error: unknown): null {
  if (error instanceof TeleportError && error.code !== 'bug') return null
  throw error
}
