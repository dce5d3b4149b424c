/** Reads and writes the binary encoding of SSH (RFC 4251, section 5). Pure. */

import { joinBytes } from './join-bytes.ts'

export interface WireReader {
  u32(): number
  /** A length-prefixed string. */
  string(): Uint8Array
  /** A string of printable ASCII, such as the name of an algorithm. */
  name(): string
  /** A positive integer as big-endian bytes without leading zeros. */
  mpint(): Uint8Array
  /** Exactly `size` bytes. */
  raw(size: number): Uint8Array
  /** All that is left. */
  rest(): Uint8Array
  /** Throws unless everything was read. */
  end(): void
}

/** Every method throws `fail()` when the bytes do not hold what was asked for. */
export function readWire(bytes: Uint8Array, fail: () => Error): WireReader {
  let at = 0
  const raw = (size: number) => {
    if (size > bytes.length - at) throw fail()
    at += size
    return bytes.subarray(at - size, at)
  }
  const u32 = () => {
    const word = raw(4)
    return new DataView(word.buffer, word.byteOffset, 4).getUint32(0)
  }
  const string = () => raw(u32())
  const name = () => {
    const text = Buffer.from(string()).toString('latin1')
    if (!/^[\x21-\x7e]{1,64}$/.test(text)) throw fail()
    return text
  }
  const mpint = () => {
    const value = string()
    const [first = 0, second = 0] = value
    const signByte = first === 0
    if (value.length === 0 || first >= 0x80 || (signByte && second < 0x80)) throw fail()
    return value.subarray(signByte ? 1 : 0)
  }
  const end = () => {
    if (at !== bytes.length) throw fail()
  }
  return { u32, string, name, mpint, raw, rest: () => raw(bytes.length - at), end }
}

export function wireU32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}

export function wireString(value: Uint8Array | string): Uint8Array {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value
  return joinBytes([wireU32(bytes.length), bytes])
}

/** `magnitude`: big-endian, without leading zeros. */
export function wireMpint(magnitude: Uint8Array): Uint8Array {
  const high = (magnitude[0] ?? 0) >= 0x80
  return wireString(high ? joinBytes([Uint8Array.of(0), magnitude]) : magnitude)
}
