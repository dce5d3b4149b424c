/** Which key this machine uses, and which devices are one's own. */

import path from 'node:path'
import { type DeviceKey, loadDeviceKey } from '../crypto/device-key.ts'
import { withOldKeys } from '../crypto/old-keys.ts'
import { parseSshPublicKey } from '../crypto/ssh-public-key.ts'
import { TeleportError } from '../errors.ts'
import { globalConfigValue, mayHaveGlobalConfig, type UserRepo } from '../git-store/user-repo.ts'
import { readOwnDevices } from '../trust/own-devices.ts'
import { userFolder } from './user-folder.ts'
import type { World } from './world.ts'

export function defaultKeyPath(world: World): string {
  return path.join(userFolder(world), 'id_ed25519')
}

export function ownDevicesPath(world: World): string {
  return path.join(userFolder(world), 'own_devices')
}

/** Key text or path, in the order: environment, the user's git config, the default place. `repo` saves a process. */
export async function keySource(
  world: World,
  repo?: UserRepo,
): Promise<{ readonly path: string } | { readonly text: string }> {
  const text = world.env['GIT_TELEPORT_IDENTITY']
  if (text) return { text }
  const named = world.env['GIT_TELEPORT_IDENTITY_FILE']
  if (named) return { path: path.resolve(world.cwd, named) }
  const perhaps = repo === undefined || (await mayHaveGlobalConfig(repo, 'teleport.key'))
  const configured = perhaps ? await globalConfigValue(world.env, 'teleport.key') : undefined
  return { path: configured ?? defaultKeyPath(world) }
}

/** This machine's device key. Throws `no-key` with the way to get one. `repo` saves a process. */
export async function loadDevice(world: World, repo?: UserRepo): Promise<DeviceKey> {
  const agent = world.env['SSH_AUTH_SOCK'] || undefined
  const device = await loadDeviceKey(await keySource(world, repo), world.askPassphrase, agent)
  return withOldKeys(device, world.askPassphrase)
}

/** This machine's key as a reader, without opening it; null when there is none that can be used. */
export async function keyRecipient(world: World, repo?: UserRepo): Promise<string | null> {
  try {
    return (await loadDevice(world, repo)).publicKey.recipient
  } catch (error) {
    if (error instanceof TeleportError) return null
    throw error
  }
}

/** Recipients of all own devices, this one and the keys that it had before included, sorted: what they signed is one's own. */
export async function ownRecipients(world: World, device: DeviceKey): Promise<readonly string[]> {
  const lines = await readOwnDevices(ownDevicesPath(world))
  const others = lines.map((line) => parseOwnDevice(line).recipient)
  return [...new Set([device.publicKey.recipient, ...(device.earlier ?? []), ...others])].sort()
}

export function parseOwnDevice(line: string): ReturnType<typeof parseSshPublicKey> {
  try {
    return parseSshPublicKey(line)
  } catch (error) {
    throw new TeleportError('bad-key', `the list of own devices holds a line that is no SSH public key`, {
      hint: 'git teleport key show',
      cause: error,
    })
  }
}
