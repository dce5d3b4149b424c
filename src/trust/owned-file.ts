/** A file that counts only if the right user owns it and nobody else may write it. */

import { open } from 'node:fs/promises'
import { errnoOf, fileError } from '../errors.ts'

export type OwnedFile =
  | { readonly kind: 'missing' }
  /** It is there and means nothing, for this reason. */
  | { readonly kind: 'left-out'; readonly why: string }
  /** Cut behind `maxBytes` + 1. */
  | { readonly kind: 'read'; readonly bytes: Uint8Array }

/** `owner` null: where files have no user ids, the system's own access rights have to do. */
export async function readOwnedFile(
  file: string,
  owner: number | null,
  maxBytes: number,
): Promise<OwnedFile> {
  try {
    const handle = await open(file, 'r')
    try {
      // Of the open file: what the name stands for could be exchanged meanwhile.
      const { uid, mode } = await handle.stat()
      const why = owner === null ? null : whyNotBelieved(uid, mode, owner)
      if (why !== null) return { kind: 'left-out', why }
      const buffer = Buffer.alloc(maxBytes + 1)
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0)
      return { kind: 'read', bytes: buffer.subarray(0, bytesRead) }
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return { kind: 'missing' }
    throw fileError(error, `reading ${file}`)
  }
}

function whyNotBelieved(uid: number, mode: number, owner: number): string | null {
  if (uid !== owner) return `it belongs to user ${uid}, not ${owner}`
  return (mode & 0o022) === 0 ? null : 'others may write it'
}
