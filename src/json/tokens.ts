/** The smallest parts of JSON text in a stretch of bytes: blanks, strings, literals. Pure. */

export const [quote, backslash, comma, colon] = [34, 92, 44, 58]
export const [openBrace, closeBrace, openBracket, closeBracket] = [123, 125, 91, 93]

/** The offset of the first byte from `from` on that is no blank; `limit` when there is none. */
export function skipSpace(bytes: Buffer, from: number, limit: number): number {
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

/** The offset of the quote that ends a string whose content begins at `from`; -1 when none does. */
export function stringEnd(bytes: Buffer, from: number, limit: number): number {
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

/** The offset after the number, `true`, `false` or `null` at `start`; -1 for anything else. */
export function literalEnd(bytes: Buffer, start: number, limit: number): number {
  let at = start
  while (at < limit && isLiteralByte(bytes[at] ?? 0)) at++
  if (at === start) return -1
  const first = bytes[start] ?? 0
  if (first !== 45 && (first < 48 || first > 57)) {
    const word = bytes.toString('latin1', start, Math.min(at, start + 6))
    return word === 'true' || word === 'false' || word === 'null' ? at : -1
  }
  if (at - start === 1) return first === 45 ? -1 : at
  return numberPattern.test(bytes.toString('latin1', start, at)) ? at : -1
}

const numberPattern = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

const isLiteralByte = (byte: number) =>
  (byte >= 48 && byte <= 57) ||
  (byte >= 97 && byte <= 122) ||
  byte === 45 ||
  byte === 43 ||
  byte === 46 ||
  byte === 69
