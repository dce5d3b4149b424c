/** Who signed a session's tip, and what is said when that is nobody to believe. Pure. */

import { TeleportError } from '../errors.ts'
import type { DeviceId, MemberKey, SessionId } from '../model.ts'

/** Why a good signature is not believed. */
export type Stranger =
  | { readonly why: 'no-team' }
  | { readonly why: 'never' }
  /** Was a member by an earlier policy, under this name. */
  | { readonly why: 'left'; readonly principal: string }
  | { readonly why: 'expired' | 'too-early'; readonly principal: string; readonly at: string }

export type Signer =
  | { readonly kind: 'own' }
  | { readonly kind: 'member'; readonly principal: string }
  | ({ readonly kind: 'unknown' } & Stranger)

/** A member's key outside of its lifetime; `null` when none of `keys` says so. */
export function outsideLifetime(keys: readonly MemberKey[], now: Date): Stranger | null {
  for (const { principal, validAfter, validBefore } of keys) {
    if (validBefore !== null && Date.parse(validBefore) <= now.getTime())
      return { why: 'expired', principal, at: validBefore }
    if (validAfter !== null && Date.parse(validAfter) > now.getTime())
      return { why: 'too-early', principal, at: validAfter }
  }
  return null
}

export interface SignedBy {
  readonly session: SessionId
  readonly device: DeviceId
  /** `type base64`. */
  readonly recipient: string
}

/** `untrusted-signer`, in words that tell the cases apart. */
export function untrusted(tip: SignedBy, stranger: Stranger): TeleportError {
  return new TeleportError('untrusted-signer', `session ${tip.session} is signed by ${whom(tip, stranger)}`, {
    hint: whatToDo(tip, stranger),
    data: { device: tip.device, why: stranger.why },
  })
}

/** The signer in a sentence: `device abc…, which is …`. */
export function whom({ device }: SignedBy, stranger: Stranger): string {
  switch (stranger.why) {
    case 'no-team':
      return `device ${device}, which is not one of yours, and no team is known here`
    case 'never':
      return `device ${device}, which is neither one of yours nor a member's`
    case 'left':
      return `device ${device} of ${stranger.principal}, who is no longer a member`
    case 'expired':
      return `device ${device} of ${stranger.principal}, whose key was valid until ${stranger.at}`
    case 'too-early':
      return `device ${device} of ${stranger.principal}, whose key is not valid before ${stranger.at}`
  }
}

function whatToDo({ session, recipient }: SignedBy, { why }: Stranger): string {
  const look = `git teleport show ${session}   (reads it without installing anything)`
  switch (why) {
    case 'no-team':
      return `only if \`git teleport key show\` on your other machine prints this very device: git teleport key trust "${recipient}"`
    case 'never':
      return look
    case 'left':
    case 'expired':
    case 'too-early':
      return `ask a member to pull it and push it again, or read it: ${look}`
  }
}
