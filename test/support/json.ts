/** Reading JSON of unknown shape without casts. Pure. */

export type JsonRecord = Readonly<Record<string, unknown>>

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The records among the elements of `value`; none when it is no array. */
export function recordsIn(value: unknown): readonly JsonRecord[] {
  return Array.isArray(value) ? value.filter(isRecord) : []
}

/** The value behind a path of keys, or undefined. */
export function dig(value: unknown, ...keys: readonly string[]): unknown {
  let current = value
  for (const key of keys) {
    if (!isRecord(current)) return undefined
    current = current[key]
  }
  return current
}

export function stringAt(value: unknown, ...keys: readonly string[]): string | undefined {
  const found = dig(value, ...keys)
  return typeof found === 'string' ? found : undefined
}

/** Parses JSON text into a value of unknown shape; throws SyntaxError as JSON.parse does. */
export function parseJson(text: string): unknown {
  return JSON.parse(text)
}

/** The rows of a JSONL text; an unfinished last line is left out. */
export function parseRows(text: string): readonly JsonRecord[] {
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
    .map(parseJson)
    .filter(isRecord)
}
