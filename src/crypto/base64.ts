/** Base64 that has exactly one spelling: what Node would forgive is refused. Pure. */

/** Padded base64; `undefined` when it is not the canonical spelling of any bytes. */
export function decodeBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64')
  return bytes.toString('base64') === text ? new Uint8Array(bytes) : undefined
}

/** The same without padding, as age writes it. */
export function decodeBareBase64(text: string): Uint8Array | undefined {
  const bytes = Buffer.from(text, 'base64')
  return encodeBareBase64(bytes) === text ? new Uint8Array(bytes) : undefined
}

export function encodeBareBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64').replace(/=+$/, '')
}
