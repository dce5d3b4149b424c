/** The port to the refs of one remote: mirror, compare-and-swap, remember. Pure. */

import type { Oid, Progress } from '../model.ts'
import type { RefKind } from './refs.ts'

export interface RefUpdate {
  readonly ref: string
  /** What must be there now; `null`: nothing. */
  readonly expected: Oid | null
  /** `null` deletes. */
  readonly next: Oid | null
}

export type PushOutcome =
  /** Everything asked for is on the remote. `bytesSent` is null where the transport cannot tell it exactly. */
  | { readonly kind: 'done'; readonly bytesSent: number | null }
  /** These refs are not where the updates expected them, nor where they were to go. They have been fetched. */
  | { readonly kind: 'moved'; readonly refs: readonly string[] }

export interface RemoteRefs {
  /**
   * Mirrors what the remote has under these patterns or exact refs into this machine's unverified namespace, objects
   * and all, and returns it. Missing refs are absent. Throws `remote-access` when the remote cannot be reached,
   * `git-failed` when it can but what it holds could not be taken over.
   */
  fetch(patterns: readonly string[], progress?: Progress): Promise<ReadonlyMap<string, Oid>>
  /**
   * All or nothing, compare-and-swap. A push whose answer got lost and that landed is done. Throws `remote-refused`
   * (the host's words escaped in the message) and `remote-access`.
   */
  push(updates: readonly RefUpdate[], progress?: Progress): Promise<PushOutcome>
  /** What this machine last saw and accepted of that remote. */
  seen(ref: string): Promise<Oid | null>
  seenAll(kind: RefKind): Promise<ReadonlyMap<string, Oid>>
  /**
   * Moves what `seen` tells, in one compare-and-swap transaction: `expected` is what `seen` told before. Throws
   * `store-busy` when somebody else moved it meanwhile.
   */
  accept(updates: readonly RefUpdate[]): Promise<void>
}
