/**
 * The text header of an age file (https://github.com/C2SP/C2SP/blob/main/age.md), read strictly and within limits:
 * a header is looked at before anything is known about its writer. Pure.
 */

import type { Stanza } from 'age-encryption'
import { TeleportError } from '../errors.ts'
import { decodeBareBase64, encodeBareBase64 } from './base64.ts'

/** What a header may have; 19 MB of stanzas kept other readers busy for seconds. */
export const headerLimits = { bytes: 256 * 1024, stanzas: 128 } as const

export interface AgeHeader {
  readonly stanzas: Stanza[]
  /** What the MAC is made over. */
  readonly signed: Uint8Array
  readonly mac: Uint8Array
  /** Bytes of the whole header. */
  readonly size: number
}

const version = 'age-encryption.org/v1\n'
const columns = 64

/**
 * The header at the start of `bytes`; `undefined` when they end before it does.
 * Throws `damaged-bundle` when it is malformed or larger than `headerLimits`.
 */
export function parseHeader(bytes: Uint8Array): AgeHeader | undefined {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, headerLimits.bytes))
  const start = view.toString('latin1', 0, version.length)
  if (!version.startsWith(start)) throw damaged('it does not begin like an age file')
  const footer = view.indexOf('\n--- ') + 1
  const end = footer > 0 ? view.indexOf('\n', footer) : -1
  if (end < 0) {
    if (bytes.length >= headerLimits.bytes) throw damaged('the header is too large')
    return undefined
  }
  const mac = decodeBareBase64(view.toString('latin1', footer + 4, end))
  if (mac?.length !== 32) throw damaged('the header has no MAC')
  const stanzas = parseStanzas(view.toString('latin1', version.length, footer))
  return { stanzas, signed: bytes.subarray(0, footer + 3), mac, size: end + 1 }
}

/** The inverse: stanzas, and what makes the MAC over them. */
export function formatHeader(
  stanzas: readonly Stanza[],
  mac: (signed: Uint8Array) => Uint8Array,
): Uint8Array {
  const signed = `${version}${stanzas.map(formatStanza).join('')}---`
  return Buffer.from(`${signed} ${encodeBareBase64(mac(Buffer.from(signed)))}\n`)
}

function parseStanzas(text: string): Stanza[] {
  const lines = text.split('\n')
  lines.pop()
  const stanzas: Stanza[] = []
  for (let at = 0; at < lines.length; ) {
    const { stanza, next } = parseStanza(lines, at)
    stanzas.push(stanza)
    if (stanzas.length > headerLimits.stanzas) throw damaged(`more than ${headerLimits.stanzas} recipients`)
    at = next
  }
  if (stanzas.length === 0) throw damaged('it has no recipients')
  return stanzas
}

function parseStanza(lines: readonly string[], start: number): { stanza: Stanza; next: number } {
  const [arrow, ...args] = (lines[start] ?? '').split(' ')
  if (arrow !== '->' || args.length === 0 || !args.every((arg) => /^[\x21-\x7e]+$/.test(arg))) {
    throw damaged('a stanza is malformed')
  }
  let last = start + 1
  while (lines[last]?.length === columns) last++
  const closed = (lines[last]?.length ?? columns) < columns
  const body = closed ? decodeBareBase64(lines.slice(start + 1, last + 1).join('')) : undefined
  if (!body) throw damaged('a stanza is malformed')
  return { stanza: { args, body }, next: last + 1 }
}

/** A body whose last line would be full is followed by an empty one. */
function formatStanza({ args, body }: Stanza): string {
  const base64 = encodeBareBase64(body)
  const rows = base64.match(/.{64}/g) ?? []
  return [['->', ...args].join(' '), ...rows, base64.slice(rows.length * columns), ''].join('\n')
}

function damaged(why: string): TeleportError {
  return new TeleportError('damaged-bundle', `not a usable age file: ${why}`)
}
