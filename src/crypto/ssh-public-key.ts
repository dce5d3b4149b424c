/** SSH public keys: the two types that can both sign and read, ssh-ed25519 and ssh-rsa. Pure. */

import { createHash, createPublicKey, type KeyObject } from 'node:crypto'
import { TeleportError } from '../errors.ts'
import { type DeviceId, isDeviceId } from '../model.ts'
import { decodeBase64 } from './base64.ts'
import { readWire } from './ssh-wire.ts'

export interface SshPublicKey {
  readonly type: 'ssh-ed25519' | 'ssh-rsa'
  /** The binary form that signatures, fingerprints and stanza tags are made of. */
  readonly blob: Uint8Array
  readonly comment: string
  /** `type base64`, without the comment: how a reader is spelled. */
  readonly recipient: string
}

const maxLine = 16 * 1024

/**
 * Parses one line of a `.pub` file: `type base64 [comment]`, a line end allowed.
 * Throws `bad-key` for any other type, RSA outside of 2048 to 16384 bits, and anything not canonical.
 */
export function parseSshPublicKey(line: string): SshPublicKey {
  const text = line.replace(/\r?\n$/, '')
  const match = text.length <= maxLine && /^(\S+) (\S+)(?: ([^\p{Cc}]*))?$/u.exec(text)
  if (!match) throw badKey('not a line of the form "type base64 comment"')
  const [, type, base64 = '', comment = ''] = match
  if (type !== 'ssh-ed25519' && type !== 'ssh-rsa') throw wrongType()
  const blob = decodeBase64(base64)
  if (!blob) throw badKey('the base64 is damaged')
  const key = sshPublicKeyOf(blob, comment.trim())
  if (key.type !== type) throw badKey('it says two different types')
  return key
}

/** The key inside a binary blob. Throws `bad-key` as `parseSshPublicKey` does. */
export function sshPublicKeyOf(blob: Uint8Array, comment = ''): SshPublicKey {
  const { type } = partsOf(blob)
  return { type, blob, comment, recipient: `${type} ${Buffer.from(blob).toString('base64')}` }
}

/** The id of the device that owns the key with this blob. */
export function deviceIdOf(blob: Uint8Array): DeviceId {
  const id = base32(createHash('sha256').update(blob).digest()).slice(0, 26)
  if (!isDeviceId(id)) throw new Error('base32 made no device id')
  return id
}

/** For Node's own verify and encrypt functions. */
export function publicKeyObject(key: SshPublicKey): KeyObject {
  const parts = partsOf(key.blob)
  if (parts.type === 'ssh-ed25519') {
    return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: base64url(parts.point) }, format: 'jwk' })
  }
  const { n, e } = parts
  return createPublicKey({ key: { kty: 'RSA', n: base64url(n), e: base64url(e) }, format: 'jwk' })
}

/** The 32 bytes of an ed25519 public key. */
export function ed25519Point(key: SshPublicKey): Uint8Array {
  const parts = partsOf(key.blob)
  if (parts.type !== 'ssh-ed25519') throw new Error('not an ed25519 key')
  return parts.point
}

type Parts =
  | { readonly type: 'ssh-ed25519'; readonly point: Uint8Array }
  | { readonly type: 'ssh-rsa'; readonly e: Uint8Array; readonly n: Uint8Array }

function partsOf(blob: Uint8Array): Parts {
  const wire = readWire(blob, () => badKey('its binary form is damaged'))
  const type = wire.name()
  if (type === 'ssh-ed25519') {
    const point = wire.string()
    wire.end()
    if (point.length !== 32) throw badKey('an ed25519 key has 32 bytes')
    return { type, point }
  }
  if (type !== 'ssh-rsa') throw wrongType()
  const e = wire.mpint()
  const n = wire.mpint()
  wire.end()
  const bits = n.length * 8 - Math.clz32(n[0] ?? 0) + 24
  if (bits < 2048 || bits > 16384) throw badKey('an RSA key must have 2048 to 16384 bits')
  if (!isOdd(n) || !isOdd(e) || e.length > 8 || (e.length === 1 && e[0] === 1)) {
    // With exponent 1 everybody could decrypt; a huge one makes checking a signature slow.
    throw badKey('its RSA numbers are not usable')
  }
  return { type, e, n }
}

function isOdd(number: Uint8Array): boolean {
  return ((number.at(-1) ?? 0) & 1) === 1
}

function wrongType(): TeleportError {
  return badKey('only ssh-ed25519 and ssh-rsa keys can both sign and decrypt', 'git teleport init')
}

function badKey(why: string, hint?: string): TeleportError {
  return new TeleportError('bad-key', `not a usable SSH public key: ${why}`, hint ? { hint } : {})
}

function base32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  const groups = bits.match(/.{5}/g) ?? []
  return groups.map((group) => 'abcdefghijklmnopqrstuvwxyz234567'[Number.parseInt(group, 2)]).join('')
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url')
}
