/** Finds wanted strings of a JSON document in its bytes, without building it. Pure. */

import {
  backslash,
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
import type { FieldNode } from './field-tree.ts'

/** What a scan found, in document order of the beginnings; reused from scan to scan. Offsets are into the buffer. */
export interface Spans {
  count: number
  readonly tags: number[]
  readonly starts: number[]
  readonly ends: number[]
}

/** Deeper documents are not followed: enough for any transcript, and far from the end of the stack. */
const deepest = 200
const nothing: FieldNode = {}

export function newSpans(): Spans {
  return { count: 0, tags: [], starts: [], ends: [] }
}

/**
 * Follows the one JSON value in `bytes[start, end)` and reports the wanted places into `spans`. `false` when it
 * cannot follow it: bad structure, bad literals, too deep. Escapes and control characters within unwanted strings
 * are not judged. Keys are compared decoded, so an escaped key hides nothing.
 */
export type SpanScanner = (bytes: Buffer, start: number, end: number, spans: Spans) => boolean

export function spanScanner(root: FieldNode): SpanScanner {
  let bytes: Buffer = Buffer.alloc(0)
  let limit = 0
  let spans = newSpans()

  function report(tag: number, start: number, end: number): number {
    const index = spans.count++
    spans.tags[index] = tag
    spans.starts[index] = start
    spans.ends[index] = end
    return index
  }

  /** Each of these returns the offset after what it followed, or -1. */
  function value(from: number, node: FieldNode, depth: number): number {
    const start = skipSpace(bytes, from, limit)
    if (start >= limit || depth > deepest) return -1
    const slot = node.whole === undefined ? -1 : report(node.whole, start, start)
    const after = valueAt(start, node, depth)
    if (slot >= 0) spans.ends[slot] = after
    return after
  }

  function valueAt(start: number, node: FieldNode, depth: number): number {
    const first = bytes[start]
    if (first === quote) {
      const end = stringEnd(bytes, start + 1, limit)
      if (end >= 0 && node.string !== undefined) report(node.string, start + 1, end)
      return end < 0 ? -1 : end + 1
    }
    if (first === openBrace) return object(start + 1, node, depth + 1)
    if (first === openBracket) return array(start + 1, node.items ?? nothing, depth + 1)
    return literalEnd(bytes, start, limit)
  }

  function object(from: number, node: FieldNode, depth: number): number {
    let at = skipSpace(bytes, from, limit)
    if (bytes[at] === closeBrace) return at + 1
    for (;;) {
      if (at >= limit || bytes[at] !== quote) return -1
      const keyEnd = stringEnd(bytes, at + 1, limit)
      if (keyEnd < 0) return -1
      const slot = node.entry === undefined ? -1 : report(node.entry, at, at)
      if (node.key !== undefined) report(node.key, at + 1, keyEnd)
      const child = node.named ? find(node.named, node.any, at + 1, keyEnd) : node.any
      at = skipSpace(bytes, keyEnd + 1, limit)
      if (at >= limit || bytes[at] !== colon) return -1
      at = value(at + 1, child ?? nothing, depth)
      if (at < 0) return -1
      if (slot >= 0) spans.ends[slot] = at
      at = skipSpace(bytes, at, limit)
      if (at >= limit) return -1
      if (bytes[at] === closeBrace) return at + 1
      if (bytes[at] !== comma) return -1
      at = skipSpace(bytes, at + 1, limit)
    }
  }

  function array(from: number, items: FieldNode, depth: number): number {
    let at = skipSpace(bytes, from, limit)
    if (at < limit && bytes[at] === closeBracket) return at + 1
    for (;;) {
      at = value(at, items, depth)
      if (at < 0) return -1
      at = skipSpace(bytes, at, limit)
      if (at >= limit) return -1
      if (bytes[at] === closeBracket) return at + 1
      if (bytes[at] !== comma) return -1
      at++
    }
  }

  function find(
    named: NonNullable<FieldNode['named']>,
    any: FieldNode | undefined,
    start: number,
    end: number,
  ): FieldNode | undefined {
    const candidates = named[end - start]
    if (candidates) {
      for (const candidate of candidates) {
        if (sameBytes(candidate.bytes, bytes, start)) return candidate.node
      }
    }
    return hasBackslash(bytes, start, end) ? (findDecoded(named, bytes, start, end) ?? any) : any
  }

  return (document, start, end, found) => {
    bytes = document
    limit = end
    spans = found
    spans.count = 0
    const after = value(start, root, 0)
    return after >= 0 && skipSpace(bytes, after, limit) === limit
  }
}

function findDecoded(
  named: NonNullable<FieldNode['named']>,
  bytes: Buffer,
  start: number,
  end: number,
): FieldNode | undefined {
  const name = decodeString(bytes, start, end)
  return named.flat().find((field) => field?.name === name)?.node
}

/** The text of a string whose content is `bytes[start, end)`; `undefined` when it is not valid JSON or UTF-8. */
export function decodeString(bytes: Buffer, start: number, end: number): string | undefined {
  const text = bytes.toString('utf8', start, end)
  if (text.includes('\ufffd') && !Buffer.from(text).equals(bytes.subarray(start, end))) return undefined
  if (!text.includes('\\')) return text
  try {
    const decoded: unknown = JSON.parse(`"${text}"`)
    return typeof decoded === 'string' ? decoded : undefined
  } catch {
    return undefined
  }
}

/** The content between the quotes of the JSON form of `text`. */
export function encodeString(text: string): Buffer {
  return Buffer.from(JSON.stringify(text).slice(1, -1))
}

/** Whether `bytes` goes on with `name` at `start`. For short names, where a native comparison costs more. */
export function sameBytes(name: Uint8Array, bytes: Buffer, start: number): boolean {
  for (let index = 0; index < name.length; index++) {
    if (name[index] !== bytes[start + index]) return false
  }
  return true
}

function hasBackslash(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === backslash) return true
  return false
}
