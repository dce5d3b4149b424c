/** ChaCha20-Poly1305 as age uses it: no associated data, the tag after the ciphertext. Pure. */

import { createCipheriv, createDecipheriv } from 'node:crypto'

export const tagBytes = 16

const algorithm = 'chacha20-poly1305'
const zeroNonce = new Uint8Array(12)

export function encrypt(key: Uint8Array, nonce: Uint8Array, plain: Uint8Array): Uint8Array {
  const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: tagBytes })
  const sealed = new Uint8Array(plain.length + tagBytes)
  sealed.set(cipher.update(plain))
  cipher.final()
  sealed.set(cipher.getAuthTag(), plain.length)
  return sealed
}

/** `undefined` when the bytes were not made with this key and nonce. */
export function decrypt(key: Uint8Array, nonce: Uint8Array, sealed: Uint8Array): Uint8Array | undefined {
  const size = sealed.length - tagBytes
  if (size < 0) return undefined
  const decipher = createDecipheriv(algorithm, key, nonce, { authTagLength: tagBytes })
  decipher.setAuthTag(sealed.subarray(size))
  const plain = decipher.update(sealed.subarray(0, size))
  try {
    decipher.final()
  } catch {
    return undefined
  }
  return plain
}

/** A file key under a key that is used once, as the body of a stanza. */
export function wrapKey(key: Uint8Array, fileKey: Uint8Array): Uint8Array {
  return encrypt(key, zeroNonce, fileKey)
}

/** `null`, as typage's identities say it, when the key is not the one. */
export function unwrapKey(key: Uint8Array, body: Uint8Array): Uint8Array | null {
  return decrypt(key, zeroNonce, body) ?? null
}
