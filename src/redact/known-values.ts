/** Secrets that this machine is known to hold, in the forms in which they get into a session. Pure. */

/** One form of one value, with one character for each byte of its UTF-8. */
export interface KnownValue {
  readonly rule: 'known-value'
  readonly text: string
  /** Base64 of what stands around the value goes on in the same characters. */
  readonly embedded: boolean
}

/** Shorter ones would be found everywhere. */
export const shortestKnownValue = 8
const longestWord = 40

/** Values that say nothing, although they stand under a name that sounds like a secret. */
const stopList = new Set([
  ...['localhost', 'postgres', 'password', 'passwort', 'password1', 'password123', 'changeme', 'changeit'],
  ...[
    'username',
    'undefined',
    'development',
    'production',
    'disabled',
    'required',
    'optional',
    'administrator',
  ],
  ...['anonymous', 'database', 'internal', 'external', 'testtest', 'test1234', 'testing123', 'example.com'],
  ...['12345678', '123456789', '1234567890', '00000000', 'xxxxxxxx', 'notasecret', 'insecure', 'supersecret'],
])

/** The forms to look for. Too short ones, stop words and runs of one character are left out; each form comes once. */
export function knownValues(values: Iterable<string>): readonly KnownValue[] {
  const forms = new Map<string, KnownValue>()
  for (const value of values) {
    if (!isTelling(value)) continue
    for (const form of formsOf(value)) if (!forms.has(form.text)) forms.set(form.text, form)
  }
  return [...forms.values()]
}

/** Whether finding the value in a text says anything. */
export function isTelling(value: string): boolean {
  return (
    value.length >= shortestKnownValue &&
    value.length <= 16_384 &&
    !stopList.has(value.toLowerCase()) &&
    !/^(.)\1*$/s.test(value) &&
    // A word of lower-case letters is in every dictionary, and so in every text.
    !/^[a-z]{1,11}$/.test(value)
  )
}

function formsOf(value: string): readonly KnownValue[] {
  const plain = Buffer.from(value)
  const written = [
    value,
    JSON.stringify(value).slice(1, -1),
    encodeURIComponent(value),
    // What forms and most libraries leave as it is differs.
    encodeURIComponent(value).replace(
      /[!'()*]/g,
      (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
    ),
    encodeURIComponent(value).replaceAll('%20', '+'),
  ]
  return [
    ...written.map((text) => form(Buffer.from(text).toString('latin1'), false)),
    ...encoded(plain).map((text) => form(text, true)),
  ].filter(({ text }) => text.length >= shortestKnownValue && anchor(text) !== '')
}

function form(text: string, embedded: boolean): KnownValue {
  return { rule: 'known-value', text, embedded }
}

/**
 * Base64 of the value, also within something longer, such as `user:value`: it then begins at one of three places in a
 * group of three bytes, and the characters at both ends depend on the neighbours too.
 */
function encoded(plain: Buffer): readonly string[] {
  const forms = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), plain])
      .toString('base64')
      .replace(/=+$/, '')
    const first = before === 0 ? 0 : before + 1
    const whole = (before + plain.length) % 3 === 0
    return text.slice(first, whole ? undefined : -1)
  })
  return forms.flatMap((text) => {
    const forUrls = text.replaceAll('+', '-').replaceAll('/', '_')
    return forUrls === text ? [text] : [text, forUrls]
  })
}

/** The word to look for: the longest run of ASCII, cut. */
export function knownWord({ text }: KnownValue): string {
  return anchor(text).toLowerCase()
}

function anchor(text: string): string {
  const runs = text.match(/[!-~ ]{4,}/g) ?? []
  const longest = runs.reduce((best, run) => (run.length > best.length ? run : best), '')
  return longest.slice(0, longestWord)
}

/** Where the value stands if its word ends at `end`. */
export function knownValueAt(
  text: string,
  value: KnownValue,
  end: number,
): { readonly start: number; readonly end: number } | undefined {
  const word = anchor(value.text)
  const start = end - word.length - value.text.indexOf(word)
  if (start < 0 || !text.startsWith(value.text, start)) return undefined
  const stop = start + value.text.length
  if (!value.embedded) return { start, end: stop }
  // The characters at both ends hold some of its bits.
  return { start: start - (isBase64(text, start - 1) ? 1 : 0), end: stop + (isBase64(text, stop) ? 1 : 0) }
}

function isBase64(text: string, at: number): boolean {
  return /^[A-Za-z0-9+/_-]$/.test(text.charAt(at))
}
