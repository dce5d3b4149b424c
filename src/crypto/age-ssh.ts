/** SSH keys as age recipients and identities, for typage's interface; `age` and `rage` read and write the same. */

import { createHash } from 'node:crypto'
import type { Identity, Recipient, Stanza } from 'age-encryption'
import { TeleportError } from '../errors.ts'
import { ed25519Share, unwrapEd25519, wrapEd25519 } from './age-ssh-ed25519.ts'
import { unwrapRsa, wrapRsa } from './age-ssh-rsa.ts'
import { encodeBareBase64 } from './base64.ts'
import type { SshPrivateKey } from './ssh-private-key.ts'
import type { SshPublicKey } from './ssh-public-key.ts'

/** Wrapping throws `bad-key` when the key cannot be encrypted to. */
export function sshRecipient(reader: SshPublicKey): Recipient {
  const tag = tagOf(reader)
  return {
    async wrapFileKey(fileKey) {
      const rsa = reader.type === 'ssh-rsa'
      return [rsa ? wrapRsa(reader, tag, fileKey) : await wrapEd25519(reader, tag, fileKey)]
    },
  }
}

/**
 * `unlock` is called only when a stanza carries this key's tag, so that nobody is asked for a passphrase in vain.
 * Throws `damaged-bundle` for a malformed stanza of this key's type, and what `unlock` throws.
 */
export function sshIdentity(own: SshPublicKey, unlock: () => Promise<SshPrivateKey>): Identity {
  const tag = tagOf(own)
  return {
    async unwrapFileKey(stanzas) {
      const mine = stanzas.filter((stanza) => stanza.args[0] === own.type && checked(stanza).args[1] === tag)
      if (mine.length === 0) return null
      const { secret } = await unlock()
      for (const stanza of mine) {
        const fileKey =
          own.type === 'ssh-rsa' ? unwrapRsa(secret, stanza) : unwrapEd25519(own, secret, stanza)
        if (fileKey) return fileKey
      }
      return null
    },
  }
}

function checked(stanza: Stanza): Stanza {
  if (stanza.args[0] === 'ssh-ed25519') ed25519Share(stanza)
  if (stanza.args[0] === 'ssh-rsa' && stanza.args.length !== 2) {
    throw new TeleportError('damaged-bundle', 'an ssh-rsa stanza is malformed')
  }
  return stanza
}

function tagOf(key: SshPublicKey): string {
  return encodeBareBase64(createHash('sha256').update(key.blob).digest().subarray(0, 4))
}
