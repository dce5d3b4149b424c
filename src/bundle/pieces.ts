/** `pieces.json`, the table of a segment: one row for everything that happened to a file. Pure. */

import { TeleportError } from '../errors.ts'
import type { PieceRow } from '../model.ts'
import { emptySha256 } from './empty-digest.ts'
import { sha256, trackedPath } from './fields.ts'
import { checkFormat, memberOf, parseJson } from './json.ts'
import { defaultLimits, type Limits } from './limits.ts'
import { findCaseCollision, isFileHistory, isLogicalName } from './names.ts'
import { check, integer, list, object, oneOf, refine, type Shape, text } from './shape.ts'

/** The name of the table's own tar entry. */
export const piecesName = 'pieces.json'
/** Bytes. 100,000 rows are about 20 MB. */
export const maxPiecesBytes = 32 * 1024 ** 2

const what = 'the table of a segment'

/** The table's one spelling: a row a line, members in a fixed order. */
export function encodePieces(rows: readonly PieceRow[]): Uint8Array {
  const lines = rows.map((row) => JSON.stringify(ordered(row)))
  return new TextEncoder().encode(`{"v":1,"pieces":[\n${lines.join(',\n')}\n]}\n`)
}

/**
 * Reads a table that is spelled exactly as `encodePieces` does. Throws `damaged-bundle`, `unsafe-bundle` for names
 * and sizes that are not allowed, `format-too-new`, `format-too-old`.
 */
export function parsePieces(bytes: Uint8Array, limits: Limits = defaultLimits): readonly PieceRow[] {
  if (bytes.length > maxPiecesBytes) throw unsafe(`${what} has ${bytes.length} bytes`)
  const value = parseJson(bytes, what)
  checkFormat(memberOf(value, 'v'), what)
  const declared = memberOf(value, 'pieces')
  if (Array.isArray(declared) && declared.length > limits.maxPieces) {
    throw unsafe(`${what} has ${declared.length} rows`)
  }
  const { pieces } = check(table, value, what, 'damaged-bundle')
  if (!isEqual(encodePieces(pieces), bytes)) {
    throw new TeleportError('damaged-bundle', `${what} is not in its canonical form`)
  }
  checkPolicy(pieces, limits)
  return pieces
}

/** Whether the segment's tar has an entry with this row's bytes. */
export function hasBytes(row: PieceRow): boolean {
  return row.op !== 'gone' && !row.dropped
}

/** Throws `unsafe-bundle` where two names that live at the end of the rows differ in case only. */
export function checkCollisions(live: Iterable<string>): void {
  const collision = findCaseCollision(live)
  if (collision) throw unsafe(`"${collision[0]}" and "${collision[1]}" are one name on some systems`)
}

const row: Shape<PieceRow> = refine(
  object(
    {
      name: text(1024),
      gen: integer(1),
      op: oneOf('append', 'whole', 'gone'),
      at: integer(0),
      size: integer(0),
      sha256,
    },
    { optional: { path: trackedPath, dropped: oneOf(true) }, strict: true },
  ),
  (found) => {
    if (!Number.isSafeInteger(found.at + found.size)) return 'ends beyond every file'
    if (found.op === 'append') return found.size > 0 ? undefined : 'appends nothing'
    if (found.at !== 0) return 'does not start at 0'
    if (found.op === 'whole') return undefined
    return found.size === 0 && found.sha256 === emptySha256 && !found.dropped
      ? undefined
      : 'is gone with bytes'
  },
)

const table = object({ v: oneOf(1), pieces: list(row, Number.MAX_SAFE_INTEGER) }, { strict: true })

function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false
  for (let at = 0; at < one.length; at += 1) if (one[at] !== other[at]) return false
  return true
}

function checkPolicy(rows: readonly PieceRow[], limits: Limits): void {
  let bytes = 0
  const live = new Set<string>()
  for (const { name, op, size, path } of rows) {
    if (!isLogicalName(name))
      throw unsafe(`a bundle may not hold a file named ${JSON.stringify(name.slice(0, 120))}`)
    if (path !== undefined && !isFileHistory(name)) throw unsafe(`"${name}" may not have a path`)
    bytes += size
    if (bytes > limits.maxBytes) throw unsafe(`${what} declares more than ${limits.maxBytes} bytes`)
    if (op === 'gone') live.delete(name)
    else live.add(name)
  }
  checkCollisions(live)
}

/** In the order that the format fixes; JSON leaves out what is undefined. */
function ordered({ name, gen, op, at, size, sha256, path, dropped }: PieceRow): object {
  return { name, gen, op, at, size, sha256, path, dropped }
}

function unsafe(message: string): TeleportError {
  return new TeleportError('unsafe-bundle', message)
}
