/** Who signed a session, who reads it, who has it and until when: what its badges say. */

import { fingerprint } from '../crypto/recipient.ts'
import { parseSshPublicKey } from '../crypto/ssh-public-key.ts'
import type { Holder, Oid } from '../model.ts'
import { whom } from '../trust/signer.ts'
import type { People } from './people.ts'
import { lastOrigin } from './place.ts'
import { describeSigner, type SignerFacts } from './signer-facts.ts'
import { signedBy } from './tip.ts'
import type { TrustedTip } from './trusted-tip.ts'
import { formatTime } from './world.ts'

export interface BrowsedReader {
  /** Null: a key that nobody here has a name for. */
  readonly name: string | null
  readonly own: boolean
  /** `SHA256:…` of an SSH key, else the beginning of an age one. */
  readonly key: string
}

/** What is on the remote of a session, and whether that is believed. */
export interface BrowsedFacts {
  readonly commit: Oid
  readonly seq: number
  readonly pushedAt: string
  readonly expires: string | null
  readonly expired: boolean
  readonly signedBy: SignerFacts
  readonly from: { readonly principal: string; readonly host: string }
  readonly readers: readonly BrowsedReader[]
  readonly holder: Holder | null
  readonly sizeBytes: number
  /** Why the signature is not believed; null where it is. */
  readonly doubt: string | null
}

export function describeFacts(tip: TrustedTip, people: People): BrowsedFacts {
  const { manifest, trailers, seconds, signedBy: signer } = tip
  const origin = lastOrigin(manifest)
  return {
    commit: tip.commit,
    seq: trailers.seq,
    pushedAt: formatTime(new Date(seconds * 1000)),
    expires: trailers.expires,
    expired: trailers.expires !== null && Date.parse(trailers.expires) < people.now.getTime(),
    signedBy: describeSigner(tip),
    from: { principal: origin?.principal ?? '', host: origin?.host ?? '' },
    readers: manifest.readers.map((recipient) => describeReader(recipient, people)),
    holder: manifest.holder,
    sizeBytes: manifest.files.bytes,
    doubt: signer.kind === 'unknown' ? `signed by ${whom(signedBy(tip), signer)}` : null,
  }
}

function describeReader(recipient: string, { own, team }: People): BrowsedReader {
  const member = team?.members.find((each) => each.recipient === recipient)?.principal
  const extra = team?.readers.find((each) => each.recipient === recipient)?.comment
  const key = recipient.startsWith('age1') ? recipient.slice(0, 20) : keyOf(recipient)
  return { name: member ?? (extra || null), own: own.includes(recipient), key }
}

function keyOf(recipient: string): string {
  return fingerprint(parseSshPublicKey(recipient))
}
