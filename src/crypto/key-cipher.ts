/** The ciphers of OpenSSH private key files, keyed from a passphrase by bcrypt. */

import { createCipheriv, createDecipheriv } from 'node:crypto'
import { TeleportError } from '../errors.ts'
import { joinBytes } from './join-bytes.ts'
import { openOpenSshChacha } from './openssh-chacha.ts'
import { readWire, wireString, wireU32 } from './ssh-wire.ts'

const ciphers = {
  'aes256-ctr': { keyBytes: 32, ivBytes: 16, tagBytes: 0, blockBytes: 16 },
  'aes256-gcm@openssh.com': { keyBytes: 32, ivBytes: 12, tagBytes: 16, blockBytes: 16 },
  'chacha20-poly1305@openssh.com': { keyBytes: 64, ivBytes: 0, tagBytes: 16, blockBytes: 8 },
} as const

export type CipherName = keyof typeof ciphers

/** What a key file says about its encryption; `options` are bcrypt's salt and rounds. */
export interface KeyCipher {
  readonly name: CipherName
  readonly options: Uint8Array
}

/** `ssh-keygen`'s own default: about 0.2 s. */
const defaultRounds = 16
/** Some minutes; a file that asks for more is not a key somebody uses. */
const maxRounds = 10_000

export function isCipherName(name: string): name is CipherName {
  return Object.hasOwn(ciphers, name)
}

/** How many bytes of authentication follow the private part in the file. */
export function cipherTagBytes(name: CipherName): number {
  return ciphers[name].tagBytes
}

/** What the private part is padded to. */
export function cipherBlockBytes(name: CipherName): number {
  return ciphers[name].blockBytes
}

/** As `ssh-keygen` encrypts by default; `salt` is random, 16 bytes. */
export function newKeyCipher(salt: Uint8Array): KeyCipher {
  return { name: 'aes256-ctr', options: joinBytes([wireString(salt), wireU32(defaultRounds)]) }
}

/** For `aes256-ctr` only. */
export async function encryptPrivatePart(
  cipher: KeyCipher,
  passphrase: string,
  plain: Uint8Array,
): Promise<Uint8Array> {
  const { key, iv } = await deriveKey(cipher, passphrase)
  const encryption = createCipheriv('aes-256-ctr', key, iv)
  return joinBytes([encryption.update(plain), encryption.final()])
}

/** `undefined` when the tag says that the passphrase is wrong; without a tag a wrong one gives noise. */
export async function decryptPrivatePart(
  cipher: KeyCipher,
  passphrase: string,
  sealed: Uint8Array,
  tag: Uint8Array,
): Promise<Uint8Array | undefined> {
  if (passphrase === '') return undefined
  const { key, iv } = await deriveKey(cipher, passphrase)
  if (cipher.name === 'aes256-ctr') return createDecipheriv('aes-256-ctr', key, iv).update(sealed)
  if (cipher.name === 'chacha20-poly1305@openssh.com') return openOpenSshChacha(key, sealed, tag)
  const decryption = createDecipheriv('aes-256-gcm', key, iv)
  decryption.setAuthTag(tag)
  const plain = decryption.update(sealed)
  try {
    decryption.final()
  } catch {
    return undefined
  }
  return plain
}

async function deriveKey(
  { name, options }: KeyCipher,
  passphrase: string,
): Promise<{ key: Uint8Array; iv: Uint8Array }> {
  const wire = readWire(options, badOptions)
  const salt = wire.string()
  const rounds = wire.u32()
  wire.end()
  if (rounds < 1 || rounds > maxRounds) throw badOptions()
  // The default export: a CommonJS module has no other once it is bundled.
  const { default: bcrypt } = await import('bcrypt-pbkdf')
  const secret = Buffer.from(passphrase)
  const { keyBytes, ivBytes } = ciphers[name]
  const derived = new Uint8Array(keyBytes + ivBytes)
  if (bcrypt.pbkdf(secret, secret.length, salt, salt.length, derived, derived.length, rounds) !== 0)
    throw badOptions()
  return { key: derived.subarray(0, keyBytes), iv: derived.subarray(keyBytes) }
}

function badOptions(): TeleportError {
  return new TeleportError('bad-key', 'the private key file has damaged encryption parameters')
}
