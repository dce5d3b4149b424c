/** Which recorded file each file of this machine is. Pure. */

import { createHash } from 'node:crypto'
import { TeleportError } from '../errors.ts'
import type { FileRecord, LocalFile } from '../model.ts'
import { isFileHistory, isLogicalName } from './names.ts'

/**
 * The files by logical name: that of the record with the same local path, so that what came from another machine keeps
 * the name it has there; else their own. Throws `unsafe-bundle` for a name that no bundle may hold or that two files
 * claim.
 */
export function matchFiles(
  files: readonly LocalFile[],
  record: Readonly<Record<string, FileRecord>>,
): ReadonlyMap<string, LocalFile> {
  const names = namesByPath(record)
  const nameOf = (file: LocalFile) => (isView(file.name) ? undefined : names.get(file.localPath))
  const matched = new Map<string, LocalFile>()
  for (const file of files) {
    const name = nameOf(file)
    if (name !== undefined) claim(matched, name, file)
  }
  for (const file of files) {
    if (nameOf(file) === undefined) claim(matched, freeName(matched, file), file)
  }
  return matched
}

function namesByPath(record: Readonly<Record<string, FileRecord>>): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(record)
      .filter(([name, { localPath }]) => localPath !== '' && !isView(name))
      .map(([name, { localPath }]) => [localPath, name]),
  )
}

/** Filtered from a file of all sessions, so its path says nothing. */
function isView(name: string): boolean {
  return name === 'history.jsonl'
}

/**
 * A checkpoint's name is a hash of its path on the machine that made it, so one of ours can be called as one that came
 * from elsewhere. Receivers derive the name anew from the path, so any other hash will do.
 */
function freeName(taken: ReadonlyMap<string, LocalFile>, file: LocalFile): string {
  if (!isFileHistory(file.name) || !taken.has(file.name)) return file.name
  const version = file.name.slice(file.name.indexOf('@'))
  const hash = createHash('sha256').update(`git-teleport\0${file.localPath}`).digest('hex')
  return `file-history/${hash.slice(0, 16)}${version}`
}

function claim(matched: Map<string, LocalFile>, name: string, file: LocalFile): void {
  if (!isLogicalName(name))
    throw unsafe(`a bundle may not hold a file named ${JSON.stringify(name.slice(0, 120))}`)
  if (matched.has(name)) throw unsafe(`two files are both "${name}"`)
  matched.set(name, file)
}

function unsafe(message: string): TeleportError {
  return new TeleportError('unsafe-bundle', message)
}
