/**
 * The file format of OpenSSH private keys
 * (https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.key), around the private part.
 */

import { randomBytes } from 'node:crypto'
import { TeleportError } from '../errors.ts'
import { armour, dearmour } from './armour.ts'
import { joinBytes } from './join-bytes.ts'
import {
  cipherBlockBytes,
  cipherTagBytes,
  decryptPrivatePart,
  encryptPrivatePart,
  isCipherName,
  type KeyCipher,
  newKeyCipher,
} from './key-cipher.ts'
import { readWire, wireString, wireU32 } from './ssh-wire.ts'

export interface OpenSshKeyFile {
  /** The public key's binary form, readable without the passphrase. */
  readonly blob: Uint8Array
  readonly encrypted: boolean
  /** Type, numbers, comment and padding; `undefined` when the passphrase is wrong. Throws `bad-key`. */
  open(passphrase: string): Promise<Uint8Array | undefined>
}

const label = 'OPENSSH PRIVATE KEY'
const magic = Buffer.from('openssh-key-v1\0')

/** `undefined` when the text does not say that it is such a file; throws `bad-key` when it does and is not. */
export function parseOpenSshKeyFile(text: string): OpenSshKeyFile | undefined {
  if (!text.startsWith(`-----BEGIN ${label}-----`)) return undefined
  const bytes = dearmour(label, text)
  if (!bytes) throw damaged()
  const wire = readWire(bytes, damaged)
  if (!magic.equals(wire.raw(magic.length))) throw damaged()
  const cipher = parseCipher(wire.name(), wire.name(), wire.string())
  if (wire.u32() !== 1) throw damaged()
  const blob = wire.string()
  const sealed = wire.string()
  const tag = wire.raw(cipher ? cipherTagBytes(cipher.name) : 0)
  wire.end()
  if (sealed.length % (cipher ? cipherBlockBytes(cipher.name) : 8) !== 0) throw damaged()
  return {
    blob,
    encrypted: cipher !== undefined,
    async open(passphrase) {
      if (!cipher) return checked(sealed)
      const plain = await decryptPrivatePart(cipher, passphrase, sealed, tag)
      return plain && checked(plain)
    },
  }
}

/** The text of a file that `ssh-keygen` reads. `part`: type, numbers and comment, without padding. An empty passphrase is none. */
export async function formatOpenSshKeyFile(
  blob: Uint8Array,
  part: Uint8Array,
  passphrase: string | undefined,
): Promise<string> {
  const cipher = passphrase ? newKeyCipher(randomBytes(16)) : undefined
  const check = randomBytes(4)
  const unpadded = joinBytes([check, check, part])
  const block = cipher ? 16 : 8
  const padding = Uint8Array.from({ length: (block - (unpadded.length % block)) % block }, (_, at) => at + 1)
  const plain = joinBytes([unpadded, padding])
  const sealed = cipher && passphrase ? await encryptPrivatePart(cipher, passphrase, plain) : plain
  const file = [
    magic,
    wireString(cipher?.name ?? 'none'),
    wireString(cipher ? 'bcrypt' : 'none'),
    wireString(cipher?.options ?? ''),
    wireU32(1),
    wireString(blob),
    wireString(sealed),
  ]
  return armour(label, joinBytes(file))
}

function parseCipher(name: string, derivation: string, options: Uint8Array): KeyCipher | undefined {
  if (name === 'none' && derivation === 'none' && options.length === 0) return undefined
  if (derivation === 'bcrypt' && isCipherName(name)) return { name, options }
  throw new TeleportError('bad-key', `a private key encrypted with "${name}" cannot be read`, {
    hint: 'ssh-keygen -p -Z aes256-ctr -f <key file>',
  })
}

/** The two check words are equal if the passphrase was right. */
function checked(plain: Uint8Array): Uint8Array | undefined {
  const wire = readWire(plain, damaged)
  const [first, second] = [wire.u32(), wire.u32()]
  return first === second ? wire.rest() : undefined
}

function damaged(): TeleportError {
  return new TeleportError('bad-key', 'the private key file is damaged')
}
