/** A device key on the disk: the private file, nobody else's to read, and `.pub` beside it. */

import { mkdir, open, readFile, stat, unlink } from 'node:fs/promises'
import path from 'node:path'
import { errnoOf, fileError, TeleportError } from '../errors.ts'
import { parseSshPublicKey, type SshPublicKey } from './ssh-public-key.ts'

/** The largest RSA key takes a quarter of it. */
const maxBytes = 64 * 1024

/** Throws `no-key`, `key-permissions` (not on Windows), `bad-key` for what is no small regular file. */
export async function readPrivateKeyFile(file: string): Promise<string> {
  try {
    const info = await stat(file)
    if (!info.isFile() || info.size > maxBytes) throw notAKeyFile(file)
    if (process.platform !== 'win32' && (info.mode & 0o077) !== 0) throw readableByOthers(file)
    return await readFile(file, 'utf8')
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') throw noKey(file)
    throw fileError(error, `reading the key ${file}`)
  }
}

/** The key in `<file>.pub`; `undefined` when there is none. Throws `bad-key`. */
export async function readPublicKeyFile(file: string): Promise<SshPublicKey | undefined> {
  const text = await readFile(`${file}.pub`, 'utf8').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw fileError(error, `reading ${file}.pub`)
  })
  return text === undefined ? undefined : parseSshPublicKey(text)
}

/**
 * Writes both files, the private one 0600 in a folder made 0700 if it is missing.
 * Never replaces a file: throws `key-exists`, and then leaves neither of its own.
 */
export async function writeKeyFiles(
  file: string,
  privateKey: string,
  publicKey: SshPublicKey,
): Promise<void> {
  const line = `${publicKey.recipient} ${publicKey.comment}`.trimEnd()
  parseSshPublicKey(line)
  try {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
    await create(file, privateKey, 0o600)
    await create(`${file}.pub`, `${line}\n`, 0o644).catch(async (error: unknown) => {
      await unlink(file)
      throw error
    })
  } catch (error) {
    throw fileError(error, `writing the key ${file}`)
  }
}

async function create(file: string, text: string, mode: number): Promise<void> {
  const handle = await open(file, 'wx', mode).catch((error: unknown) => {
    throw errnoOf(error) === 'EEXIST' ? keyExists(file) : error
  })
  try {
    await handle.writeFile(text)
    await handle.sync()
  } catch (error) {
    await unlink(file)
    throw error
  } finally {
    await handle.close()
  }
}

function noKey(file: string): TeleportError {
  return new TeleportError('no-key', `there is no key at ${file}`, { hint: 'git teleport init' })
}

function readableByOthers(file: string): TeleportError {
  return new TeleportError('key-permissions', `other users can read the private key ${file}`, {
    hint: `chmod 600 '${file}'`,
  })
}

function notAKeyFile(file: string): TeleportError {
  return new TeleportError('bad-key', `${file} is not a key file`, { hint: 'git teleport init' })
}

function keyExists(file: string): TeleportError {
  return new TeleportError('key-exists', `${file} exists already and is not replaced`)
}
