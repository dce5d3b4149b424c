/** What a push builds on. Pure. */

import type { Manifest, Oid, SessionState } from '../model.ts'

/** When a session ends, and whether `--expires` said so: then no push renews it. */
export interface Expiry {
  readonly expires: string | null
  readonly expiresFixed: boolean
}

/** A log that is replaced by a new one. */
export interface Replaced {
  readonly commit: Oid
  readonly seq: number
  /** What the new log takes over: project, audience, links, holder. Null where it could not be read. */
  readonly manifest: Manifest | null
  readonly expiry: Expiry
  /** The ref still is there; otherwise it has been removed meanwhile. */
  readonly onRemote: boolean
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

/** The manifest that the new one follows, whether its log goes on or not. */
export function lastManifest(base: Base): Manifest | null {
  if (base.kind === 'first') return null
  return base.kind === 'restart' ? base.replaced.manifest : base.previous.manifest
}

/** When the session ends so far; null for a first push. */
export function lastExpiry(base: Base): Expiry | null {
  if (base.kind === 'first') return null
  return base.kind === 'restart' ? base.replaced.expiry : base.previous
}

/** The tip that the remote must still have: the lease. */
export function expectedTip(base: Base): Oid | null {
  if (base.kind === 'first' || base.kind === 'recreate') return null
  if (base.kind === 'restart' && !base.replaced.onRemote) return null
  return predecessor(base)?.commit ?? null
}

/** A new log, under a new identity, in the place of the one that `base` would go on with. */
export function startAnew(base: Base): Base {
  const state = continuedState(base)
  if (!state) return base
  return { kind: 'restart', replaced: replacedState(state, base.kind !== 'recreate') }
}

/** What takes the place of a state that this machine remembers has to know of it. */
export function replacedState(state: SessionState, onRemote: boolean): Replaced {
  const { commit, seq, manifest, expires, expiresFixed } = state
  return { commit, seq, manifest, expiry: { expires, expiresFixed }, onRemote }
}
