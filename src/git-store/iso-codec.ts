/**
 * Small objects of a SHA-1 store, written in this process by isomorphic-git; everything else through git.
 * Imported lazily: loading isomorphic-git costs as much as a few processes.
 */

import { createHash } from 'node:crypto'
import { constants, deflateSync } from 'node:zlib'
import { writeObject } from 'isomorphic-git'
import { fileError, TeleportError } from '../errors.ts'
import { isOid, type Oid } from '../model.ts'
import type { NativeCodec, ObjectType } from './native-codec.ts'
import type { ObjectCodec, TreeEntry } from './object-codec.ts'
import { safeFs } from './safe-fs.ts'
import { encodeTree } from './tree-object.ts'

/**
 * Above this many bytes git writes: here an object lies in memory three times while it is wrapped. Up to it no process
 * is started, and a full disk is known by its error code.
 */
export const largestInProcess = 16 * 1024 * 1024

export class IsoCodec implements ObjectCodec {
  readonly #gitdir: string
  readonly #native: NativeCodec
  readonly #fs: ReturnType<typeof safeFs>

  /** @param gitdir the store; never a user's repository, whose kinds isomorphic-git does not all know */
  constructor(gitdir: string, native: NativeCodec, fs = safeFs()) {
    this.#gitdir = gitdir
    this.#native = native
    this.#fs = fs
  }

  writeBlob(content: Uint8Array): Promise<Oid> {
    return content.length > largestInProcess ? this.#native.writeBlob(content) : this.#write('blob', content)
  }

  async writeTree(entries: readonly TreeEntry[]): Promise<Oid> {
    const content = encodeTree(entries)
    return content.length > largestInProcess ? this.#native.writeTree(entries) : this.#write('tree', content)
  }

  writeCommit(raw: Uint8Array): Promise<Oid> {
    return raw.length > largestInProcess ? this.#native.writeCommit(raw) : this.#write('commit', raw)
  }

  /** Left to do it, isomorphic-git deflates through web streams, whose loading costs more than a push's objects. */
  async #write(type: ObjectType, content: Uint8Array): Promise<Oid> {
    const whole = Buffer.concat([Buffer.from(`${type} ${content.length}\0`), content])
    const object = deflateSync(whole, { level: constants.Z_NO_COMPRESSION })
    const name = createHash('sha1').update(whole).digest('hex')
    try {
      const oid = await writeObject({
        fs: this.#fs,
        gitdir: this.#gitdir,
        type,
        object,
        format: 'deflated',
        oid: name,
      })
      if (isOid(oid)) return oid
    } catch (error) {
      throw fileError(error, `writing an object to ${this.#gitdir}`)
    }
    throw new TeleportError('bug', 'isomorphic-git returned no object id')
  }

  readBlob(oid: Oid, maxBytes: number): Promise<Uint8Array> {
    return this.#native.readBlob(oid, maxBytes)
  }

  streamBlob(oid: Oid): AsyncIterable<Uint8Array> {
    return this.#native.streamBlob(oid)
  }

  sizeOf(oid: Oid): Promise<number> {
    return this.#native.sizeOf(oid)
  }

  readTree(oid: Oid): Promise<readonly TreeEntry[]> {
    return this.#native.readTree(oid)
  }

  readTreeRecursive(oid: Oid): Promise<readonly (TreeEntry & { path: string })[]> {
    return this.#native.readTreeRecursive(oid)
  }

  readBlobs(oids: readonly Oid[], maxBytes: number): AsyncIterable<readonly [Oid, Uint8Array]> {
    return this.#native.readBlobs(oids, maxBytes)
  }

  readCommit(oid: Oid): Promise<Uint8Array> {
    return this.#native.readCommit(oid)
  }

  close(): Promise<void> {
    return this.#native.close()
  }
}
