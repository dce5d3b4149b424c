/** Keys that were replaced and are kept, so that what was encrypted to them still opens. */

import { readdir, rename } from 'node:fs/promises'
import path from 'node:path'
import { errnoOf, fileError, TeleportError } from '../errors.ts'
import { type AskPassphrase, type DeviceKey, loadDeviceKey } from './device-key.ts'
import { readPublicKeyFile } from './key-files.ts'

/** Paths of the private keys that `retireKeyFile` put aside, newest first. */
export async function oldKeyFiles(file: string): Promise<readonly string[]> {
  const prefix = `${path.basename(file)}.old-`
  const names = await readdir(path.dirname(file)).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return []
    throw fileError(error, `listing ${path.dirname(file)}`)
  })
  const old = names.filter((name) => name.startsWith(prefix) && !name.endsWith('.pub')).sort()
  return old.toReversed().map((name) => path.join(path.dirname(file), name))
}

/** Renames the key and its `.pub` to `<file>.old-<mark>` and returns the new path. Throws `key-exists`, `failed`. */
export async function retireKeyFile(file: string, mark: string): Promise<string> {
  const old = `${file}.old-${mark}`
  if ((await oldKeyFiles(file)).includes(old)) {
    throw new TeleportError('key-exists', `${old} exists already and is not replaced`)
  }
  try {
    await rename(`${file}.pub`, `${old}.pub`).catch((error: unknown) => {
      if (errnoOf(error) !== 'ENOENT') throw error
    })
    await rename(file, old)
    return old
  } catch (error) {
    throw fileError(error, `putting the key ${file} aside`)
  }
}

/** Undoes `retireKeyFile`. Throws `failed`. */
export async function restoreKeyFile(old: string, file: string): Promise<void> {
  try {
    await rename(old, file)
    await rename(`${old}.pub`, `${file}.pub`).catch((error: unknown) => {
      if (errnoOf(error) !== 'ENOENT') throw error
    })
  } catch (error) {
    throw fileError(error, `putting the key ${old} back`)
  }
}

/**
 * The device as it is, but that it opens what one of its earlier keys can open, too; those are read, and perhaps asked
 * for, only when that is needed. It signs with its present key alone.
 */
export async function withOldKeys(device: DeviceKey, ask: AskPassphrase): Promise<DeviceKey> {
  const files = device.path === null ? [] : await oldKeyFiles(device.path)
  if (files.length === 0) return device
  const publicKeys = await Promise.all(files.map(readPublicKeyFile))
  return {
    ...device,
    earlier: publicKeys.flatMap((key) => (key ? [key.recipient] : [])),
    openFileKey: {
      async unwrapFileKey(stanzas) {
        const found = await device.openFileKey.unwrapFileKey(stanzas)
        if (found) return found
        for (const file of files) {
          const old = await loadDeviceKey({ path: file }, ask)
          const key = await old.openFileKey.unwrapFileKey(stanzas)
          if (key) return key
        }
        return null
      },
    },
  }
}
