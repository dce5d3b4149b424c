/** HKDF-SHA-256 (RFC 5869) for one block of output: a third of the cost of Node's `hkdfSync`. Pure. */

import { createHmac } from 'node:crypto'

/** 32 bytes. */
export function hkdf(secret: Uint8Array, salt: Uint8Array, label: string): Uint8Array {
  const extracted = createHmac('sha256', salt).update(secret).digest()
  return createHmac('sha256', extracted).update(label).update(Uint8Array.of(1)).digest()
}
