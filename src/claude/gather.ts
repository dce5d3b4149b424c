/** Lists folders of the client as files of a bundle. */

import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { fileError } from '../errors.ts'
import type { LocalFile, Platform } from '../model.ts'
import { isPlainName } from './local-name.ts'
import { pathRules } from './platform-path.ts'
import { isMissing, plainSize, readRange, sizeInLines } from './session-file.ts'

export interface Gathered {
  readonly files: readonly LocalFile[]
  /** Absolute paths that were left out. */
  readonly skipped: readonly string[]
}

export const nothingGathered: Gathered = { files: [], skipped: [] }

/** Says what an entry is called in the bundle: `null` for what is none of ours, `undefined` for what has to be skipped. */
export type Naming = (name: string) => string | null | undefined

/** The regular files of one folder. An absent folder holds none. Throws `failed`. */
export async function gatherFolder(platform: Platform, folder: string, nameOf: Naming): Promise<Gathered> {
  const files: LocalFile[] = []
  const skipped: string[] = []
  for (const entry of await entriesOf(folder)) {
    const logical = nameOf(entry.name)
    if (logical === null) continue
    const path = pathRules(platform).join(folder, entry.name)
    const file =
      entry.isFile() && logical !== undefined && isLogical(logical)
        ? await localFile(logical, path)
        : undefined
    if (file) files.push(file)
    else skipped.push(path)
  }
  return { files, skipped }
}

/** The regular files below some folders of `top`, links never followed. `nameOf` gets the steps below `top`. */
export async function gatherTree(
  platform: Platform,
  top: string,
  folders: readonly string[],
  nameOf: (steps: readonly string[]) => string | undefined,
): Promise<Gathered> {
  const files: LocalFile[] = []
  const skipped: string[] = []
  const { join } = pathRules(platform)
  // `top` itself may be a link or absent: only real folders below a real folder count.
  const wanted = (await entriesOf(top)).filter((entry) => folders.includes(entry.name))
  const queue = wanted.map((entry) => ({ entry, steps: [entry.name] }))
  for (let next = queue.shift(); next; next = queue.shift()) {
    const { entry, steps } = next
    const path = join(top, ...steps)
    if (entry.isDirectory() && steps.length < deepest) {
      for (const child of await entriesOf(path)) queue.push({ entry: child, steps: [...steps, child.name] })
      continue
    }
    const logical = entry.isFile() ? nameOf(steps) : undefined
    const file = logical !== undefined && isLogical(logical) ? await localFile(logical, path) : undefined
    if (file) files.push(file)
    else skipped.push(path)
  }
  return { files, skipped }
}

const deepest = 5

/** A regular file as it is now; JSONL is cut at its last line feed, because somebody may be writing it. */
export async function localFile(name: string, path: string): Promise<LocalFile | undefined> {
  const size = await plainSize(path)
  if (size === undefined) return undefined
  const wanted = name.endsWith('.jsonl') ? await sizeInLines(path, size) : size
  return { name, localPath: path, size: wanted, read: (start, end) => readRange(path, start, end) }
}

const isLogical = (name: string) => name.split('/').every(isPlainName)

async function entriesOf(folder: string): Promise<readonly Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch (error) {
    if (isMissing(error)) return []
    throw fileError(error, `reading ${folder}`)
  }
}
