/** Small JSON files that are either the old or the new one, whatever happens. */

import { randomBytes } from 'node:crypto'
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises'
import path from 'node:path'
import { errnoOf, fileError, hasCode, TeleportError } from '../errors.ts'

/** The parsed file, `undefined` when there is none. Throws `store-damaged` when it is no JSON. */
export async function readJson(file: string): Promise<unknown | undefined> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw fileError(error, `reading ${file}`)
  })
  if (text === undefined) return undefined
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new TeleportError('store-damaged', `${file} is not JSON`, { hint: `rm '${file}'`, cause: error })
  }
}

/** As `readJson`, for what can be made again: a damaged file is as good as none. */
export async function readCachedJson(file: string): Promise<unknown | undefined> {
  return readJson(file).catch((error: unknown) => {
    if (hasCode(error, 'store-damaged')) return undefined
    throw error
  })
}

/** Writes beside the file, syncs, renames; readable by the owner only. Makes missing folders. */
export async function writeJson(
  file: string,
  value: unknown,
  options: { readonly pretty?: boolean } = {},
): Promise<void> {
  await replaceText(file, `${JSON.stringify(value, null, options.pretty ? 2 : undefined)}\n`)
}

/** As `writeJson`, for a text. */
export async function replaceText(file: string, text: string): Promise<void> {
  try {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
    await replaceFile(file, text)
  } catch (error) {
    throw fileError(error, `writing ${file}`)
  }
}

/** No error when there is none. */
export async function removeJson(file: string): Promise<void> {
  await rm(file, { force: true }).catch((error: unknown) => {
    throw fileError(error, `removing ${file}`)
  })
}

/** Names in a folder; none when it is not there. */
export async function listFolder(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return []
    throw fileError(error, `reading ${folder}`)
  })
}

async function replaceFile(file: string, text: string): Promise<void> {
  const temporary = `${file}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`
  try {
    await writeSynced(temporary, text)
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncFolder(path.dirname(file))
}

async function writeSynced(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Makes a rename in `folder` outlast a power cut, where the system can: Windows cannot open a folder. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined)
  if (!handle) return
  try {
    await handle.sync().catch(() => undefined)
  } finally {
    await handle.close()
  }
}
