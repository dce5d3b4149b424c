/** SSH private keys, in OpenSSH's own format or as PEM, of the two types that can both sign and read. */

import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { TeleportError } from '../errors.ts'
import { joinBytes } from './join-bytes.ts'
import { formatOpenSshKeyFile, type OpenSshKeyFile, parseOpenSshKeyFile } from './openssh-key-file.ts'
import { decodePrivatePart, encodePrivatePart } from './openssh-private-part.ts'
import { type SshPublicKey, sshPublicKeyOf } from './ssh-public-key.ts'
import { wireMpint, wireString } from './ssh-wire.ts'

export interface SshPrivateKey {
  readonly publicKey: SshPublicKey
  readonly secret: KeyObject
}

/** A private key that may still be locked. */
export interface LockedKey {
  /** Without a comment, which may be locked too. */
  readonly publicKey: SshPublicKey
  readonly encrypted: boolean
  /** `undefined` when the passphrase is wrong. Throws `bad-key`. Without encryption any passphrase will do. */
  open(passphrase: string): Promise<SshPrivateKey | undefined>
}

/** Throws `bad-key` when the text is not a private key that can be used. */
export function parsePrivateKey(text: string): LockedKey {
  const file = parseOpenSshKeyFile(text)
  return file ? openSshKey(file) : pemKey(text)
}

/** The text of an OpenSSH private key file. */
export function formatPrivateKey(key: SshPrivateKey, passphrase?: string): Promise<string> {
  const { blob, comment } = key.publicKey
  return formatOpenSshKeyFile(blob, encodePrivatePart({ secret: key.secret, comment }), passphrase)
}

/** The SSH form of a key that Node holds. Throws `bad-key` unless it is ed25519 or RSA. */
export function privateKeyOf(secret: KeyObject, comment: string): SshPrivateKey {
  const jwk = createPublicKey(secret).export({ format: 'jwk' })
  const field = (text: string | undefined) => Buffer.from(text ?? '', 'base64url')
  if (jwk.crv === 'Ed25519') {
    const blob = joinBytes([wireString('ssh-ed25519'), wireString(field(jwk.x))])
    return { publicKey: sshPublicKeyOf(blob, comment), secret }
  }
  if (jwk.kty !== 'RSA') throw unusable('only ed25519 and RSA keys can both sign and decrypt')
  const blob = joinBytes([wireString('ssh-rsa'), wireMpint(field(jwk.e)), wireMpint(field(jwk.n))])
  return { publicKey: sshPublicKeyOf(blob, comment), secret }
}

function openSshKey(file: OpenSshKeyFile): LockedKey {
  const publicKey = sshPublicKeyOf(file.blob)
  return {
    publicKey,
    encrypted: file.encrypted,
    async open(passphrase) {
      const part = await file.open(passphrase)
      if (!part && file.encrypted) return undefined
      if (!part) throw unusable('it is damaged')
      const { secret, comment } = decodePrivatePart(part)
      const key = privateKeyOf(secret, comment)
      if (key.publicKey.recipient !== publicKey.recipient)
        throw unusable('its two halves do not belong together')
      return key
    },
  }
}

function pemKey(text: string): LockedKey {
  if (/^(?:Proc-Type: 4,ENCRYPTED|-----BEGIN ENCRYPTED PRIVATE KEY-----)\r?$/m.test(text)) {
    throw unusable('an encrypted PEM file has to be converted', 'ssh-keygen -p -f <key file>')
  }
  const key = privateKeyOf(importPem(text), '')
  return { publicKey: key.publicKey, encrypted: false, open: async () => key }
}

function importPem(text: string): KeyObject {
  try {
    return createPrivateKey(text)
  } catch (cause) {
    throw unusable('it is neither in OpenSSH nor in PEM format', undefined, cause)
  }
}

function unusable(why: string, hint = 'git teleport init', cause?: unknown): TeleportError {
  return new TeleportError('bad-key', `not a usable private key: ${why}`, { hint, cause })
}
