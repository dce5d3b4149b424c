/** This machine's key: it signs what the machine pushes and opens what it may read. */

import { generateKeyPairSync } from 'node:crypto'
import type { Identity } from 'age-encryption'
import { hasCode, TeleportError } from '../errors.ts'
import type { DeviceId } from '../model.ts'
import { sshIdentity } from './age-ssh.ts'
import { readPrivateKeyFile, readPublicKeyFile, writeKeyFiles } from './key-files.ts'
import { openWithPassphrase, sealWithPassphrase } from './passphrase-file.ts'
import { signByAgent } from './ssh-agent.ts'
import {
  formatPrivateKey,
  type LockedKey,
  parsePrivateKey,
  privateKeyOf,
  type SshPrivateKey,
} from './ssh-private-key.ts'
import { deviceIdOf, type SshPublicKey } from './ssh-public-key.ts'
import { dataToSign, signatureOf, signSsh } from './sshsig.ts'

export interface DeviceKey {
  readonly id: DeviceId
  readonly publicKey: SshPublicKey
  /** `null` for a key that came as text. */
  readonly path: string | null
  /** Whether nobody will be asked for a passphrase. */
  isUnlocked(): boolean
  /** Asks for the passphrase if that is needed and was not done. Throws `wrong-passphrase`, `passphrase-needed`, `bad-key`. */
  unlock(): Promise<SshPrivateKey>
  /** Armoured SSH signature for git, with an LF at its end. Unlocks, unless an ssh-agent holds the key. */
  sign(payload: Uint8Array): Promise<string>
  /** Opens age files. Unlocks only when a file is meant for this key. */
  readonly openFileKey: Identity
  /** Recipients of the keys that this device had before, and still opens with. */
  readonly earlier?: readonly string[]
}

/** `what` names the key. Rejects with `passphrase-needed` when nobody can be asked. */
export type AskPassphrase = (what: string) => Promise<string>

const attempts = 3

/**
 * Reads a key; its passphrase is asked for at the first use. A `.pub` file beside it must be of the same key. With an
 * ssh-agent that holds the key, signing asks for nothing; and where only the `.pub` file is here (`path` may be that
 * one), the agent signs, and nothing can be decrypted. Throws `no-key`, `key-permissions`, `bad-key`.
 */
export async function loadDeviceKey(
  source: { readonly path: string } | { readonly text: string },
  ask: AskPassphrase,
  agentSocket?: string,
): Promise<DeviceKey> {
  if ('text' in source || agentSocket === undefined) return loadPrivateKey(source, ask, agentSocket)
  const path = source.path.replace(/\.pub$/, '')
  try {
    return await loadPrivateKey({ path }, ask, agentSocket)
  } catch (error) {
    if (!hasCode(error, 'no-key')) throw error
    const publicKey = await readPublicKeyFile(path)
    if (!publicKey) throw error
    const unlock = () => Promise.reject(onlyPublic(path))
    return deviceKey({ path: `${path}.pub`, publicKey, unlocked: undefined, unlock, agentSocket })
  }
}

async function loadPrivateKey(
  source: { readonly path: string } | { readonly text: string },
  ask: AskPassphrase,
  agentSocket: string | undefined,
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
  return deviceKey({ path, publicKey, unlocked, unlock: () => askAndOpen(locked, path, ask), agentSocket })
}

/** Makes an ed25519 key and writes `path` (0600) and `path.pub`. Throws `key-exists`, `bad-key` for an odd comment. */
export async function generateDeviceKey(
  path: string,
  options: { readonly comment: string; readonly passphrase?: string },
): Promise<DeviceKey> {
  const key = privateKeyOf(generateKeyPairSync('ed25519').privateKey, options.comment)
  await writeKeyFiles(path, await formatPrivateKey(key, options.passphrase), key.publicKey)
  const { publicKey } = key
  return deviceKey({ path, publicKey, unlocked: key, unlock: async () => key, agentSocket: undefined })
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
  readonly agentSocket: string | undefined
}

/** Two uses at once ask once; after a failure the next use asks again. */
function deviceKey({ path, publicKey, unlocked, unlock, agentSocket }: Parts): DeviceKey {
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
    async sign(payload) {
      const byAgent =
        key || agentSocket === undefined
          ? null
          : await signByAgent(agentSocket, publicKey, dataToSign(payload))
      return byAgent ? signatureOf(publicKey, payload, byAgent) : signSsh(await unlockOnce(), payload)
    },
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

function onlyPublic(path: string): TeleportError {
  return new TeleportError(
    'no-key',
    `only the public half of the key ${path} is here, and no ssh-agent can stand in: it signs, but it does not decrypt`,
    { hint: `ssh-add '${path}' to push; to read sessions, bring the private key: git teleport key import` },
  )
}
