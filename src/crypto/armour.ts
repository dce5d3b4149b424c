/** The PEM-like text around OpenSSH private keys and signatures. Pure. */

import { decodeBase64 } from './base64.ts'

/** `-----BEGIN <label>-----`, base64 in lines of 70, `-----END <label>-----`, LF at the end. */
export function armour(label: string, bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,70}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}

/** What `armour` wrapped; `undefined` for another label, text around it, or base64 that is not canonical. */
export function dearmour(label: string, text: string): Uint8Array | undefined {
  const lines = text.replaceAll('\r\n', '\n').trimEnd().split('\n')
  if (lines.shift() !== `-----BEGIN ${label}-----`) return undefined
  if (lines.pop() !== `-----END ${label}-----`) return undefined
  if (!lines.every((line) => /^[A-Za-z0-9+/=]{1,76}$/.test(line))) return undefined
  return decodeBase64(lines.join(''))
}
