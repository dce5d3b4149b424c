/** How much a text looks like chance. Pure. */

const counts = new Uint32Array(256)

/** Shannon's entropy in bits a character. */
export function entropy(text: string): number {
  if (text.length === 0) return 0
  counts.fill(0)
  for (let index = 0; index < text.length; index++) {
    const slot = text.charCodeAt(index) & 255
    counts[slot] = (counts[slot] ?? 0) + 1
  }
  let bits = 0
  for (const count of counts) {
    if (count > 0) bits -= (count / text.length) * Math.log2(count / text.length)
  }
  return bits
}
