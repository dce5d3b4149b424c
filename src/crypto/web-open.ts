/** Opens age files with what browsers have: typage on Web Crypto. The program itself uses node:crypto, which is faster. Pure. */

import { Decrypter } from 'age-encryption'
import { TeleportError } from '../errors.ts'

/** `identity`: `AGE-SECRET-KEY-1…`. Throws `bad-key` for another text, `not-a-reader` where the file is not for it. */
export async function openInBrowser(identity: string, sealed: Uint8Array): Promise<Uint8Array> {
  const decrypter = new Decrypter()
  try {
    decrypter.addIdentity(identity)
  } catch (cause) {
    throw new TeleportError('bad-key', 'not an age identity of the form AGE-SECRET-KEY-1…', { cause })
  }
  try {
    return await decrypter.decrypt(sealed)
  } catch (cause) {
    throw new TeleportError('not-a-reader', 'the file does not open with this identity', { cause })
  }
}
