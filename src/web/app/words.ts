/** Numbers, times and names as people read them. Pure. */

export function ageOf(time: string, now: number): string {
  const seconds = Math.round((now - Date.parse(time)) / 1000)
  if (Number.isNaN(seconds)) return ''
  const text = spanOf(Math.abs(seconds))
  if (text === '') return 'just now'
  return seconds >= 0 ? `${text} ago` : `in ${text}`
}

function spanOf(seconds: number): string {
  if (seconds < 60) return ''
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`
  if (seconds < 36 * 3600) return plural(Math.round(seconds / 3600), 'hour')
  return plural(Math.round(seconds / 86_400), 'day')
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${countOf(count)} ${count === 1 ? one : many}`
}

export function countOf(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ',')
}

export function sizeOf(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000
    unit += 1
  }
  return `${value.toFixed(unit === 0 || value >= 99.5 ? 0 : 1)} ${units[unit]}`
}

/** `2026-11-20 12:00`, UTC. */
export function minuteOf(time: string): string {
  return time.slice(0, 16).replace('T', ' ')
}

export function durationOf(seconds: number): string {
  const text = spanOf(seconds)
  return text === '' ? `${seconds} s` : text
}

export function shortId(id: string): string {
  return id.slice(0, 8)
}

export function shortCommit(commit: string): string {
  return commit.slice(0, 10)
}

/** What has no letters that are seen would be a link that nobody finds. Direction marks are nobody's name. */
export function cleanLine(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
}
