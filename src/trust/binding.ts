/** What the signed trailers of a session's tip must say before anything of it is opened. Pure. */

import { TeleportError } from '../errors.ts'
import type { Oid, SessionId, SessionState, Sha256, Trailers } from '../model.ts'

/** Clocks of two machines may differ by this much before an expiry counts. */
const expirySkewMs = 5 * 60_000
/** A push from further in the future than this means that a clock is wrong. */
const futureSkewMs = 24 * 3600_000

export interface Expected {
  readonly ref: string
  readonly session: SessionId
  /** Ids that this repository goes by; empty when it cannot tell (shallow or without commits). */
  readonly repos: readonly string[]
  readonly now: Date
  /** Expired sessions may still be looked at. */
  readonly allowExpired?: boolean
  /** The user says that a session of another project is wanted here. */
  readonly allowOtherProject?: boolean
}

export interface SeenTip {
  readonly commit: Oid
  readonly parent: Oid | null
  /** Committer time, seconds since 1970. */
  readonly seconds: number
  readonly signedText: Sha256
  readonly trailers: Trailers
}

/**
 * Throws `wrong-binding`, `expired-session`, `clock-skew` or `damaged-bundle`.
 * Returns what could not be checked, in words for the user.
 */
export function checkBinding(tip: SeenTip, expected: Expected): readonly string[] {
  const { trailers } = tip
  if (trailers.ref !== expected.ref) {
    throw new TeleportError(
      'wrong-binding',
      `${expected.ref} holds a commit that was signed for ${trailers.ref}`,
      {
        hint: 'somebody copied it there: tell the session’s owner, and remove the ref',
      },
    )
  }
  if (trailers.session !== expected.session) {
    throw new TeleportError(
      'wrong-binding',
      `${expected.ref} is signed for session ${trailers.session ?? 'none'}`,
    )
  }
  checkChain(tip, expected.ref)
  checkClock(tip, expected)
  return checkRepository(trailers.repo, expected)
}

function checkChain(tip: SeenTip, ref: string): void {
  const { trailers, parent } = tip
  if (parent !== null && trailers.previous !== parent) {
    throw new TeleportError(
      'wrong-binding',
      `${ref} was signed to follow ${trailers.previous ?? 'nothing'}, not ${parent}`,
    )
  }
  const isFirst = trailers.seq === 1
  if (isFirst !== (trailers.previous === null)) {
    throw new TeleportError(
      'damaged-bundle',
      `${ref} has sequence ${trailers.seq} and previous ${trailers.previous ?? 'none'}`,
    )
  }
}

function checkClock(tip: SeenTip, expected: Expected): void {
  const now = expected.now.getTime()
  if (tip.seconds * 1000 > now + futureSkewMs) {
    const when = new Date(tip.seconds * 1000).toISOString().slice(0, 16)
    throw new TeleportError(
      'clock-skew',
      `session ${expected.session} was pushed at ${when}Z, which is in the future here`,
      {
        hint: 'check this machine’s clock with `date -u`, then run the command again',
      },
    )
  }
  const { expires } = tip.trailers
  if (expires === null || expected.allowExpired || !hasExpired(expires, expected.now)) return
  throw new TeleportError('expired-session', `session ${expected.session} expired at ${expires}`, {
    hint: `ask its owner to run: git teleport push ${expected.session}`,
  })
}

/** By this machine's clock, with some minutes to spare. */
export function hasExpired(expires: string, now: Date): boolean {
  return Date.parse(expires) + expirySkewMs < now.getTime()
}

function checkRepository(repo: string, expected: Expected): readonly string[] {
  if (repo === 'unknown') return ['the sender could not tell which project this session belongs to']
  if (expected.repos.length === 0)
    return ['this clone is shallow or empty: the session’s project cannot be checked']
  if (expected.repos.includes(repo)) return []
  if (expected.allowOtherProject) return [`session ${expected.session} belongs to another project (${repo})`]
  throw new TeleportError(
    'wrong-binding',
    `session ${expected.session} belongs to another project (${repo})`,
    {
      hint: 'run the command in a clone of that project',
    },
  )
}

/**
 * Throws `rollback` when the remote shows less than this machine has seen, or another text under the same number.
 * The state record is the pin; a machine that never saw the session cannot notice.
 */
export function checkSequence(tip: SeenTip, state: SessionState | null): void {
  if (!state || tip.commit === state.commit) return
  const { seq } = tip.trailers
  if (seq < state.seq) {
    throw new TeleportError(
      'rollback',
      `the remote shows push ${seq} of session ${state.session}; this machine has seen ${state.seq}`,
      {
        hint: `git teleport push --force ${state.session}`,
      },
    )
  }
  if (seq === state.seq && tip.signedText !== state.signedText) {
    throw new TeleportError(
      'rollback',
      `there are two different pushes number ${seq} of session ${state.session}`,
      {
        hint: `git teleport pull --force ${state.session}`,
      },
    )
  }
}
