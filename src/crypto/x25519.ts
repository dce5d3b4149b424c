/** X25519 through node:crypto, on raw bytes. Pure. */

import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto'

export interface X25519Key {
  readonly key: KeyObject
  /** 32 bytes. */
  readonly publicKey: Uint8Array
}

/** `scalar`: 32 bytes, clamped by the function itself. */
export function x25519Key(scalar: Uint8Array): X25519Key {
  // For a private key Node reads `d` alone and computes the public half; `x` only has to be there.
  const d = Buffer.from(scalar).toString('base64url')
  const key = createPrivateKey({ key: { kty: 'OKP', crv: 'X25519', d, x: d }, format: 'jwk' })
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
