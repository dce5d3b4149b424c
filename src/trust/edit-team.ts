/** Changes to the team's files that keep comments and order. Pure. */

import type { ExtraReader, MemberKey } from '../model.ts'
import { parseSignerLine, type ReadKey } from './allowed-signers.ts'
import type { ReadRecipient } from './recipients.ts'

/** The text with `line` at its end. */
export function withLine(text: string, line: string): string {
  const gap = text === '' || text.endsWith('\n') ? '' : '\n'
  return `${text}${gap}${line}\n`
}

/** The text without the lines of the members that `goes` names; everything else stays byte for byte. */
export function withoutSigners(text: string, readKey: ReadKey, goes: (member: MemberKey) => boolean): string {
  return withoutLines(text, (line) => {
    const member = parseSignerLine(line, readKey, (why) => new Error(why))
    return member !== null && goes(member)
  })
}

/** The same for extra readers. The comment lines that stand right above one go with it. */
export function withoutReaders(
  text: string,
  readRecipient: ReadRecipient,
  goes: (recipient: string) => boolean,
): string {
  const kept: string[] = []
  for (const line of splitLines(text)) {
    const bare = line.replace(/\r?\n$/, '')
    const plain = bare !== '' && !bare.startsWith('#')
    if (!plain || !goes(readRecipient(bare).recipient)) {
      kept.push(line)
      continue
    }
    while (kept.at(-1)?.startsWith('#')) kept.pop()
  }
  return kept.join('')
}

function withoutLines(text: string, goes: (line: string) => boolean): string {
  return splitLines(text)
    .filter((line) => !goes(line.replace(/\r?\n$/, '')))
    .join('')
}

/** Lines with their ends. */
function splitLines(text: string): readonly string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? []
}

/** One reader as lines of `.teleport/recipients`: an age recipient has no comment of its own. */
export function formatReader({ recipient, comment }: ExtraReader): string {
  if (comment === '') return recipient
  return recipient.startsWith('age1') ? `# ${comment}\n${recipient}` : `${recipient} ${comment}`
}
