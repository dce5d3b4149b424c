/** What redaction took out, so that the owner's other devices can put it back: edits of the redacted bytes, in a strict form. */

import { createHash } from 'node:crypto'
import { TeleportError } from '../errors.ts'
import { asSha256, isSessionId, isSha256, type SessionId, type Sha256 } from '../model.ts'
import { type ByteReader, byteReader } from './byte-reader.ts'

/** `length` bytes at `at` of the redacted piece stand for `original`. */
export interface Edit {
  readonly at: number
  readonly length: number
  readonly original: Uint8Array
}

/** What the patches belong to: they are signed, and must not fit anything else. */
export interface PatchSubject {
  readonly session: SessionId
  /** `NNNN`. */
  readonly segment: string
}

/** The end of one piece's edits: what they must lead to. */
export interface PieceEnd {
  /** Place of the piece's row in the segment's table, from 0. */
  readonly piece: number
  readonly edits: number
  /** Bytes of the original piece, and their digest. */
  readonly size: number
  readonly sha256: Sha256
}

export type PatchItem =
  | { readonly kind: 'edit'; readonly piece: number; readonly edit: Edit }
  | { readonly kind: 'end'; readonly end: PieceEnd }

/** A row of a transcript, the largest thing that goes whole. */
export const largestOriginalBytes = 64 * 1024 * 1024 + 1
const longestLine = 300

/** The first line of the list. */
export function encodePatchHead({ session, segment }: PatchSubject): Uint8Array {
  return Buffer.from(`${JSON.stringify({ v: 1, session, segment })}\n`)
}

export function encodePieceStart(piece: number): Uint8Array {
  return Buffer.from(`${JSON.stringify({ piece })}\n`)
}

export function encodeEdit({ at, length, original }: Edit): Uint8Array {
  return Buffer.concat([
    Buffer.from(`${JSON.stringify({ at, length, size: original.length })}\n`),
    original,
    Buffer.from('\n'),
  ])
}

export function encodePieceEnd({ piece, edits, size, sha256 }: PieceEnd): Uint8Array {
  return Buffer.from(`${JSON.stringify({ end: piece, edits, size, sha256 })}\n`)
}

/**
 * Reads a list for `subject`. Throws `damaged-bundle` for any other spelling, order or subject, `format-too-new` for a later
 * version. Edits are held one at a time.
 */
export async function* parsePatches(
  content: AsyncIterable<Uint8Array>,
  subject: PatchSubject,
): AsyncGenerator<PatchItem> {
  const reader = byteReader(content)
  const head = await readLine(reader)
  checkHead(head, subject)
  let before = -1
  for (let line = await nextLine(reader); line !== undefined; line = await nextLine(reader)) {
    const piece = wholeNumber(record(line)['piece'])
    if (piece <= before || !isSpelled(line, { piece })) throw damaged()
    before = piece
    yield* pieceItems(reader, piece)
  }
}

async function* pieceItems(reader: ByteReader, piece: number): AsyncGenerator<PatchItem> {
  let edits = 0
  let free = 0
  for (;;) {
    const line = await readLine(reader)
    const row = record(line)
    if ('end' in row) {
      const end = parseEnd(row)
      if (end.piece !== piece || end.edits !== edits || edits === 0) throw damaged()
      const { piece: _, ...rest } = end
      if (!isSpelled(line, { end: piece, ...rest })) throw damaged()
      yield { kind: 'end', end }
      return
    }
    const [at, length, size] = [row['at'], row['length'], row['size']].map(wholeNumber)
    if (at === undefined || length === undefined || size === undefined) throw damaged()
    const isSound = at >= free && size <= largestOriginalBytes && length + size > 0
    if (!isSound || !isSpelled(line, { at, length, size })) throw damaged()
    const original = await reader.take(size)
    const feed = await reader.take(1)
    if (!original || feed?.[0] !== 10) throw damaged()
    free = at + length
    edits++
    yield { kind: 'edit', piece, edit: { at, length, original } }
  }
}

function parseEnd(row: Readonly<Record<string, unknown>>): PieceEnd {
  const { sha256 } = row
  if (typeof sha256 !== 'string' || !isSha256(sha256)) throw damaged()
  return {
    piece: wholeNumber(row['end']),
    edits: wholeNumber(row['edits']),
    size: wholeNumber(row['size']),
    sha256,
  }
}

function checkHead(line: string, subject: PatchSubject): void {
  const { v, session, segment } = record(line)
  if (typeof v === 'number' && Number.isSafeInteger(v) && v > 1) {
    throw new TeleportError('format-too-new', `the removed parts are written in format ${v}`, {
      hint: 'update git-teleport',
    })
  }
  const isRight = session === subject.session && segment === subject.segment
  if (typeof session !== 'string' || !isSessionId(session) || !isRight) throw damaged()
  if (!isSpelled(line, { v: 1, session, segment })) throw damaged()
}

/**
 * The original bytes of one piece, from its redacted ones and its items, of which the last is the end. Throws
 * `damaged-bundle` when they do not fit each other or lead to other bytes than the end says: what came before must then
 * not be used.
 */
export async function* applyPatches(
  redacted: AsyncIterable<Uint8Array>,
  items: AsyncIterable<PatchItem> | Iterable<PatchItem>,
): AsyncGenerator<Uint8Array> {
  const reader = byteReader(redacted)
  const hash = createHash('sha256')
  let [at, size] = [0, 0]
  let end: PieceEnd | undefined
  const told = (bytes: Uint8Array) => {
    hash.update(bytes)
    size += bytes.length
    return bytes
  }
  for await (const item of items) {
    if (end) throw damaged()
    if (item.kind === 'end') {
      end = item.end
      continue
    }
    const { edit } = item
    if (edit.at < at) throw damaged()
    for await (const bytes of reader.stream(edit.at - at)) yield told(bytes)
    if (!(await reader.skip(edit.length))) throw damaged()
    at = edit.at + edit.length
    yield told(edit.original)
  }
  for await (const bytes of reader.stream(Number.POSITIVE_INFINITY)) yield told(bytes)
  if (!end || end.size !== size || end.sha256 !== asSha256(hash.digest('hex'))) throw damaged()
}

async function readLine(reader: ByteReader): Promise<string> {
  const line = await nextLine(reader)
  if (line === undefined) throw damaged()
  return line
}

async function nextLine(reader: ByteReader): Promise<string | undefined> {
  const line = await reader.line(longestLine)
  if (line === 'none') return undefined
  if (line === 'too-long') throw damaged()
  return line.text
}

function record(line: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw damaged()
    return Object.assign(Object.create(null), value)
  } catch {
    throw damaged()
  }
}

const isSpelled = (line: string, row: Readonly<Record<string, unknown>>) => line === JSON.stringify(row)

function wholeNumber(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw damaged()
}

function damaged(): TeleportError {
  return new TeleportError('damaged-bundle', 'the list of removed parts does not fit the session')
}
