/** A remote in memory, for tests that need no git. Passes the contract suite of RemoteRefs. */

import { TeleportError } from '../../src/errors.ts'
import { matchesPattern, parseRef, type RefKind } from '../../src/git-store/refs.ts'
import type { PushOutcome, RefUpdate, RemoteRefs } from '../../src/git-store/remote-refs.ts'
import type { Oid } from '../../src/model.ts'

/** What several machines share. The `next…` faults each hit one call. */
export interface MemoryRemote {
  readonly refs: Map<string, Oid>
  /** The host says no to the next push, with this message. */
  nextRefusal: string | null
  /** The next call finds nobody there. */
  nextUnreachable: boolean
  /** Somebody else is faster: runs when the next push arrives, before it is looked at. */
  beforeNextPush: (() => void) | null
}

export function memoryRemote(): MemoryRemote {
  return { refs: new Map(), nextRefusal: null, nextUnreachable: false, beforeNextPush: null }
}

/** One machine's view of `remote`. Objects don't travel: give the machines one codec, or none. */
export class MemoryRemoteRefs implements RemoteRefs {
  readonly #remote: MemoryRemote
  readonly #seen = new Map<string, Oid>()

  constructor(remote: MemoryRemote) {
    this.#remote = remote
  }

  async fetch(patterns: readonly string[]): Promise<ReadonlyMap<string, Oid>> {
    this.#reach()
    const wanted = (ref: string) => patterns.some((pattern) => matchesPattern(ref, pattern))
    return new Map([...this.#remote.refs].filter(([ref]) => parseRef(ref) !== undefined && wanted(ref)))
  }

  async push(updates: readonly RefUpdate[]): Promise<PushOutcome> {
    requirePushable(updates)
    this.#reach()
    const before = this.#remote.beforeNextPush
    this.#remote.beforeNextPush = null
    before?.()
    const tip = (update: RefUpdate) => this.#remote.refs.get(update.ref) ?? null
    const moved = updates.filter((update) => tip(update) !== update.expected && tip(update) !== update.next)
    if (moved.length > 0) return { kind: 'moved', refs: moved.map(({ ref }) => ref) }
    this.#refuse()
    move(this.#remote.refs, updates)
    return { kind: 'done', bytesSent: null }
  }

  #reach(): void {
    if (!this.#remote.nextUnreachable) return
    this.#remote.nextUnreachable = false
    throw new TeleportError('remote-access', 'git cannot reach the remote memory')
  }

  #refuse(): void {
    const message = this.#remote.nextRefusal
    this.#remote.nextRefusal = null
    if (message !== null) throw new TeleportError('remote-refused', `memory refused the update: ${message}`)
  }

  async seen(ref: string): Promise<Oid | null> {
    return this.#seen.get(ref) ?? null
  }

  async seenAll(kind: RefKind): Promise<ReadonlyMap<string, Oid>> {
    return new Map([...this.#seen].filter(([ref]) => ref.startsWith(`refs/teleport/${kind}/`)))
  }

  async accept(updates: readonly RefUpdate[]): Promise<void> {
    const isStale = ({ ref, expected, next }: RefUpdate) => {
      const current = this.#seen.get(ref) ?? null
      return current !== expected && (next === null || current !== next)
    }
    if (updates.some(isStale)) {
      throw new TeleportError('store-busy', 'another git-teleport command changed the store meanwhile')
    }
    move(this.#seen, updates)
  }
}

function move(refs: Map<string, Oid>, updates: readonly RefUpdate[]): void {
  for (const { ref, next } of updates) {
    if (next === null) refs.delete(ref)
    else refs.set(ref, next)
  }
}

function requirePushable(updates: readonly RefUpdate[]): void {
  const pushable = updates.every(
    ({ ref, expected, next }) => parseRef(ref) !== undefined && (expected !== null || next !== null),
  )
  if (pushable && updates.length > 0 && new Set(updates.map(({ ref }) => ref)).size === updates.length) return
  throw new TeleportError('bug', 'a push of no ref, one ref twice, a foreign ref or nothing to nothing')
}
