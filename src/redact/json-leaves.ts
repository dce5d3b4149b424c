/** Walks the one JSON value in a stretch of bytes and tells its strings, without building it. Pure. */

/** Offsets are into the buffer; those of strings are without the quotes. */
export interface LeafVisitor {
  /** A string value; `key` is the raw content of the nearest key above it, through arrays. */
  string(start: number, end: number, keyStart: number, keyEnd: number): void
  key(start: number, end: number): void
  open(kind: 'object' | 'array', start: number): void
  close(kind: 'object' | 'array', start: number, end: number): void
  /** A member of an array, after all that is in it. */
  member(start: number, end: number): void
}

export type Walked = 'walked' | 'not-json' | 'too-deep'

/** Far above any transcript, and far from the end of the stack. */
export const deepestNesting = 200

const [quote, backslash, comma, colon] = [34, 92, 44, 58]
const [openBrace, closeBrace, openBracket, closeBracket] = [123, 125, 91, 93]

/** Literals are followed loosely, escapes in strings not judged: whoever decodes a string finds out. */
export function walkLeaves(bytes: Buffer, start: number, end: number, visitor: LeafVisitor): Walked {
  let tooDeep = false

  /** Each of these returns the offset after what it followed, or -1. */
  function value(from: number, keyStart: number, keyEnd: number, depth: number): number {
    const at = skipSpace(bytes, from, end)
    if (at >= end) return -1
    const first = bytes[at]
    if (first === quote) {
      const stop = stringEnd(bytes, at + 1, end)
      if (stop < 0) return -1
      visitor.string(at + 1, stop, keyStart, keyEnd)
      return stop + 1
    }
    if (first !== openBrace && first !== openBracket) return literalEnd(bytes, at, end)
    if (depth >= deepestNesting) {
      tooDeep = true
      return -1
    }
    const kind = first === openBrace ? 'object' : 'array'
    visitor.open(kind, at)
    const after = kind === 'object' ? object(at + 1, depth + 1) : array(at + 1, keyStart, keyEnd, depth + 1)
    if (after >= 0) visitor.close(kind, at, after)
    return after
  }

  function object(from: number, depth: number): number {
    let at = skipSpace(bytes, from, end)
    if (at < end && bytes[at] === closeBrace) return at + 1
    for (;;) {
      if (at >= end || bytes[at] !== quote) return -1
      const keyStart = at + 1
      const keyEnd = stringEnd(bytes, keyStart, end)
      if (keyEnd < 0) return -1
      visitor.key(keyStart, keyEnd)
      at = skipSpace(bytes, keyEnd + 1, end)
      if (at >= end || bytes[at] !== colon) return -1
      at = value(at + 1, keyStart, keyEnd, depth)
      if (at < 0) return -1
      at = skipSpace(bytes, at, end)
      if (at >= end) return -1
      if (bytes[at] === closeBrace) return at + 1
      if (bytes[at] !== comma) return -1
      at = skipSpace(bytes, at + 1, end)
    }
  }

  function array(from: number, keyStart: number, keyEnd: number, depth: number): number {
    let at = skipSpace(bytes, from, end)
    if (at < end && bytes[at] === closeBracket) return at + 1
    for (;;) {
      const memberStart = skipSpace(bytes, at, end)
      at = value(memberStart, keyStart, keyEnd, depth)
      if (at < 0) return -1
      visitor.member(memberStart, at)
      at = skipSpace(bytes, at, end)
      if (at >= end) return -1
      if (bytes[at] === closeBracket) return at + 1
      if (bytes[at] !== comma) return -1
      at++
    }
  }

  const after = value(start, start, start, 0)
  if (after >= 0 && skipSpace(bytes, after, end) === end) return 'walked'
  return tooDeep ? 'too-deep' : 'not-json'
}

function skipSpace(bytes: Buffer, from: number, limit: number): number {
  let at = from
  while (at < limit) {
    const byte = bytes[at]
    if (byte !== 32 && byte !== 10 && byte !== 13 && byte !== 9) return at
    at++
  }
  return at
}

/** Short strings are walked; from here on a search for the next quote is native and faster. */
const walked = 32

function stringEnd(bytes: Buffer, from: number, limit: number): number {
  const near = Math.min(limit, from + walked)
  let at = from
  while (at < near) {
    const byte = bytes[at]
    if (byte === quote) return at
    at += byte === backslash ? 2 : 1
  }
  for (;;) {
    const found = at < limit ? bytes.indexOf(quote, at) : -1
    if (found < 0 || found >= limit) return -1
    let slashes = 0
    while (found - slashes > at && bytes[found - slashes - 1] === backslash) slashes++
    if (slashes % 2 === 0) return found
    at = found + 1
  }
}

function literalEnd(bytes: Buffer, start: number, limit: number): number {
  let at = start
  while (at < limit && isLiteralByte(bytes[at] ?? 0)) at++
  return at === start ? -1 : at
}

/** Of numbers, `true`, `false` and `null`. */
const isLiteralByte = (byte: number) =>
  (byte >= 48 && byte <= 57) ||
  (byte >= 97 && byte <= 122) ||
  byte === 45 ||
  byte === 43 ||
  byte === 46 ||
  byte === 69
