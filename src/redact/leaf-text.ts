/** The text of a JSON string with one character a byte, and the way back to its bytes. Pure. */

/**
 * Escapes are resolved, all other bytes become the character of the same number. `undefined` when an escape or a control
 * character is not allowed in JSON.
 */
export function leafText(bytes: Buffer, start: number, end: number): string | undefined {
  const raw = bytes.toString('latin1', start, end)
  if (!raw.includes('\\')) return raw
  try {
    const decoded: unknown = JSON.parse(`"${raw}"`)
    return typeof decoded === 'string' ? decoded : undefined
  } catch {
    return undefined
  }
}

const backslash = 92
const letterU = 117

/** Bytes that the character at `at` is written with. */
function writtenLength(bytes: Buffer, at: number): number {
  if (bytes[at] !== backslash) return 1
  return bytes[at + 1] === letterU ? 6 : 2
}

/** Turns ascending offsets in the text of `bytes[start, …)` into offsets in the bytes. */
export function offsetsInBytes(bytes: Buffer, start: number, offsets: readonly number[]): readonly number[] {
  let at = start
  let index = 0
  return offsets.map((offset) => {
    while (index < offset) {
      at += writtenLength(bytes, at)
      index++
    }
    return at
  })
}

/** A place at or before `at` where the string can be cut without parting an escape. */
export function safeCut(bytes: Buffer, start: number, at: number): number {
  for (let back = 1; back <= 6 && at - back >= start; back++) {
    if (bytes[at - back] !== backslash) continue
    let slashes = 1
    while (at - back - slashes >= start && bytes[at - back - slashes] === backslash) slashes++
    const begins = slashes % 2 === 1 ? at - back : at - back - 1
    const length = writtenLength(bytes, begins)
    return begins + length > at ? begins : at
  }
  return at
}

/** Widens a stretch so that no character of several bytes is parted. */
export function wholeCharacters(
  bytes: Buffer,
  start: number,
  end: number,
  limits: { readonly start: number; readonly end: number },
): readonly [number, number] {
  let [from, to] = [start, end]
  while (from > limits.start && isContinuation(bytes[from])) from--
  while (to < limits.end && isContinuation(bytes[to])) to++
  return [from, to]
}

const isContinuation = (byte: number | undefined) => byte !== undefined && (byte & 0xc0) === 0x80
