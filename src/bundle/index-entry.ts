/** An index entry: what a device tells its readers about one session, padded so that its size tells little. Pure. */

import { TeleportError } from '../errors.ts'
import type { IndexEntry } from '../model.ts'
import { holder, label, oid, sessionId, time, title } from './fields.ts'
import { checkFormat, memberOf, parseJson } from './json.ts'
import { check, integer, list, nullable, object, oneOf, type Shape } from './shape.ts'

const what = 'an index entry'
const quantum = 256
const maxBytes = 4096

/** Shared with the state record. */
export const indexEntryShape: Shape<IndexEntry> = object({
  format: oneOf(1),
  session: sessionId,
  state: oneOf('live', 'removed', 'expired'),
  commit: nullable(oid),
  seq: integer(1),
  title: nullable(title),
  author: label,
  host: label,
  branch: nullable(label),
  messages: integer(0),
  bytes: integer(0),
  updated: time,
  expires: nullable(time),
  holder: nullable(holder),
  commits: list(oid, 16),
})

/**
 * JSON and spaces up to a multiple of 256 bytes, at most 4 KiB: long texts are cut, the title as far as it takes.
 * Throws `bug` for an entry that `parseIndexEntry` would refuse.
 */
export function encodeIndexEntry(entry: IndexEntry): Uint8Array {
  const short = shortened(entry)
  const room = maxBytes - sizeOf({ ...short, title: '' })
  const fitting = { ...short, title: entry.title === null ? null : cut(entry.title, room) }
  const json = Buffer.from(JSON.stringify(check(indexEntryShape, fitting, 'the new index entry', 'bug')))
  const padded = Buffer.alloc(Math.ceil(json.length / quantum) * quantum, ' ')
  padded.set(json)
  return padded
}

/** Throws `damaged-bundle`, `format-too-new`, `format-too-old`. Unknown members are left out. */
export function parseIndexEntry(bytes: Uint8Array): IndexEntry {
  if (bytes.length > maxBytes || bytes.length % quantum !== 0) {
    throw new TeleportError('damaged-bundle', `${what} has ${bytes.length} bytes`)
  }
  const value = parseJson(bytes, what)
  checkFormat(memberOf(value, 'format'), what)
  return check(indexEntryShape, value, what, 'damaged-bundle')
}

/** Leaves room for some title whatever the other texts are. */
function shortened(entry: IndexEntry): IndexEntry {
  return {
    ...entry,
    author: cut(entry.author, 300),
    host: cut(entry.host, 300),
    branch: entry.branch === null ? null : cut(entry.branch, 300),
    holder: entry.holder && { ...entry.holder, principal: cut(entry.holder.principal, 300) },
  }
}

/** As many whole characters as fit into `room` bytes of JSON. */
function cut(text: string, room: number): string {
  if (text.length > maxBytes) return cut(text.slice(0, maxBytes), room)
  if (sizeOf(text) - 2 <= room) return text
  let used = 0
  let kept = ''
  for (const character of text) {
    used += sizeOf(character) - 2
    if (used > room) break
    kept += character
  }
  return kept
}

function sizeOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value))
}
