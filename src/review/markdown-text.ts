/**
 * Text from outside as Markdown that says it and does nothing: no HTML, links, images, mentions, references or commands of a
 * host, and no way out of the quote or the fence that it stands in. Pure.
 */

import { safeText } from './safe-text.ts'

/** Renders as nothing and keeps hosts from reading a name or number after it as a reference. */
const apart = '&#8203;'

/** Punctuation that Markdown or a host gives a meaning to anywhere in a line. */
const telling = /[\\`*_[\]{}|~<>&#@!$%^]/g

const replacements: Readonly<Record<string, string>> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', '@': '@' }
/** What begins a reference: a person, an issue, a merge request, a label, a milestone, an epic, a snippet. */
const references = '#@!~%&$^'

/** One line. */
export function inlineMarkdown(text: string): string {
  return escapeLine(safeText(text).replace(/\s+/g, ' ').trim())
}

/** Several lines, each of which stays one; to be put into a quote. */
export function proseMarkdown(text: string): readonly string[] {
  const lines = safeText(text).replace(/^\n+/, '').trimEnd().split('\n')
  return lines.map((line, at) => {
    const [indent = ''] = /^ */.exec(line) ?? []
    const escaped = '&nbsp;'.repeat(Math.min(indent.length, 40)) + escapeLine(line.trim())
    // A hard break, where a line follows that could be joined to this one.
    return escaped !== '' && (lines[at + 1] ?? '').trim() !== '' ? `${escaped}\\` : escaped
  })
}

function escapeLine(line: string): string {
  return line
    .replace(telling, (sign, at: number) => {
      const escaped = replacements[sign] ?? `\\${sign}`
      return references.includes(sign) && /\S/.test(line[at + 1] ?? ' ') ? `${escaped}${apart}` : escaped
    })
    .replace(/:(?=\/\/)/g, '&#58;')
    .replace(
      /\b(www|mailto|xmpp)([.:])/gi,
      (_, word: string, sign: string) => `${word}&#${sign.charCodeAt(0)};`,
    )
    .replace(/\b(G[HL])-(?=\d)/gi, `$1&#45;${apart}`)
    .replace(/^(\d{1,9})([.)])/, '$1\\$2')
    .replace(/^[-+=/]/, '\\$&')
}

/** A block of code; `kind` is ours. The fence is longer than any within. */
export function fencedMarkdown(text: string, kind: '' | 'diff' = ''): readonly string[] {
  // Of what is printed: two runs with a letter between them that goes become one.
  const safe = safeText(text).replace(/\n+$/, '')
  const lines = safe.split('\n')
  let longest = 0
  for (const [run] of safe.matchAll(/`+/g)) longest = Math.max(longest, run.length)
  const fence = '`'.repeat(Math.max(3, longest + 1))
  return [`${fence}${kind}`, ...lines, fence]
}

/** What a model wrote: its code stays code, the rest is said as it was written. */
export function answerMarkdown(text: string): readonly string[] {
  const out: string[] = []
  const tell = (lines: readonly string[]) => {
    for (const line of lines) out.push(line)
    out.push('')
  }
  let prose: string[] = []
  let code: { readonly fence: string; readonly lines: string[] } | undefined
  const endProse = () => {
    if (prose.some((line) => line.trim() !== '')) tell(proseMarkdown(prose.join('\n')))
    prose = []
  }
  for (const line of safeText(text).split('\n')) {
    const [, fence = ''] = /^ {0,3}(`{3,}|~{3,})/.exec(line) ?? []
    if (code && fence.startsWith(code.fence) && line.trim() === fence) {
      tell(fencedMarkdown(code.lines.join('\n')))
      code = undefined
    } else if (code) code.lines.push(line)
    else if (fence !== '') {
      endProse()
      code = { fence, lines: [] }
    } else prose.push(line)
  }
  if (code) tell(fencedMarkdown(code.lines.join('\n')))
  endProse()
  while (out.at(-1) === '') out.pop()
  return out
}

/** Every line of what comes from outside stands behind `> `: no host takes it for a command, no fence ends early. */
export function quoted(lines: readonly string[]): string {
  return lines.map((line) => (line === '' ? '>' : `> ${line}`)).join('\n')
}

/** Between two tags of ours, where Markdown is not read. One line. */
export function htmlText(text: string): string {
  return safeText(text)
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/[&<>"'`@#!~%$^]/g, (sign, at: number, line: string) => {
      const escaped = '&<>"\'`'.includes(sign) ? `&#${sign.charCodeAt(0)};` : sign
      return references.includes(sign) && /\S/.test(line[at + 1] ?? ' ') ? `${escaped}${apart}` : escaped
    })
}

/** A part that is folded until somebody opens it. `body` is Markdown. */
export function folded(summary: string, body: string): string {
  return `<details><summary>${htmlText(summary)}</summary>\n\n${body}\n\n</details>`
}
