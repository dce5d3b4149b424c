/** Bech32 (BIP 173) of whole bytes, without its length limit, as age spells keys. Pure. */

const alphabet = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]

/** Lower case. `prefix` is lower case too. */
export function encodeBech32(prefix: string, bytes: Uint8Array): string {
  const data = regroup([...bytes], 8, 5, true) ?? []
  const sum = checksum([...expand(prefix), ...data, 0, 0, 0, 0, 0, 0]) ^ 1
  const tail = [25, 20, 15, 10, 5, 0].map((shift) => (sum >>> shift) & 31)
  return `${prefix}1${[...data, ...tail].map((digit) => alphabet[digit]).join('')}`
}

/** The bytes; `undefined` for another prefix, mixed case, a wrong checksum or padding that is not zero. */
export function decodeBech32(prefix: string, text: string): Uint8Array | undefined {
  const lower = text.toLowerCase()
  if (text !== lower && text !== text.toUpperCase()) return undefined
  if (!lower.startsWith(`${prefix}1`)) return undefined
  const digits = [...lower.slice(prefix.length + 1)].map((letter) => alphabet.indexOf(letter))
  if (digits.length < 6 || digits.includes(-1)) return undefined
  if (checksum([...expand(prefix), ...digits]) !== 1) return undefined
  const bytes = regroup(digits.slice(0, -6), 5, 8, false)
  return bytes && Uint8Array.from(bytes)
}

function expand(prefix: string): number[] {
  const codes = [...prefix].map((letter) => letter.charCodeAt(0))
  return [...codes.map((code) => code >>> 5), 0, ...codes.map((code) => code & 31)]
}

function checksum(digits: readonly number[]): number {
  return digits.reduce((sum, digit) => {
    const top = sum >>> 25
    const next = ((sum & 0x1ffffff) << 5) ^ digit
    return generator.reduce((value, word, bit) => ((top >>> bit) & 1 ? value ^ word : value), next)
  }, 1)
}

/** Cuts a row of `from`-bit groups into `to`-bit groups. Without `pad`, what is left over must be short and zero. */
function regroup(groups: readonly number[], from: number, to: number, pad: boolean): number[] | undefined {
  const result: number[] = []
  let held = 0
  let bits = 0
  for (const group of groups) {
    held = ((held << from) | group) & 0xfff
    bits += from
    while (bits >= to) {
      bits -= to
      result.push((held >>> bits) & ((1 << to) - 1))
    }
  }
  const rest = (held << (to - bits)) & ((1 << to) - 1)
  if (!pad) return bits < from && rest === 0 ? result : undefined
  return bits > 0 ? [...result, rest] : result
}
