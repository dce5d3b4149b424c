/** age's `ssh-rsa` stanzas: RSA-OAEP with SHA-256 (https://github.com/FiloSottile/age/tree/main/agessh). Pure. */

import { constants, type KeyObject, privateDecrypt, publicEncrypt } from 'node:crypto'
import type { Stanza } from 'age-encryption'
import { publicKeyObject, type SshPublicKey } from './ssh-public-key.ts'

const oaep = {
  padding: constants.RSA_PKCS1_OAEP_PADDING,
  oaepHash: 'sha256',
  oaepLabel: Buffer.from('age-encryption.org/v1/ssh-rsa'),
} as const

export function wrapRsa(reader: SshPublicKey, tag: string, fileKey: Uint8Array): Stanza {
  const body = publicEncrypt({ key: publicKeyObject(reader), ...oaep }, fileKey)
  return { args: ['ssh-rsa', tag], body: new Uint8Array(body) }
}

/** `null` when the body does not open: damaged, or another key with the same 32-bit tag. */
export function unwrapRsa(secret: KeyObject, stanza: Stanza): Uint8Array | null {
  try {
    return privateDecrypt({ key: secret, ...oaep }, stanza.body)
  } catch {
    return null
  }
}
