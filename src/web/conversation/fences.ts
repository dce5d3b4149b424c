/** What was typed, cut where fenced code begins and ends. Pure, and linear in the text. */

export type Typed = string | { readonly language: string; readonly text: string }

export function splitFences(text: string): readonly Typed[] {
  const lines = text.split('\n')
  const parts: Typed[] = []
  let from = 0
  for (let at = 0; at < lines.length; at += 1) {
    const [, language] = /^```([\w+-]*)$/.exec((lines[at] ?? '').trimEnd()) ?? []
    if (language === undefined) continue
    const end = closingLine(lines, at + 2)
    // Then none behind it is closed either.
    if (end === -1) break
    parts.push(lines.slice(from, at).join('\n').trim())
    parts.push({ language: language.toLowerCase(), text: lines.slice(at + 1, end).join('\n') })
    from = end + 1
    at = end
  }
  parts.push(lines.slice(from).join('\n').trim())
  return parts.filter((part) => part !== '')
}

function closingLine(lines: readonly string[], from: number): number {
  for (let at = from; at < lines.length; at += 1) if ((lines[at] ?? '').trimEnd() === '```') return at
  return -1
}
