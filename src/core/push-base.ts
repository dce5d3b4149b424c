/** What a push builds on. Pure. */

import type { CommitLink, Oid, SessionState } from '../model.ts'

/** A log on the remote that is replaced by a new one. */
export interface Replaced {
  readonly commit: Oid
  readonly seq: number
  /** The project's id as it was signed, when it could be read. */
  readonly repo: string | null
  readonly links: readonly CommitLink[]
}

/**
 * `first`: nothing. `continue`: the remote's tip, which this machine has seen. `recreate`: the same log, but the ref is
 * gone from the remote. `restart`: replaces the remote's log by a new one.
 */
export type Base =
  | { readonly kind: 'first' }
  | { readonly kind: 'continue' | 'recreate'; readonly previous: SessionState }
  | { readonly kind: 'restart'; readonly replaced: Replaced }

/** The state whose log goes on, or null when a new log starts. */
export function continuedState(base: Base): SessionState | null {
  return base.kind === 'continue' || base.kind === 'recreate' ? base.previous : null
}

/** Commit and sequence that the new commit follows. */
export function predecessor(base: Base): { readonly commit: Oid; readonly seq: number } | null {
  if (base.kind === 'first') return null
  return base.kind === 'restart' ? base.replaced : base.previous
}

/** The tip that the remote must still have: the lease. */
export function expectedTip(base: Base): Oid | null {
  return base.kind === 'first' || base.kind === 'recreate' ? null : (predecessor(base)?.commit ?? null)
}
