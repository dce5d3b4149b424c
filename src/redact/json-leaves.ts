/** Walks the one JSON value in a stretch of bytes and tells its strings, without building it. Pure. */

import {
  closeBrace,
  closeBracket,
  colon,
  comma,
  literalEnd,
  openBrace,
  openBracket,
  quote,
  skipSpace,
  stringEnd,
} from '../json/tokens.ts'

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

/** Escapes in strings are not judged: whoever decodes a string finds out. */
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
