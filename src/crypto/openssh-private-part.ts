/** The private part of an OpenSSH key file: type, numbers, comment and padding, as a key that Node can use. */

import { createPrivateKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { TeleportError } from '../errors.ts'
import { joinBytes } from './join-bytes.ts'
import { readWire, type WireReader, wireMpint, wireString } from './ssh-wire.ts'

export interface PrivatePart {
  readonly secret: KeyObject
  readonly comment: string
}

/** Throws `bad-key` when the type is not ed25519 or RSA, or the numbers do not fit each other. */
export function decodePrivatePart(bytes: Uint8Array): PrivatePart {
  const wire = readWire(bytes, damaged)
  const type = wire.name()
  if (type !== 'ssh-ed25519' && type !== 'ssh-rsa') throw damaged()
  const jwk = type === 'ssh-ed25519' ? readEd25519(wire) : readRsa(wire)
  const comment = Buffer.from(wire.string())
    .toString()
    .replace(/\p{Cc}/gu, '')
  if (!wire.rest().every((byte, index) => byte === index + 1)) throw damaged()
  return { secret: importKey(jwk), comment }
}

/** The inverse, without padding. */
export function encodePrivatePart({ secret, comment }: PrivatePart): Uint8Array {
  const jwk = secret.export({ format: 'jwk' })
  const number = (name: 'n' | 'e' | 'd' | 'qi' | 'p' | 'q') => wireMpint(decode(jwk[name]))
  const fields =
    jwk.kty === 'RSA'
      ? [wireString('ssh-rsa'), ...(['n', 'e', 'd', 'qi', 'p', 'q'] as const).map(number)]
      : [
          wireString('ssh-ed25519'),
          wireString(decode(jwk.x)),
          wireString(joinBytes([decode(jwk.d), decode(jwk.x)])),
        ]
  return joinBytes([...fields, wireString(comment)])
}

function readEd25519(wire: WireReader): JsonWebKey {
  const point = Buffer.from(wire.string())
  const pair = Buffer.from(wire.string())
  if (point.length !== 32 || pair.length !== 64 || !point.equals(pair.subarray(32))) throw damaged()
  const jwk = { kty: 'OKP', crv: 'Ed25519', d: encode(pair.subarray(0, 32)), x: encode(point) }
  // Node computes the public half from the seed and ignores ours, so that a wrong one would go unnoticed.
  if (importKey(jwk).export({ format: 'jwk' }).x !== jwk.x) throw damaged()
  return jwk
}

function readRsa(wire: WireReader): JsonWebKey {
  const [n, e, d, qi, p, q] = Array.from({ length: 6 }, () => wire.mpint())
  if (!n || !e || !d || !qi || !p || !q) throw damaged()
  const [prime1, prime2] = [toBigInt(p), toBigInt(q)]
  if (prime1 < 3n || prime2 < 3n || prime1 * prime2 !== toBigInt(n)) throw damaged()
  const exponent = toBigInt(d)
  const [dp, dq] = [fromBigInt(exponent % (prime1 - 1n)), fromBigInt(exponent % (prime2 - 1n))]
  const numbers = { n, e, d, p, q, dp, dq, qi }
  const entries = Object.entries(numbers).map(([name, bytes]) => [name, encode(bytes)])
  return { kty: 'RSA', ...Object.fromEntries(entries) }
}

function importKey(jwk: JsonWebKey): KeyObject {
  try {
    return createPrivateKey({ key: jwk, format: 'jwk' })
  } catch {
    throw damaged()
  }
}

function toBigInt(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
}

function fromBigInt(value: bigint): Uint8Array {
  const hex = value.toString(16)
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex')
}

function encode(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url')
}

function decode(text: string | undefined): Uint8Array {
  return Buffer.from(text ?? '', 'base64url')
}

function damaged(): TeleportError {
  return new TeleportError('bad-key', 'the private part of the key file is damaged')
}
