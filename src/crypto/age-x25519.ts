/** age's own key type: `age1…` recipients and `AGE-SECRET-KEY-1…` identities, for typage's interface. Pure. */

import { randomBytes } from 'node:crypto'
import type { Identity, Recipient } from 'age-encryption'
import { TeleportError } from '../errors.ts'
import { unwrapKey, wrapKey } from './aead.ts'
import { decodeBareBase64, encodeBareBase64 } from './base64.ts'
import { decodeBech32, encodeBech32 } from './bech32.ts'
import { hkdf } from './hkdf.ts'
import { joinBytes } from './join-bytes.ts'
import { type X25519Key, x25519, x25519Key } from './x25519.ts'

const label = 'age-encryption.org/v1/X25519'
const identityPrefix = 'age-secret-key-'

export function formatX25519Identity(scalar: Uint8Array): string {
  return encodeBech32(identityPrefix, scalar).toUpperCase()
}

/** Throws `bad-key`. */
export function parseX25519Identity(text: string): X25519Key {
  const scalar = text === text.toUpperCase() ? decodeBech32(identityPrefix, text) : undefined
  if (scalar?.length === 32) return x25519Key(scalar)
  throw new TeleportError('bad-key', 'not an age identity of the form AGE-SECRET-KEY-1…')
}

/** The `age1…` string of an identity. */
export function formatX25519Recipient(key: X25519Key): string {
  return encodeBech32('age', key.publicKey)
}

/** Encrypts to an `age1…` string. Throws `bad-key`, here or when the point turns out unusable. */
export function x25519Recipient(text: string): Recipient {
  const point = text === text.toLowerCase() ? decodeBech32('age', text) : undefined
  if (point?.length !== 32) throw unusable(text)
  return {
    wrapFileKey(fileKey) {
      const ephemeral = x25519Key(randomBytes(32))
      const shared = x25519(ephemeral.key, point)
      if (!shared) throw unusable(text)
      const key = hkdf(shared, joinBytes([ephemeral.publicKey, point]), label)
      return [{ args: ['X25519', encodeBareBase64(ephemeral.publicKey)], body: wrapKey(key, fileKey) }]
    },
  }
}

/** Finds the first stanza that opens; throws `damaged-bundle` for a malformed one before it. */
export function x25519Identity(own: X25519Key): Identity {
  return {
    unwrapFileKey(stanzas) {
      for (const { args, body } of stanzas) {
        if (args[0] !== 'X25519') continue
        const share = args.length === 2 ? decodeBareBase64(args[1] ?? '') : undefined
        const shared = share?.length === 32 && body.length === 32 ? x25519(own.key, share) : undefined
        if (!share || !shared) throw new TeleportError('damaged-bundle', 'an X25519 stanza is malformed')
        const fileKey = unwrapKey(hkdf(shared, joinBytes([share, own.publicKey]), label), body)
        if (fileKey) return fileKey
      }
      return null
    },
  }
}

function unusable(text: string): TeleportError {
  return new TeleportError('bad-key', `"${text.slice(0, 80)}" is not an age recipient that can be used`)
}
