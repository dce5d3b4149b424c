/** Text in git's configuration format to keys and values, without git, which would follow includes. Pure. */

/** `section[.subsection].name`; section and name in lower case, as git prints them. */
export interface ConfigEntry {
  readonly key: string
  /** A name without `=` counts as `true`. */
  readonly value: string
  /** Counted from 1. */
  readonly line: number
}

/** Makes the error of one line. */
type Fail = (line: number, why: string) => Error

/** Throws what `fail` makes for anything that git would not read, and for the old `[section.sub]` form. */
export function parseGitConfig(text: string, fail: Fail): readonly ConfigEntry[] {
  const entries: ConfigEntry[] = []
  let section = ''
  const lines = text.split('\n').map((line) => line.replace(/\r$/, ''))
  for (let at = 0; at < lines.length; at += 1) {
    const line = at + 1
    let rest = (lines[at] ?? '').trimStart()
    const header = parseHeader(rest)
    if (header) {
      section = header.section
      rest = header.rest.trimStart()
    } else if (rest.startsWith('[')) throw fail(line, 'not a section such as [teleport]')
    if (rest === '' || /^[#;]/.test(rest)) continue
    const [, name, sign, start = ''] = /^([A-Za-z][A-Za-z0-9-]*)[ \t]*(=?)[ \t]*(.*)$/.exec(rest) ?? []
    if (name === undefined || section === '')
      throw fail(line, 'not of the form name = value below a [section]')
    // Not even a comment: git takes none behind a bare name.
    if (sign === '' && start !== '') throw fail(line, 'there is no = after the name')
    const key = `${section}.${name.toLowerCase()}`
    if (sign === '') {
      entries.push({ key, value: 'true', line })
      continue
    }
    const value = new Value()
    let more = value.take(start)
    while (more === 'continues') {
      at += 1
      more = at < lines.length ? value.take(lines[at] ?? '') : 'broken'
    }
    if (more === 'broken') throw fail(line, 'the value has a quote or a backslash that does not belong there')
    entries.push({ key, value: value.text(), line })
  }
  return entries
}

function parseHeader(text: string): { readonly section: string; readonly rest: string } | null {
  const [whole, name, quoted] = /^\[([A-Za-z0-9-]+)(?:[ \t]+"((?:[^"\\]|\\.)*)")?\]/.exec(text) ?? []
  if (whole === undefined || name === undefined) return null
  const sub = quoted === undefined ? '' : `.${quoted.replace(/\\(.)/g, '$1')}`
  return { section: `${name.toLowerCase()}${sub}`, rest: text.slice(whole.length) }
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', b: '\b', '"': '"', '\\': '\\' }

/** Quotes may open and close within a value; blanks outside of them count only between words. */
class Value {
  #done = ''
  #blanks = ''
  #quoted = false

  take(text: string): 'ends' | 'continues' | 'broken' {
    for (let at = 0; at < text.length; at += 1) {
      const character = text.charAt(at)
      if (character === '\\') {
        if (at === text.length - 1) {
          this.#add('')
          return 'continues'
        }
        at += 1
        const meant = escapes[text.charAt(at)]
        if (meant === undefined) return 'broken'
        this.#add(meant)
      } else if (character === '"') {
        this.#add('')
        this.#quoted = !this.#quoted
      } else if (!this.#quoted && /[#;]/.test(character)) return 'ends'
      else if (!this.#quoted && /[ \t]/.test(character)) this.#blanks += this.#done === '' ? '' : character
      else this.#add(character)
    }
    return this.#quoted ? 'broken' : 'ends'
  }

  text(): string {
    return this.#done
  }

  #add(text: string): void {
    this.#done += this.#blanks + text
    this.#blanks = ''
  }
}
