/** Armoured age files under a passphrase, which `age -d` opens too: how a device key travels by hand. */

import type { Identity } from 'age-encryption'
import { hasCode, TeleportError } from '../errors.ts'
import { openFile } from './age-file.ts'
import { type AgeHeader, parseHeader } from './age-header.ts'

/** Above it, opening takes many seconds and gigabytes. typage draws the same line. */
const maxWorkFactor = 20

/** A key takes some kilobytes. */
const maxText = 256 * 1024

/** `workFactor`: base-2 logarithm of scrypt's cost; 18 takes about a second. */
export async function sealWithPassphrase(
  plain: string,
  passphrase: string,
  workFactor: number,
): Promise<string> {
  const { armor, Encrypter } = await import('age-encryption')
  const encrypter = new Encrypter()
  encrypter.setPassphrase(passphrase)
  encrypter.setScryptWorkFactor(workFactor)
  return armor.encode(await encrypter.encrypt(plain))
}

/** Throws `wrong-passphrase`, or `bad-key` when it is not such a file or damaged. */
export async function openWithPassphrase(text: string, passphrase: string): Promise<string> {
  if (text.length > maxText) throw notExported()
  const { armor, Decrypter } = await import('age-encryption')
  const decrypter = new Decrypter()
  decrypter.addPassphrase(passphrase)
  try {
    const file = armor.decode(text)
    const header = parseHeader(file)
    if (!header || !isPassphraseHeader(header)) throw notExported()
    const unwrapFileKey = () => decrypter.decryptHeader(file.subarray(0, header.size)).catch(() => null)
    const identity: Identity = { unwrapFileKey }
    return Buffer.from(await openFile(identity, file, wrongPassphrase)).toString()
  } catch (error) {
    if (hasCode(error, 'wrong-passphrase') || hasCode(error, 'bad-key')) throw error
    throw notExported(error)
  }
}

/** typage would throw the same for a malformed stanza as for a wrong passphrase. */
function isPassphraseHeader({ stanzas }: AgeHeader): boolean {
  const [type, salt = '', workFactor = ''] = stanzas[0]?.args ?? []
  return (
    stanzas.length === 1 &&
    type === 'scrypt' &&
    /^[A-Za-z0-9+/]{22}$/.test(salt) &&
    /^[1-9][0-9]?$/.test(workFactor) &&
    Number(workFactor) <= maxWorkFactor
  )
}

function wrongPassphrase(): TeleportError {
  return new TeleportError('wrong-passphrase', 'the passphrase does not open the exported key')
}

function notExported(cause?: unknown): TeleportError {
  return new TeleportError(
    'bad-key',
    'not a key that was exported under a passphrase, or damaged on its way',
    {
      hint: 'git teleport key export',
      cause,
    },
  )
}
