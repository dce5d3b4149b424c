/**
 * Which segments of a session are restored exactly: those that one of my own devices wrote, by a manifest that one of
 * them signed. What anybody else's manifest says about a writer proves nothing. Pure.
 */

import type { DeviceId, Manifest, Origin, SegmentRow, Sha256 } from '../model.ts'

/** What an own manifest says of one ciphertext. The folders belong to it: with others the same bytes mean other files. */
export interface Proof {
  readonly by: DeviceId
  readonly origin: string
}

export type Proofs = ReadonlyMap<Sha256, Proof>

/** The segments that an own device vouches for as its own writing, by the digest of their ciphertext. */
export function proofsIn(manifest: Manifest, own: ReadonlySet<DeviceId>): Proofs {
  const rows = manifest.segments.filter((segment) => own.has(segment.by))
  return new Map(rows.map((row) => [row.sha256[0], { by: row.by, origin: originText(manifest, row) }]))
}

export interface Labelled {
  /** As this machine may repeat it under its own signature. */
  readonly segments: readonly SegmentRow[]
  /** Names of those that are restored exactly. */
  readonly exact: ReadonlySet<string>
}

/**
 * Under an own signature a segment's writer is who it says. Under anybody else's it is only if `proofs` say so as well;
 * all others are put down to the signer, so that a carrier never vouches for what somebody merely claimed.
 */
export function labelSegments(
  manifest: Manifest,
  signer: DeviceId,
  own: ReadonlySet<DeviceId>,
  proofs: Proofs,
): Labelled {
  const segments = manifest.segments.map((segment) => {
    const proof = proofs.get(segment.sha256[0])
    if (proof && proof.origin === originText(manifest, segment)) return { ...segment, by: proof.by }
    return own.has(signer) ? segment : { ...segment, by: signer }
  })
  const exact = segments.filter((segment) => own.has(segment.by)).map((segment) => segment.name)
  return { segments, exact: new Set(exact) }
}

function originText(manifest: Manifest, segment: SegmentRow): string {
  const origin: Origin | undefined = manifest.origins[segment.origin]
  return JSON.stringify(Object.entries(origin ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)))
}
