/** Small pieces of printed text: safe, short, plural. Pure. */

import { safeText } from '../review/safe-text.ts'

/** Text from outside on one line: a title must not be able to add a line that looks like ours. */
export function safe(text: string): string {
  return safeText(text).replaceAll('\n', ' ')
}

/** The same for what may have several lines, such as a hint. */
export const safeLines = safeText

/** 1,234 B, 12.3 kB, 4.5 MB: decimal units, three digits at most. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  const digits = unit === 0 || value >= 99.5 ? 0 : 1
  return `${value.toFixed(digits)} ${units[unit]}`
}

/** The part of an id that people type. */
export function shortId(session: string): string {
  return session.slice(0, 8)
}

/** `1 reader`, `1,234 readers`. By hand: the first use of a locale costs 25 ms. */
export function plural(count: number, one: string, many = `${one}s`): string {
  const digits = String(count).replace(/\B(?=(?:\d{3})+$)/g, ',')
  return `${digits} ${count === 1 ? one : many}`
}

/** `3 min ago`, `in 29 days`. */
export function formatAge(time: string, now: Date): string {
  const seconds = Math.round((now.getTime() - Date.parse(time)) / 1000)
  const [amount, unit] = inUnits(Math.abs(seconds))
  const text = amount === 0 ? 'now' : `${amount} ${unit}${amount === 1 || unit === 'min' ? '' : 's'}`
  if (amount === 0) return text
  return seconds >= 0 ? `${text} ago` : `in ${text}`
}

function inUnits(seconds: number): readonly [number, string] {
  if (seconds < 60) return [0, 'min']
  if (seconds < 3600) return [Math.round(seconds / 60), 'min']
  if (seconds < 36 * 3600) return [Math.round(seconds / 3600), 'hour']
  return [Math.round(seconds / 86_400), 'day']
}
