/** Reads a small bundle that is in memory already, with nothing but what browsers have too. Pure. */

import { TeleportError } from '../errors.ts'
import type { Manifest, PieceRow } from '../model.ts'
import { checkFormat, memberOf, parseJson as parse } from './json.ts'
import { manifestShape } from './manifest.ts'
import { hasBytes, parsePieces, piecesName } from './pieces.ts'
import { check } from './shape.ts'

/** The manifest from its decompressed bytes. Throws `damaged-bundle`, `format-too-new`, `format-too-old`. */
export function readWholeManifest(plain: Uint8Array): Manifest {
  const what = 'the manifest'
  const value = parse(plain, what)
  checkFormat(memberOf(value, 'format'), what)
  return check(manifestShape, value, what, 'damaged-bundle')
}

/**
 * Adds what a segment holds to `files`. `tar` must have the digest that the manifest gives: then only its writer can
 * have chosen where its entries begin. Throws `damaged-bundle`, `unsafe-bundle`.
 */
export function readWholeSegment(tar: Uint8Array, files: Map<string, Uint8Array>): void {
  const entries = tarEntries(tar)
  const table = entries.next().value
  if (!table) throw damaged('a segment has no table')
  for (const row of parsePieces(table)) {
    const bytes = hasBytes(row) ? entries.next().value : undefined
    if (hasBytes(row) && bytes?.length !== row.size) throw damaged(`"${row.name}" has a wrong size`)
    applyWhole(files, row, bytes)
  }
}

function applyWhole(files: Map<string, Uint8Array>, row: PieceRow, bytes: Uint8Array | undefined): void {
  if (row.op === 'gone') files.delete(row.name)
  // What a later row of the log replaces has no bytes.
  if (!bytes) return
  if (row.op === 'whole') {
    files.set(row.name, bytes)
    return
  }
  const before = files.get(row.name)
  if (before && row.at + row.size <= before.length) return
  if (before?.length !== row.at) throw damaged(`"${row.name}" does not continue where it ended`)
  const all = new Uint8Array(row.at + row.size)
  all.set(before)
  all.set(bytes, row.at)
  files.set(row.name, all)
}

const block = 512

/** The bytes of each regular file; the first must be the table. A pax header in front tells the size where it is large. */
function* tarEntries(tar: Uint8Array): Generator<Uint8Array, undefined> {
  let paxSize: number | undefined
  let first = true
  for (let at = 0; at + block <= tar.length && tar[at] !== 0; ) {
    const header = tar.subarray(at, at + block)
    const type = String.fromCharCode(header[156] ?? 0)
    const declared = Number.parseInt(text(header.subarray(124, 136)), 8)
    const size: number = type === 'x' ? declared : (paxSize ?? declared)
    const bytes = tar.subarray(at + block, at + block + size)
    if (!(size >= 0) || bytes.length !== size) throw damaged('a tar stream is cut off')
    at += block + Math.ceil(size / block) * block
    if (type === 'x') {
      const told = /^\d+ size=(\d+)$/m.exec(text(bytes))?.[1]
      paxSize = told === undefined ? undefined : Number(told)
      continue
    }
    if (type !== '0') throw new TeleportError('unsafe-bundle', 'a segment holds what is no file')
    if (first && text(header.subarray(0, 100)) !== piecesName) throw damaged('a segment has no table')
    first = false
    paxSize = undefined
    yield bytes
  }
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).replace(/\0.*$/s, '')
}

function damaged(message: string): TeleportError {
  return new TeleportError('damaged-bundle', message)
}
