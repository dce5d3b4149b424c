/** Finds what is to be replaced in one JSON string, however long. Pure. */

import type { FindSecrets } from './find-secrets.ts'
import type { MakeLabel } from './label.ts'
import { leafText, offsetsInBytes, safeCut, wholeCharacters } from './leaf-text.ts'
import { settle } from './settle.ts'

/** One edit of a buffer. */
export interface Edit {
  readonly start: number
  readonly end: number
  /** What stands there instead. */
  readonly text: string
  /** Why; several for a block that is dropped whole. */
  readonly rules: readonly string[]
}

export interface Scanner {
  readonly find: FindSecrets
  readonly label: MakeLabel
}

/** Longer strings are looked at in such pieces, each with the end of the one before, so that memory stays bounded. */
export const pieceBytes = 100 * 1024
export const overlapBytes = 4 * 1024
const shortestSecret = 6

/**
 * Edits of `bytes[start, end)`, the content of a JSON string, ascending. `prefix`, which ends with a quote, is looked at before it, so that
 * a key tells what the value is. `undefined` when the string is no valid JSON.
 */
export function scanLeaf(
  bytes: Buffer,
  start: number,
  end: number,
  prefix: string,
  scanner: Scanner,
): readonly Edit[] | undefined {
  if (end - start < shortestSecret) return []
  if (end - start <= pieceBytes) return scanPiece(bytes, start, end, prefix, scanner)
  const edits: Edit[] = []
  let from = start
  for (;;) {
    const to = from + pieceBytes >= end ? end : safeCut(bytes, from, from + pieceBytes)
    const found = scanPiece(bytes, from, to, from === start ? prefix : '', scanner)
    if (!found) return undefined
    for (const edit of found) add(edits, edit.end === to ? { ...edit, end: runEnd(bytes, to, end) } : edit)
    if (to === end) return edits
    const last = edits.at(-1)?.end ?? start
    if (last >= end) return edits
    from = last > to - overlapBytes ? last : safeCut(bytes, from, to - overlapBytes)
  }
}

/** A secret that goes up to a cut goes on behind it as long as nothing parts it from there. */
function runEnd(bytes: Buffer, from: number, end: number): number {
  let at = from
  while (at < end && isRun(bytes[at] ?? 0)) at++
  return at
}

/** Letters, digits and what stands in Base64, tokens and addresses. */
export const isRun = (byte: number) =>
  (byte >= 48 && byte <= 57) ||
  (byte >= 65 && byte <= 90) ||
  (byte >= 97 && byte <= 122) ||
  [43, 45, 46, 47, 61, 95, 126].includes(byte)

function scanPiece(
  bytes: Buffer,
  start: number,
  end: number,
  prefix: string,
  { find, label }: Scanner,
): readonly Edit[] | undefined {
  const text = leafText(bytes, start, end)
  if (text === undefined) return undefined
  const replacements = settle(prefix === '' ? text : `${prefix}${text}"`, find, label)
  if (replacements.length === 0) return []
  const inText = (at: number) => Math.min(text.length, Math.max(0, at - prefix.length))
  const places = offsetsInBytes(
    bytes,
    start,
    replacements.flatMap((one) => wholePairs(text, inText(one.start), inText(one.end))),
  )
  return replacements.flatMap((one, index) => {
    const [from = start, to = start] = places.slice(2 * index)
    // A finding within the prefix alone is the key's.
    if (to === from) return []
    const [wholeFrom, wholeTo] = wholeCharacters(bytes, from, to, { start, end })
    return [{ start: wholeFrom, end: wholeTo, text: one.label, rules: [one.rule] }]
  })
}

/** What the overlap showed twice, in part or whole, is one edit. */
function add(edits: Edit[], edit: Edit): void {
  const last = edits.at(-1)
  if (!last || edit.start >= last.end) edits.push(edit)
  else edits[edits.length - 1] = joined(last, edit)
}

function joined(one: Edit, other: Edit): Edit {
  return { ...one, start: Math.min(one.start, other.start), end: Math.max(one.end, other.end) }
}

/** Two escapes that are one character stay together: half of one is refused by the API. */
function wholePairs(text: string, start: number, end: number): readonly [number, number] {
  const parts = (at: number) => isHigh(text.charCodeAt(at - 1)) && isLow(text.charCodeAt(at))
  return [parts(start) ? start - 1 : start, parts(end) ? end + 1 : end]
}

const isHigh = (unit: number) => unit >= 0xd800 && unit < 0xdc00
const isLow = (unit: number) => unit >= 0xdc00 && unit < 0xe000
