/** Git objects through git itself: either object format, any size, loose or packed. */

import { readdir, rm, statfs } from 'node:fs/promises'
import path from 'node:path'
import { diskFull, TeleportError } from '../errors.ts'
import { isOid, type Oid } from '../model.ts'
import { type CatFile, openCatFile } from './cat-file.ts'
import { askGit, type GitContext, gitFailed, streamGit } from './git.ts'
import {
  maxCommitBytes,
  type ObjectCodec,
  type ObjectFormat,
  type TreeEntry,
  treeLimits,
} from './object-codec.ts'
import { encodeTree, parseTree } from './tree-object.ts'

export type ObjectType = 'blob' | 'tree' | 'commit'

/** A disk with less than this to spare counts as full: git needs a little more than the object. */
const spareBytes = 64 * 1024
/** At most this many bytes of answers wait for the reader of `readBlobs`. */
const readAheadBytes = 8 * 1024 * 1024
const readAheadRequests = 256

export class NativeCodec implements ObjectCodec {
  readonly #context: GitContext
  readonly #format: ObjectFormat
  readonly #contents: CatFile
  readonly #headers: CatFile

  /** @param context with `GIT_DIR` set to the store */
  constructor(context: GitContext, format: ObjectFormat) {
    this.#context = context
    this.#format = format
    this.#contents = openCatFile(context, '--batch')
    this.#headers = openCatFile(context, '--batch-check')
  }

  writeBlob(content: Uint8Array): Promise<Oid> {
    return this.#write('blob', content)
  }

  async writeTree(entries: readonly TreeEntry[]): Promise<Oid> {
    return this.#write('tree', encodeTree(entries))
  }

  writeCommit(raw: Uint8Array): Promise<Oid> {
    return this.#write('commit', raw)
  }

  async #write(type: ObjectType, content: Uint8Array): Promise<Oid> {
    // By default git doesn't sync loose objects, but refs: after a power cut a ref could name an empty file.
    const args = ['-c', 'core.fsync=loose-object', 'hash-object', '-w', '-t', type, '--stdin']
    const answer = await askGit(this.#context, args, content)
    if (answer.exitCode !== 0) throw (await this.#diskFull(content.length)) ?? gitFailed(args, answer)
    const oid = answer.stdout.toString().trimEnd()
    if (isOid(oid)) return oid
    throw new TeleportError('git-failed', 'git hash-object printed no object id')
  }

  /** Git says what went wrong in prose only, so the disk is asked. Null when `bytes` more would have fitted. */
  async #diskFull(bytes: number): Promise<TeleportError | null> {
    const gitdir = this.#context.environment['GIT_DIR'] ?? ''
    const { bavail, bsize } = await statfs(gitdir)
    if (bavail * bsize > bytes + spareBytes) return null
    await sweepTemporaryObjects(path.join(gitdir, 'objects'))
    return diskFull(`writing an object to ${gitdir}`)
  }

  readBlob(oid: Oid, maxBytes: number): Promise<Uint8Array> {
    return this.#read('blob', oid, maxBytes)
  }

  async #read(type: ObjectType, oid: Oid, maxBytes: number): Promise<Uint8Array> {
    const found = await this.#contents.read(oid, maxBytes)
    if (!found) throw missing(type, oid)
    if (found.type !== type) throw new TeleportError('damaged-bundle', `${oid} is no ${type}`)
    if (found.content) return found.content
    throw new TeleportError('damaged-bundle', `${type} ${oid} is larger than ${maxBytes} bytes`, {
      data: { size: found.size },
    })
  }

  streamBlob(oid: Oid): AsyncIterable<Uint8Array> {
    // A process of its own: sharing the batch reader, a slow consumer would hold up every other read.
    return streamGit(this.#context, ['cat-file', 'blob', oid], () => missing('blob', oid))
  }

  async sizeOf(oid: Oid): Promise<number> {
    const found = await this.#headers.read(oid, 0)
    if (found) return found.size
    throw missing('object', oid)
  }

  async readTree(oid: Oid): Promise<readonly TreeEntry[]> {
    return parseTree(await this.#read('tree', oid, treeLimits.bytes), this.#format)
  }

  /**
   * Walks by itself, one tree after the other: `ls-tree -r` would follow a tree that names another a million times, and
   * hide a `/` in a name.
   */
  async readTreeRecursive(oid: Oid): Promise<readonly (TreeEntry & { path: string })[]> {
    const blobs: (TreeEntry & { path: string })[] = []
    let entriesLeft: number = treeLimits.entries
    let charactersLeft: number = treeLimits.paths
    const walk = async (tree: Oid, prefix: string, depth: number): Promise<void> => {
      if (depth === 0) throw tooLargeTree()
      for (const entry of await this.readTree(tree)) {
        const path = prefix + entry.name
        entriesLeft -= 1
        charactersLeft -= path.length
        if (entriesLeft < 0 || charactersLeft < 0) throw tooLargeTree()
        if (entry.mode === '040000') await walk(entry.oid, `${path}/`, depth - 1)
        else blobs.push({ ...entry, path })
      }
    }
    await walk(oid, '', treeLimits.depth)
    return blobs
  }

  async *readBlobs(oids: readonly Oid[], maxBytes: number): AsyncIterable<readonly [Oid, Uint8Array]> {
    const window = Math.max(
      1,
      Math.min(readAheadRequests, Math.floor(readAheadBytes / Math.max(1, maxBytes))),
    )
    const ahead: Promise<Uint8Array>[] = []
    const ask = (oid: Oid) => {
      const content = this.readBlob(oid, maxBytes)
      // Seen when its turn comes; a reader that stops early never looks at it.
      content.catch(() => undefined)
      ahead.push(content)
    }
    for (const oid of oids.slice(0, window)) ask(oid)
    for (const [index, oid] of oids.entries()) {
      const content = await ahead.shift()
      const next = oids[index + window]
      if (next !== undefined) ask(next)
      if (content) yield [oid, content]
    }
  }

  async readCommit(oid: Oid): Promise<Uint8Array> {
    const found = await this.#contents.read(oid, maxCommitBytes)
    if (!found) throw missing('commit', oid)
    if (found.type === 'commit' && found.content) return found.content
    throw new TeleportError('unsafe-bundle', `${oid} is no commit of at most ${maxCommitBytes} bytes`)
  }

  async close(): Promise<void> {
    await Promise.all([this.#contents.close(), this.#headers.close()])
  }
}

/** Git leaves what it could not finish. Whoever else writes now meets the same full disk. */
async function sweepTemporaryObjects(objects: string): Promise<void> {
  for (const file of await readdir(objects, { recursive: true })) {
    if (/^tmp_obj_\w{6}$/.test(path.basename(file))) await rm(path.join(objects, file), { force: true })
  }
}

function missing(type: string, oid: Oid): TeleportError {
  return new TeleportError('damaged-bundle', `${type} ${oid} is missing`, { hint: 'git teleport doctor' })
}

function tooLargeTree(): TeleportError {
  return new TeleportError('unsafe-bundle', 'a tree of the bundle is too deep or too large')
}
