/** `--expires`: 12h, 7d, 4w, never. Pure. */

import { TeleportError } from '../errors.ts'

const hours = { h: 1, d: 24, w: 168 } as const

/** Days, possibly fractional; null for never. Throws `usage`. */
export function parseExpiry(text: string): number | null {
  if (text === 'never') return null
  const match = /^([1-9][0-9]{0,4})([hdw])$/.exec(text)
  const unit = match?.[2]
  if (unit === 'h' || unit === 'd' || unit === 'w') return (Number(match?.[1]) * hours[unit]) / 24
  throw new TeleportError('usage', `"${text.slice(0, 40)}" is not a lifetime`, {
    hint: 'use something like 12h, 7d, 4w or never',
  })
}
