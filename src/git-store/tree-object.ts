/** Tree objects as git stores them. Pure. */

import { TeleportError } from '../errors.ts'
import { isOid } from '../model.ts'
import type { ObjectFormat, TreeEntry } from './object-codec.ts'

/** Sorts as git does. Throws `bug` for a name or a duplicate that `parseTree` would refuse. */
export function encodeTree(entries: readonly TreeEntry[]): Uint8Array {
  const rows = entries.map((entry) => {
    if (!isPlainName(entry.name))
      throw new TeleportError('bug', 'a tree entry has a name that is not allowed')
    return { entry, order: orderOf(entry) }
  })
  rows.sort((a, b) => Buffer.compare(a.order, b.order))
  if (new Set(entries.map((entry) => entry.name)).size !== entries.length) {
    throw new TeleportError('bug', 'a tree has two entries of one name')
  }
  return Buffer.concat(
    rows.flatMap(({ entry }) => [
      // git writes the mode of a folder without its leading zero.
      Buffer.from(`${entry.mode === '040000' ? '40000' : entry.mode} ${entry.name}\0`),
      Buffer.from(entry.oid, 'hex'),
    ]),
  )
}

/** Throws `unsafe-bundle` for other modes, names that are no plain names, wrong order, duplicates and cut rows. */
export function parseTree(bytes: Uint8Array, format: ObjectFormat): readonly TreeEntry[] {
  const oidBytes = format === 'sha256' ? 32 : 20
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const entries: TreeEntry[] = []
  let previous: Buffer | undefined
  for (let at = 0; at < buffer.length; ) {
    const space = buffer.indexOf(0x20, at)
    const end = buffer.indexOf(0, space + 1)
    if (space < 0 || end < 0 || end + 1 + oidBytes > buffer.length) throw unsafe('a cut row')
    const entry = parseEntry(buffer, at, space, end, oidBytes)
    const order = orderOf(entry)
    if (previous && Buffer.compare(previous, order) >= 0) throw unsafe('entries out of order')
    previous = order
    entries.push(entry)
    at = end + 1 + oidBytes
  }
  // A folder sorts as if it ended in a slash, so a file and a folder of one name need not be neighbours.
  if (new Set(entries.map((entry) => entry.name)).size !== entries.length)
    throw unsafe('two entries of one name')
  return entries
}

function parseEntry(buffer: Buffer, at: number, space: number, end: number, oidBytes: number): TreeEntry {
  const oid = buffer.toString('hex', end + 1, end + 1 + oidBytes)
  const name = decodeName(buffer.subarray(space + 1, end))
  if (!isPlainName(name)) throw unsafe('a name that is not a plain name')
  return { mode: parseMode(buffer.toString('latin1', at, space)), name, oid: requireOid(oid) }
}

function parseMode(mode: string): TreeEntry['mode'] {
  if (mode === '100644') return mode
  if (mode === '40000') return '040000'
  throw unsafe('an entry that is neither a plain file nor a folder')
}

function requireOid(text: string) {
  if (isOid(text)) return text
  throw unsafe('a row without an object id')
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decodeName(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw unsafe('a name that is not UTF-8')
  }
}

/** One component of a path that git itself would not refuse. Which names are ours is the business of the callers. */
function isPlainName(name: string): boolean {
  return (
    name !== '' &&
    name !== '.' &&
    name !== '..' &&
    name.toLowerCase() !== '.git' &&
    !/[/\\\p{Cc}\p{Cs}]/u.test(name)
  )
}

function orderOf(entry: TreeEntry): Buffer {
  return Buffer.from(entry.mode === '040000' ? `${entry.name}/` : entry.name)
}

function unsafe(what: string): TeleportError {
  return new TeleportError('unsafe-bundle', `a tree of the bundle holds ${what}`)
}
