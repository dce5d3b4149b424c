/** Writing files so that a crash leaves the old or the new one, and folders that no link leads out of. */

import { createHash, type Hash } from 'node:crypto'
import { closeSync, constants, fchmodSync, lstatSync, openSync, writeSync } from 'node:fs'
import { copyFile, link, lstat, mkdir, open, rename, unlink } from 'node:fs/promises'
import path from 'node:path'
import { errnoOf, fileError, TeleportError } from '../errors.ts'
import { asSha256, type Sha256 } from '../model.ts'
import { isMissing, readRange } from './session-file.ts'

export interface Digest {
  readonly size: number
  readonly sha256: Sha256
}

/** A file that can be gone on with: its digest, and the hash before it was closed. */
export interface Written extends Digest {
  readonly hash: Hash
}

/** Writes a new file of mode 0600; the digest is of the whole file. Not synced yet. Throws when the file exists. */
export async function writeNew(
  file: string,
  content: AsyncIterable<Uint8Array>,
  begin?: { readonly path: string; readonly size: number },
): Promise<Written> {
  const hash = createHash('sha256')
  let size = 0
  const cloned = begin !== undefined && begin.size > 0 && (await cloneBeginning(begin, file))
  const descriptor = openSync(file, cloned ? 'r+' : 'wx', 0o600)
  try {
    if (begin) {
      for await (const chunk of readRange(cloned ? file : begin.path, 0, begin.size)) {
        hash.update(chunk)
        if (!cloned) writeAll(descriptor, chunk, size)
        size += chunk.length
      }
    }
    return await writeRest(descriptor, content, hash, size)
  } catch (error) {
    throw fileError(error, `writing ${file}`)
  } finally {
    closeSync(descriptor)
  }
}

/** Goes on with a file that `writeNew` made and nobody else knows of. */
export async function extendFile(
  file: string,
  before: Written,
  content: AsyncIterable<Uint8Array>,
): Promise<Written> {
  const descriptor = openSync(file, 'r+')
  try {
    return await writeRest(descriptor, content, before.hash, before.size)
  } catch (error) {
    throw fileError(error, `writing ${file}`)
  } finally {
    closeSync(descriptor)
  }
}

async function writeRest(
  descriptor: number,
  content: AsyncIterable<Uint8Array>,
  hash: Hash,
  start: number,
): Promise<Written> {
  let size = start
  for await (const chunk of content) {
    hash.update(chunk)
    writeAll(descriptor, chunk, size)
    size += chunk.length
  }
  fchmodSync(descriptor, 0o600)
  return { size, sha256: asSha256(hash.copy().digest('hex')), hash }
}

/** Shares the blocks of a file where the file system can; otherwise does nothing and says so. */
async function cloneBeginning(
  begin: { readonly path: string; readonly size: number },
  file: string,
): Promise<boolean> {
  try {
    if (!(await lstat(begin.path)).isFile()) return false
    await copyFile(begin.path, file, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE)
    const handle = await open(file, 'r+')
    await handle.truncate(begin.size).finally(() => handle.close())
    return true
  } catch {
    await unlink(file).catch(() => {})
    return false
  }
}

/** At once: the bytes go to the system's memory, and the way through the thread pool takes longer than that. */
function writeAll(descriptor: number, chunk: Uint8Array, position: number): void {
  for (let done = 0; done < chunk.length; ) {
    done += writeSync(descriptor, chunk, done, chunk.length - done, position + done)
  }
}

/** Makes the content of files last. Side by side, because the disk then writes them in a few goes instead of one by one. */
export async function syncFiles(files: readonly string[]): Promise<void> {
  const waiting = [...files]
  const worker = async () => {
    for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
      const handle = await open(file, 'r+')
      await handle.sync().finally(() => handle.close())
    }
  }
  await Promise.all(Array.from({ length: syncsAtOnce }, worker))
}

/** As many as Node's thread pool has threads. */
const syncsAtOnce = 4

/** Replaces a small file as a whole. */
export async function writeDurable(file: string, text: string): Promise<void> {
  const temporary = `${file}.tmp`
  try {
    await unlink(temporary).catch(() => {})
    await writeNew(temporary, chunks(Buffer.from(text)))
    await syncFiles([temporary])
    await rename(temporary, file)
    await syncFolder(path.dirname(file))
  } catch (error) {
    throw fileError(error, `writing ${file}`)
  }
}

export async function* chunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

/** A second name for the same bytes, or a copy where there can be none. */
export async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
  } catch {
    await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
    await syncFiles([to])
  }
}

/** Size and hash of a regular file; `undefined` when there is none. */
export async function digestOf(file: string): Promise<Digest | undefined> {
  const found = await regularFile(file)
  if (!found) return undefined
  const hash = createHash('sha256')
  for await (const chunk of readRange(file, 0, found.size)) hash.update(chunk)
  return { size: found.size, sha256: asSha256(hash.digest('hex')) }
}

/** Throws `foreign-file` when a folder or a link is there. */
export async function regularFile(file: string): Promise<{ size: number; mtimeMs: number } | undefined> {
  try {
    const found = lstatSync(file)
    if (found.isFile()) return { size: found.size, mtimeMs: found.mtimeMs }
  } catch (error) {
    if (isMissing(error)) return undefined
    throw fileError(error, `looking at ${file}`)
  }
  throw new TeleportError('foreign-file', `${file} is not a regular file`, {
    hint: `move it away: mv '${file}' '${file}.old'`,
    data: { path: file },
  })
}

/**
 * Checks that every existing folder from `top` (which may be a link itself) down to `folder` is a real one, and makes the
 * missing ones, for the user alone, when `make`. Throws `foreign-file`.
 */
export async function checkFolder(top: string, folder: string, make: boolean): Promise<void> {
  const steps = path.relative(top, folder).split(path.sep)
  if (steps[0] === '..' || path.isAbsolute(steps[0] ?? '')) {
    throw new TeleportError('foreign-file', `${folder} lies outside of ${top}`)
  }
  if (make) await mkdir(top, { recursive: true, mode: 0o700 })
  let place = top
  for (const step of steps.filter((each) => each !== '')) {
    place = path.join(place, step)
    if (!(await isRealFolder(place))) {
      if (!make) return
      await makeFolder(place)
    }
  }
}

async function makeFolder(place: string): Promise<void> {
  try {
    await mkdir(place, { mode: 0o700 })
    await syncFolder(path.dirname(place))
  } catch (error) {
    if (errnoOf(error) === 'EEXIST' && (await isRealFolder(place))) return
    throw fileError(error, `making ${place}`)
  }
}

async function isRealFolder(place: string): Promise<boolean> {
  try {
    if (lstatSync(place).isDirectory()) return true
  } catch (error) {
    if (isMissing(error)) return false
    throw fileError(error, `looking at ${place}`)
  }
  throw new TeleportError('foreign-file', `${place} is a link or a file where a folder should be`, {
    data: { path: place },
  })
}

/** Makes renames in a folder last. Windows cannot, and need not. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined)
  await handle?.sync().catch(() => {})
  await handle?.close()
}
