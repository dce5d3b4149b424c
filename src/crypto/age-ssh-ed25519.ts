/**
 * age's `ssh-ed25519` stanzas: the signing key, moved to the Montgomery curve and tweaked by its own blob, does an
 * X25519 exchange (https://github.com/FiloSottile/age/tree/main/agessh). Pure.
 */

import { createHash, type KeyObject, randomBytes } from 'node:crypto'
import type { Stanza } from 'age-encryption'
import { TeleportError } from '../errors.ts'
import { unwrapKey, wrapKey } from './aead.ts'
import { decodeBareBase64, encodeBareBase64 } from './base64.ts'
import { hkdf } from './hkdf.ts'
import { joinBytes } from './join-bytes.ts'
import { ed25519Point, type SshPublicKey } from './ssh-public-key.ts'
import { x25519, x25519Key } from './x25519.ts'

const label = 'age-encryption.org/v1/ssh-ed25519'
const nothing = new Uint8Array(0)

/** Throws `bad-key` when the point is not on the curve or of low order. */
export async function wrapEd25519(reader: SshPublicKey, tag: string, fileKey: Uint8Array): Promise<Stanza> {
  const point = await montgomery(reader)
  const ephemeral = x25519Key(randomBytes(32))
  const shared = x25519(ephemeral.key, point)
  if (!shared) throw offCurve(reader)
  const key = stanzaKey(tweaked(reader, shared), ephemeral.publicKey, point)
  return { args: ['ssh-ed25519', tag, encodeBareBase64(ephemeral.publicKey)], body: wrapKey(key, fileKey) }
}

/** `null` when the body does not open: a 32-bit tag can be that of another key. Throws `damaged-bundle`. */
export function unwrapEd25519(reader: SshPublicKey, secret: KeyObject, stanza: Stanza): Uint8Array | null {
  const { d = '' } = secret.export({ format: 'jwk' })
  const own = x25519Key(createHash('sha512').update(Buffer.from(d, 'base64url')).digest().subarray(0, 32))
  const share = ed25519Share(stanza)
  const shared = x25519(own.key, share)
  if (!shared) throw malformed()
  return unwrapKey(stanzaKey(tweaked(reader, shared), share, own.publicKey), stanza.body)
}

/** The ephemeral point of a stanza. Throws `damaged-bundle` when the stanza is malformed. */
export function ed25519Share({ args, body }: Stanza): Uint8Array {
  const share = args.length === 3 ? decodeBareBase64(args[2] ?? '') : undefined
  if (share?.length !== 32 || body.length !== 32) throw malformed()
  return share
}

/** The u coordinate of an Edwards point. Imported late: the library costs more than all the rest of a push's keys. */
async function montgomery(reader: SshPublicKey): Promise<Uint8Array> {
  const { ed25519 } = await import('@noble/curves/ed25519.js')
  try {
    return ed25519.utils.toMontgomery(ed25519Point(reader))
  } catch {
    throw offCurve(reader)
  }
}

function tweaked(reader: SshPublicKey, shared: Uint8Array): Uint8Array {
  const result = x25519(x25519Key(hkdf(nothing, reader.blob, label)).key, shared)
  if (!result) throw malformed()
  return result
}

function stanzaKey(shared: Uint8Array, share: Uint8Array, point: Uint8Array): Uint8Array {
  return hkdf(shared, joinBytes([share, point]), label)
}

function offCurve(reader: SshPublicKey): TeleportError {
  return new TeleportError('bad-key', `"${reader.recipient}" is not a point that can be encrypted to`)
}

function malformed(): TeleportError {
  return new TeleportError('damaged-bundle', 'an ssh-ed25519 stanza is malformed')
}
