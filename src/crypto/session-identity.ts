/** The age identity that every session has of its own, and `key.age`, which is that identity encrypted to the readers. */

import { randomBytes } from 'node:crypto'
import type { Recipient } from 'age-encryption'
import { TeleportError } from '../errors.ts'
import { openFile, sealFile } from './age-file.ts'
import { headerLimits } from './age-header.ts'
import { sshRecipient } from './age-ssh.ts'
import {
  formatX25519Identity,
  formatX25519Recipient,
  parseX25519Identity,
  x25519Recipient,
} from './age-x25519.ts'
import type { DeviceKey } from './device-key.ts'
import { parseSshPublicKey } from './ssh-public-key.ts'

export interface AgeIdentity {
  /** `AGE-SECRET-KEY-1…` */
  readonly identity: string
  /** `age1…` */
  readonly recipient: string
}

/** Largest `key.age` that is looked at. */
export const maxKeyFileBytes = 512 * 1024

export async function newIdentity(): Promise<AgeIdentity> {
  return ageIdentity(formatX25519Identity(randomBytes(32)))
}

/**
 * `key.age`: the identity as the text of an age identity file, encrypted to every reader (`type base64` or `age1…`).
 * Throws `bad-key` for no readers, too many, one that cannot be encrypted to, and post-quantum beside other ones.
 */
export async function sealIdentity(identity: string, readers: readonly string[]): Promise<Uint8Array> {
  const unique = [...new Set(readers)]
  if (unique.length === 0 || unique.length > headerLimits.stanzas) {
    throw new TeleportError(
      'bad-key',
      `a session has 1 to ${headerLimits.stanzas} readers, not ${unique.length}`,
    )
  }
  const plain = Buffer.from(`${ageIdentity(identity).identity}\n`)
  const postQuantum = unique.filter(isPostQuantum)
  if (postQuantum.length === 0) return checkSize(await sealFile(unique.map(recipientOf), plain))
  if (postQuantum.length < unique.length) throw mixed()
  return checkSize(await sealPostQuantum(unique, plain))
}

/**
 * Opens `key.age` with the device's key, which may ask for a passphrase.
 * Throws `not-a-reader`, `damaged-bundle`, and what unlocking throws.
 */
export async function openIdentity(keyAge: Uint8Array, device: DeviceKey): Promise<AgeIdentity> {
  if (keyAge.length > maxKeyFileBytes) throw damaged()
  const plain = await openFile(device.openFileKey, keyAge, () => notAReader(device))
  try {
    return ageIdentity(Buffer.from(plain).toString('latin1').replace(/\n$/, ''))
  } catch (cause) {
    throw damaged(cause)
  }
}

function ageIdentity(identity: string): AgeIdentity {
  return { identity, recipient: formatX25519Recipient(parseX25519Identity(identity)) }
}

function recipientOf(reader: string): Recipient {
  return reader.startsWith('age1') ? x25519Recipient(reader) : sshRecipient(parseSshPublicKey(reader))
}

function isPostQuantum(reader: string): boolean {
  return reader.startsWith('age1pq1')
}

/** typage alone knows these recipients. It costs 50 ms to import, so not before they are used. */
async function sealPostQuantum(readers: readonly string[], plain: Uint8Array): Promise<Uint8Array> {
  const { Encrypter } = await import('age-encryption')
  const encrypter = new Encrypter()
  try {
    for (const reader of readers) encrypter.addRecipient(reader)
    return await encrypter.encrypt(plain)
  } catch (cause) {
    throw new TeleportError('bad-key', 'a post-quantum recipient (age1pq1…) cannot be used', { cause })
  }
}

function checkSize(keyAge: Uint8Array): Uint8Array {
  if (keyAge.length <= headerLimits.bytes) return keyAge
  throw new TeleportError('bad-key', 'the readers have too many or too large keys for one session')
}

/** One reader of the older kind would void what the others are protected from; age refuses such files too. */
function mixed(): TeleportError {
  return new TeleportError('bad-key', 'post-quantum readers (age1pq1…) cannot be mixed with any others', {
    hint: 'leave them out, or make every reader of the session post-quantum',
  })
}

function notAReader({ publicKey }: DeviceKey): TeleportError {
  return new TeleportError('not-a-reader', "the session is not encrypted to this machine's key", {
    hint: `its owner lets it in with: git teleport key trust "${publicKey.recipient}", then git teleport push`,
  })
}

function damaged(cause?: unknown): TeleportError {
  return new TeleportError('damaged-bundle', "the session's key.age does not hold an age identity", { cause })
}
