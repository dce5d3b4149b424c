/** This machine's key: it signs what the machine pushes and opens what it may read. */

import { generateKeyPairSync } from 'node:crypto'
import type { Identity } from 'age-encryption'
import { TeleportError } from '../errors.ts'
import type { DeviceId } from '../model.ts'
import { sshIdentity } from './age-ssh.ts'
import { readPrivateKeyFile, readPublicKeyFile, writeKeyFiles } from './key-files.ts'
import { openWithPassphrase, sealWithPassphrase } from './passphrase-file.ts'
import {
  formatPrivateKey,
  type LockedKey,
  parsePrivateKey,
  privateKeyOf,
  type SshPrivateKey,
} from './ssh-private-key.ts'
import { deviceIdOf, type SshPublicKey } from './ssh-public-key.ts'
import { signSsh } from './sshsig.ts'

export interface DeviceKey {
  readonly id: DeviceId
  readonly publicKey: SshPublicKey
  /** `null` for a key that came as text. */
  readonly path: string | null
  /** Whether nobody will be asked for a passphrase. */
  isUnlocked(): boolean
  /** Asks for the passphrase if that is needed and was not done. Throws `wrong-passphrase`, `passphrase-needed`, `bad-key`. */
  unlock(): Promise<SshPrivateKey>
  /** Armoured SSH signature for git, with an LF at its end. Unlocks. */
  sign(payload: Uint8Array): Promise<string>
  /** Opens age files. Unlocks only when a file is meant for this key. */
  readonly openFileKey: Identity
}

/** `what` names the key. Rejects with `passphrase-needed` when nobody can be asked. */
export type AskPassphrase = (what: string) => Promise<string>

const attempts = 3

/**
 * Reads a key; its passphrase is asked for at the first use. A `.pub` file beside it must be of the same key.
 * Throws `no-key`, `key-permissions`, `bad-key`.
 */
export async function loadDeviceKey(
  source: { readonly path: string } | { readonly text: string },
  ask: AskPassphrase,
): Promise<DeviceKey> {
  const path = 'path' in source ? source.path : null
  const locked = parsePrivateKey(
    'path' in source ? await readPrivateKeyFile(source.path) : source.text.trim(),
  )
  const beside = path === null ? undefined : await readPublicKeyFile(path)
  if (beside && beside.recipient !== locked.publicKey.recipient) {
    throw new TeleportError('bad-key', `${path}.pub is not the public key of ${path}`, {
      hint: `ssh-keygen -y -f '${path}' > '${path}.pub'`,
    })
  }
  const unlocked = locked.encrypted ? undefined : await locked.open('')
  const publicKey = beside ?? unlocked?.publicKey ?? locked.publicKey
  return deviceKey({ path, publicKey, unlocked, unlock: () => askAndOpen(locked, path, ask) })
}

/** Makes an ed25519 key and writes `path` (0600) and `path.pub`. Throws `key-exists`, `bad-key` for an odd comment. */
export async function generateDeviceKey(
  path: string,
  options: { readonly comment: string; readonly passphrase?: string },
): Promise<DeviceKey> {
  const key = privateKeyOf(generateKeyPairSync('ed25519').privateKey, options.comment)
  await writeKeyFiles(path, await formatPrivateKey(key, options.passphrase), key.publicKey)
  return deviceKey({ path, publicKey: key.publicKey, unlocked: key, unlock: async () => key })
}

/** The private key as armoured age text under `passphrase`. `workFactor` as age's scrypt has it. Unlocks. */
export async function exportKey(
  key: DeviceKey,
  passphrase: string,
  options: { readonly workFactor?: number } = {},
): Promise<string> {
  if (passphrase === '') throw new TeleportError('passphrase-needed', 'a key is exported under a passphrase')
  const { secret } = await key.unlock()
  const text = await formatPrivateKey({ secret, publicKey: key.publicKey })
  return sealWithPassphrase(text, passphrase, options.workFactor ?? 18)
}

/** What `exportKey` made. Throws `wrong-passphrase`, `bad-key`. */
export async function importKey(
  text: string,
  passphrase: string,
): Promise<{ privateKey: string; publicKey: SshPublicKey }> {
  const locked = parsePrivateKey(await openWithPassphrase(text, passphrase))
  const key = locked.encrypted ? undefined : await locked.open('')
  if (!key) throw new TeleportError('bad-key', 'the exported key is itself under a passphrase')
  return { privateKey: await formatPrivateKey(key), publicKey: key.publicKey }
}

/** Writes an imported key where `loadDeviceKey` finds it. Throws `key-exists`. */
export function writeDeviceKey(path: string, privateKey: string, publicKey: SshPublicKey): Promise<void> {
  return writeKeyFiles(path, privateKey, publicKey)
}

interface Parts {
  readonly path: string | null
  readonly publicKey: SshPublicKey
  readonly unlocked: SshPrivateKey | undefined
  readonly unlock: () => Promise<SshPrivateKey>
}

/** Two uses at once ask once; after a failure the next use asks again. */
function deviceKey({ path, publicKey, unlocked, unlock }: Parts): DeviceKey {
  let key = unlocked
  let asking: Promise<SshPrivateKey> | undefined
  const unlockOnce = async () => {
    if (key) return key
    asking ??= unlock().finally(() => {
      asking = undefined
    })
    key = await asking
    return key
  }
  return {
    id: deviceIdOf(publicKey.blob),
    publicKey,
    path,
    isUnlocked: () => key !== undefined,
    unlock: unlockOnce,
    sign: async (payload) => signSsh(await unlockOnce(), payload),
    openFileKey: sshIdentity(publicKey, unlockOnce),
  }
}

async function askAndOpen(
  locked: LockedKey,
  path: string | null,
  ask: AskPassphrase,
): Promise<SshPrivateKey> {
  const what = path === null ? 'the device key' : `the key ${path}`
  for (let attempt = 0; attempt < attempts; attempt++) {
    const key = await locked.open(await ask(what))
    if (key) return key
  }
  throw new TeleportError('wrong-passphrase', `the passphrase does not open ${what}`)
}
