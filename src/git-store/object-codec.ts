/** The port to git objects: what every codec promises. Pure. */

import type { Oid } from '../model.ts'

export interface TreeEntry {
  readonly mode: '100644' | '040000'
  readonly name: string
  readonly oid: Oid
}

export type ObjectFormat = 'sha1' | 'sha256'

/** Bytes of the largest raw commit that is looked at. */
export const maxCommitBytes = 16 * 1024

/** Bounds for hostile trees, which can name one another a million times in a few bytes. `paths` counts characters. */
export const treeLimits = {
  bytes: 8 * 1024 * 1024,
  depth: 8,
  entries: 100_000,
  paths: 32 * 1024 * 1024,
} as const

/**
 * Writes are atomic: an object is there as a whole or not at all, also when the writer is killed. Reads throw
 * `damaged-bundle` for an object that is missing, of another type or larger than asked for.
 */
export interface ObjectCodec {
  /** Keeps no reference to `content`. */
  writeBlob(content: Uint8Array): Promise<Oid>
  /** In any order; throws `bug` for a name that readers would refuse. */
  writeTree(entries: readonly TreeEntry[]): Promise<Oid>
  /** A raw commit object, signature included. */
  writeCommit(raw: Uint8Array): Promise<Oid>
  readBlob(oid: Oid, maxBytes: number): Promise<Uint8Array>
  /** Chunks as git prints them, in bounded memory. Stopping early is fine. */
  streamBlob(oid: Oid): AsyncIterable<Uint8Array>
  sizeOf(oid: Oid): Promise<number>
  /** Throws `unsafe-bundle` for modes other than plain file and folder, and for names that are no plain names. */
  readTree(oid: Oid): Promise<readonly TreeEntry[]>
  /** The blobs below, `path` joined by `/`, in git's order. Throws `unsafe-bundle` past `treeLimits`. */
  readTreeRecursive(oid: Oid): Promise<readonly (TreeEntry & { path: string })[]>
  /** Many small blobs at once, in the order of `oids`. */
  readBlobs(oids: readonly Oid[], maxBytes: number): AsyncIterable<readonly [Oid, Uint8Array]>
  /** Throws `unsafe-bundle` when larger than `maxCommitBytes`. */
  readCommit(oid: Oid): Promise<Uint8Array>
  /** Ends helper processes. The codec can be used again afterwards. */
  close(): Promise<void>
}
