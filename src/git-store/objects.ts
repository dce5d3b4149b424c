/** Picks the codec: small objects of a SHA-1 store are written in process, all the rest is git's. */

import type { Oid } from '../model.ts'
import type { GitContext } from './git.ts'
import { NativeCodec } from './native-codec.ts'
import type { ObjectCodec, ObjectFormat } from './object-codec.ts'

/**
 * One rule for reads: always `git cat-file`, whose one process starts sooner than isomorphic-git loads and is fast on
 * packs too. One for writes: isomorphic-git up to 16 MiB in a SHA-1 store, loaded at the first write; it knows no
 * SHA-256.
 */
export function openObjects(context: GitContext, gitdir: string, format: ObjectFormat): ObjectCodec {
  const native = new NativeCodec(context, format)
  if (format === 'sha256') return native
  let loading: Promise<ObjectCodec> | undefined
  const writer = (): Promise<ObjectCodec> => {
    loading ??= import('./iso-codec.ts').then(({ IsoCodec }) => new IsoCodec(gitdir, native))
    return loading
  }
  return {
    writeBlob: async (content) => (await writer()).writeBlob(content),
    writeTree: async (entries) => (await writer()).writeTree(entries),
    writeCommit: async (raw) => (await writer()).writeCommit(raw),
    readBlob: (oid, maxBytes) => native.readBlob(oid, maxBytes),
    streamBlob: (oid) => native.streamBlob(oid),
    sizeOf: (oid) => native.sizeOf(oid),
    readTree: (oid) => native.readTree(oid),
    readTreeRecursive: (oid) => native.readTreeRecursive(oid),
    readBlobs: (oids: readonly Oid[], maxBytes) => native.readBlobs(oids, maxBytes),
    readCommit: (oid) => native.readCommit(oid),
    close: () => native.close(),
  }
}
