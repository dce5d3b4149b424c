/** X25519 through node:crypto, on raw bytes. Pure. */

import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto'

export interface X25519Key {
  readonly key: KeyObject
  /** 32 bytes. */
  readonly publicKey: Uint8Array
}

/** What stands before the 32 bytes of an X25519 key in PKCS #8 (RFC 8410, section 7). */
const pkcs8Prefix = Buffer.from('302e020100300506032b656e04220420', 'hex')

/** `scalar`: 32 bytes, clamped by the function itself. */
export function x25519Key(scalar: Uint8Array): X25519Key {
  // As a JWK the key would need its public half beside it, which newer Node checks.
  const key = createPrivateKey({ key: Buffer.concat([pkcs8Prefix, scalar]), format: 'der', type: 'pkcs8' })
  const { x = '' } = createPublicKey(key).export({ format: 'jwk' })
  return { key, publicKey: new Uint8Array(Buffer.from(x, 'base64url')) }
}

/** X25519(scalar, point); `undefined` for a point of low order, whose result everyone knows. */
export function x25519(scalar: KeyObject, point: Uint8Array): Uint8Array | undefined {
  const x = Buffer.from(point).toString('base64url')
  const publicKey = createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x }, format: 'jwk' })
  try {
    return diffieHellman({ privateKey: scalar, publicKey })
  } catch {
    return undefined
  }
}
