/** `key` and `init`: this machine's device key, and the list of one's own other devices. */

import {
  type DeviceKey,
  exportKey,
  generateDeviceKey,
  importKey,
  loadDeviceKey,
  writeDeviceKey,
} from '../crypto/device-key.ts'
import { deviceIdOf, parseSshPublicKey, type SshPublicKey } from '../crypto/ssh-public-key.ts'
import { hasCode, TeleportError } from '../errors.ts'
import { setGlobalConfig } from '../git-store/user-repo.ts'
import type { DeviceId } from '../model.ts'
import { addOwnDevice, readOwnDevices } from '../trust/own-devices.ts'
import { defaultKeyPath, keySource, loadDevice, ownDevicesPath, parseOwnDevice } from './device.ts'
import type { World } from './world.ts'

export interface ShownKey {
  readonly device: DeviceId
  /** `type base64 comment`: safe to give to anyone. */
  readonly publicKey: string
  /** Null when the key comes from the environment. */
  readonly path: string | null
  readonly others: readonly { readonly device: DeviceId; readonly publicKey: string }[]
}

export interface InitOptions {
  /** An existing key file to use instead of making one. */
  readonly keyFile?: string | undefined
  readonly passphrase?: string | undefined
}

/** Makes or chooses this machine's key. A key that is there already is kept and shown. */
export async function initDevice(
  world: World,
  options: InitOptions,
): Promise<ShownKey & { readonly made: boolean }> {
  if (options.keyFile !== undefined) return { ...(await chooseKey(world, options.keyFile)), made: false }
  const existing = await loadDevice(world).catch((error: unknown) => {
    if (hasCode(error, 'no-key')) return null
    throw error
  })
  if (existing) return { ...(await describe(world, existing)), made: false }
  const passphrase = options.passphrase === undefined ? {} : { passphrase: options.passphrase }
  const key = await generateDeviceKey(defaultKeyPath(world), { comment: keyComment(world), ...passphrase })
  return { ...(await describe(world, key)), made: true }
}

/** The path is remembered in the user's own git configuration, never in the repository's. */
async function chooseKey(world: World, path: string): Promise<ShownKey> {
  const agent = world.env['SSH_AUTH_SOCK'] || undefined
  const key = await loadDeviceKey({ path }, world.askPassphrase, agent)
  await setGlobalConfig(world.env, 'teleport.key', path)
  return describe(world, key)
}

export async function showKey(world: World): Promise<ShownKey> {
  return describe(world, await loadDevice(world))
}

/** Device id, or null when there is no usable key. */
export async function keyState(world: World): Promise<DeviceId | null> {
  try {
    return (await loadDevice(world)).id
  } catch (error) {
    if (error instanceof TeleportError) return null
    throw error
  }
}

/** A text that `key import` reads on another machine, encrypted with a passphrase. */
export async function exportDeviceKey(world: World, passphrase: string): Promise<string> {
  return exportKey(await loadDevice(world), passphrase)
}

/** Makes the exported key this machine's own: both machines are then the same device. */
export async function importDeviceKey(world: World, text: string, passphrase: string): Promise<ShownKey> {
  const { privateKey, publicKey } = await importKey(text, passphrase)
  const path = defaultKeyPath(world)
  await writeDeviceKey(path, privateKey, publicKey)
  return describe(world, await loadDeviceKey({ path }, world.askPassphrase))
}

/** Counts another device as one's own: what it signs is believed, and what is pushed can be read on it. */
export async function trustKey(
  world: World,
  line: string,
): Promise<{ readonly device: DeviceId; readonly added: boolean }> {
  const key = parseSshPublicKey(line)
  const device = deviceIdOf(key.blob)
  const known = (await readOwnDevices(ownDevicesPath(world))).map((each) => parseOwnDevice(each).recipient)
  if (known.includes(key.recipient)) return { device, added: false }
  await addOwnDevice(ownDevicesPath(world), formatLine(key))
  return { device, added: true }
}

async function describe(world: World, key: DeviceKey): Promise<ShownKey> {
  const source = await keySource(world)
  const others = (await readOwnDevices(ownDevicesPath(world))).map(parseOwnDevice)
  return {
    device: key.id,
    publicKey: formatLine(key.publicKey),
    path: 'path' in source ? source.path : null,
    others: others
      .filter((other) => other.recipient !== key.publicKey.recipient)
      .map((other) => ({ device: deviceIdOf(other.blob), publicKey: formatLine(other) })),
  }
}

function formatLine(key: SshPublicKey): string {
  return key.comment === '' ? key.recipient : `${key.recipient} ${key.comment}`
}

/** What tells this machine's keys apart, for people. */
export function keyComment(world: World): string {
  return `git-teleport@${world.hostname.replace(/[^A-Za-z0-9.-]/g, '-')}`
}
