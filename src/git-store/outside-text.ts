/** Makes text of other programs and hosts safe to show. Pure. */

const unsafe = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/** One line of at most `maxLength` characters, control and direction characters spelled out. */
export function showOutside(text: string, maxLength = 600): string {
  const line = text
    .split(/[\r\n]+/)
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .join('; ')
  const cut = line.length > maxLength ? `${line.slice(0, maxLength)}…` : line
  return cut.replace(unsafe, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
}

/** What the host itself said through git: the lines that git marks with `remote:`. For display only. */
export function remoteWords(stderr: string): string {
  const words = stderr.split(/[\r\n]+/).filter((line) => line.startsWith('remote:'))
  return showOutside(words.map((line) => line.slice('remote:'.length)).join('\n'))
}
