/** What is encrypted to devices themselves, not to a session's identity. */

import { TeleportError } from '../errors.ts'
import { openFileStream, sealFileStream } from './age-file.ts'
import { sshRecipient } from './age-ssh.ts'
import type { DeviceKey } from './device-key.ts'
import { parseSshPublicKey } from './ssh-public-key.ts'

/** `devices`: at least one `type base64`. Throws `bad-key` for any other string. */
export function sealForDevices(
  devices: readonly string[],
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const recipients = devices.map((device) => sshRecipient(parseSshPublicKey(device)))
  return sealFileStream(recipients, source)
}

/** Throws `not-a-reader`, `damaged-bundle` and what unlocking throws. Only the end says that nothing is missing. */
export function openForDevice(
  device: DeviceKey,
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  return openFileStream(
    device.openFileKey,
    source,
    () => new TeleportError('not-a-reader', 'it is not encrypted to the key of this machine'),
  )
}
