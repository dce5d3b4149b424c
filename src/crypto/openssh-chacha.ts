/**
 * `chacha20-poly1305@openssh.com`, as it encrypts private key files: 64 bytes of key of which the first half counts, and
 * sequence number 0 (https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.chacha20poly1305). Node only has the
 * construction of RFC 8439, which authenticates other bytes.
 */

import { createDecipheriv, timingSafeEqual } from 'node:crypto'

/** `undefined` when the tag does not fit. Block 0 of the key stream is the key of the tag. */
export function openOpenSshChacha(
  key: Uint8Array,
  sealed: Uint8Array,
  tag: Uint8Array,
): Uint8Array | undefined {
  const stream = createDecipheriv('chacha20', key.subarray(0, 32), new Uint8Array(16))
  const macKey = stream.update(new Uint8Array(64)).subarray(0, 32)
  if (tag.length !== 16 || !timingSafeEqual(poly1305(macKey, sealed), tag)) return undefined
  return stream.update(sealed)
}

const prime = 2n ** 130n - 5n

/** RFC 8439, section 2.5. For the few hundred bytes of a key file: big integers are slow, and do not hide how long they take. */
export function poly1305(key: Uint8Array, message: Uint8Array): Uint8Array {
  const r = number(key.subarray(0, 16)) & 0x0ffffffc0ffffffc0ffffffc0fffffffn
  let sum = 0n
  for (let at = 0; at < message.length; at += 16) {
    const block = message.subarray(at, at + 16)
    sum = ((sum + number(block) + (1n << BigInt(8 * block.length))) * r) % prime
  }
  const tag = (sum + number(key.subarray(16, 32))) & (2n ** 128n - 1n)
  return Buffer.from(tag.toString(16).padStart(32, '0'), 'hex').reverse()
}

/** Little-endian. */
function number(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex') || '0'}`)
}
