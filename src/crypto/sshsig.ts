/**
 * SSH signatures over git objects, made and checked without `ssh-keygen`
 * (https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig). Pure.
 */

import { createHash, sign, verify } from 'node:crypto'
import { TeleportError } from '../errors.ts'
import { armour, dearmour } from './armour.ts'
import { joinBytes } from './join-bytes.ts'
import type { SshPrivateKey } from './ssh-private-key.ts'
import { publicKeyObject, type SshPublicKey, sshPublicKeyOf } from './ssh-public-key.ts'
import { readWire, wireString, wireU32 } from './ssh-wire.ts'

const label = 'SSH SIGNATURE'
const magic = Buffer.from('SSHSIG')
/** git uses it for commits and tags alike; that a commit is ours is said by its trailers. */
const namespace = 'git'
const maxText = 64 * 1024

/** Signature algorithm to the digest that Node signs with; ed25519 has its own. SHA-1 is not among them. */
const digests = { 'ssh-ed25519': null, 'rsa-sha2-512': 'sha512', 'rsa-sha2-256': 'sha256' } as const

/** Armoured, namespace `git`, SHA-512, LF at the end. */
export function signSsh({ publicKey, secret }: SshPrivateKey, payload: Uint8Array): string {
  const algorithm = publicKey.type === 'ssh-rsa' ? 'rsa-sha2-512' : 'ssh-ed25519'
  const raw = sign(digests[algorithm], dataToSign(payload), secret)
  return armoured(publicKey, joinBytes([wireString(algorithm), wireString(raw)]))
}

/** What somebody else who holds the key, such as an agent, has to sign for `payload`. */
export function dataToSign(payload: Uint8Array): Uint8Array {
  return signedBytes('sha512', payload)
}

/**
 * The armoured signature around what an agent made of `dataToSign(payload)`: algorithm and raw signature in SSH's
 * encoding. Throws `bad-signature` when it is not one by this key over this payload.
 */
export function signatureOf(publicKey: SshPublicKey, payload: Uint8Array, inner: Uint8Array): string {
  const text = armoured(publicKey, inner)
  verifySshSignature(text, payload)
  return text
}

function armoured(publicKey: SshPublicKey, inner: Uint8Array): string {
  const parts = [
    magic,
    wireU32(1),
    wireString(publicKey.blob),
    wireString(namespace),
    wireString(''),
    wireString('sha512'),
    wireString(inner),
  ]
  return armour(label, joinBytes(parts))
}

/**
 * The key that signed `payload`, which says nothing yet about whose key it is.
 * Throws `bad-signature` for a wrong signature, another namespace, SHA-1, other key types and other armour.
 */
export function verifySshSignature(armoured: string, payload: Uint8Array): SshPublicKey {
  const bytes = armoured.length <= maxText ? dearmour(label, armoured) : undefined
  if (!bytes) throw malformed()
  const { signer, hash, algorithm, raw } = parseSignature(bytes)
  if ((signer.type === 'ssh-ed25519') !== (algorithm === 'ssh-ed25519')) throw malformed()
  if (!verify(digests[algorithm], signedBytes(hash, payload), publicKeyObject(signer), raw)) {
    throw new TeleportError('bad-signature', 'the signature does not match what was signed')
  }
  return signer
}

interface Signature {
  readonly signer: SshPublicKey
  readonly hash: 'sha256' | 'sha512'
  readonly algorithm: keyof typeof digests
  readonly raw: Uint8Array
}

function parseSignature(bytes: Uint8Array): Signature {
  const wire = readWire(bytes, malformed)
  if (!magic.equals(wire.raw(magic.length)) || wire.u32() !== 1) throw malformed()
  const signer = parseSigner(wire.string())
  if (wire.name() !== namespace) throw malformed()
  if (wire.string().length !== 0) throw malformed()
  const hash = wire.name()
  if (hash !== 'sha512' && hash !== 'sha256') throw malformed()
  const inner = readWire(wire.string(), malformed)
  wire.end()
  const algorithm = inner.name()
  const raw = inner.string()
  inner.end()
  if (!isAlgorithm(algorithm)) throw malformed()
  return { signer, hash, algorithm, raw }
}

function parseSigner(blob: Uint8Array): SshPublicKey {
  try {
    return sshPublicKeyOf(blob)
  } catch (cause) {
    throw new TeleportError('bad-signature', 'the signature is by a key that cannot belong to a device', {
      cause,
    })
  }
}

function isAlgorithm(name: string): name is keyof typeof digests {
  return Object.hasOwn(digests, name)
}

/** Not the message but its hash is signed, together with what it is meant for. */
function signedBytes(hash: 'sha256' | 'sha512', payload: Uint8Array): Uint8Array {
  const digest = createHash(hash).update(payload).digest()
  return joinBytes([magic, wireString(namespace), wireString(''), wireString(hash), wireString(digest)])
}

function malformed(): TeleportError {
  return new TeleportError('bad-signature', 'not an SSH signature of a git object')
}
