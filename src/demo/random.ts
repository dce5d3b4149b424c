/** Randomness that a seed decides: the same seed tells the same story on every machine. Pure. */

export interface Random {
  /** A float in [0, 1). */
  next(): number
  /** An integer in [from, to]. */
  between(from: number, to: number): number
  /** One element of a list that is not empty. */
  pick<T>(list: readonly [T, ...T[]]): T
  /** True with probability `share`. */
  chance(share: number): boolean
  /** `length` lower-case hex digits. */
  hex(length: number): string
  /** `length` characters of base 64. */
  base64(length: number): string
  /** A version 4 UUID. */
  uuid(): string
}

/** A stream of its own for each seed text; streams of different seeds look unrelated. */
export function seededRandom(seed: string): Random {
  const draw = sfc32(seed)
  const next = () => draw() / 2 ** 32
  const between = (from: number, to: number) => from + Math.floor(next() * (to - from + 1))
  const hex = (length: number) => {
    let text = ''
    while (text.length < length) text += draw().toString(16).padStart(8, '0')
    return text.slice(0, length)
  }
  return {
    next,
    between,
    pick: (list) => list[between(0, list.length - 1)] ?? list[0],
    chance: (share) => next() < share,
    hex,
    base64: (length) => {
      let text = ''
      for (let count = 0; count < length; count++) text += base64Digits.charAt(draw() >>> 26)
      return text
    },
    uuid: () => {
      const digits = hex(32)
      const variant = '89ab'.charAt(Number.parseInt(digits.charAt(16), 16) & 3)
      return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-${variant}${digits.slice(17, 20)}-${digits.slice(20)}`
    },
  }
}

const base64Digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** The small fast counter generator of PractRand's author: 32 random bits a call. */
function sfc32(seed: string): () => number {
  let [a, b, c, counter] = [0x9e3779b9, 0x243f6a88, 0xb7e15162, 1]
  for (const unit of seed) {
    a = Math.imul(a ^ (unit.codePointAt(0) ?? 0), 0x01000193)
    b = (b ^ a) + ((a << 7) | (a >>> 25))
    c = Math.imul(c + b, 0x85ebca6b)
  }
  const draw = () => {
    const sum = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return sum >>> 0
  }
  for (let round = 0; round < 12; round++) draw()
  return draw
}
