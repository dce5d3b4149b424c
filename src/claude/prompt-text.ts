/** What a person typed, as one line for a title. Pure. */

/** Longer titles are cut here, in characters. */
const longest = 120

/** Text that the client puts around or beside a prompt. */
const wrappers = [
  'system-reminder',
  'local-command-caveat',
  'local-command-stdout',
  'local-command-stderr',
  'bash-stdout',
  'bash-stderr',
  'command-contents',
].map((name) => new RegExp(`<${name}>[\\s\\S]*?(?:</${name}>|$)`, 'g'))

/** The first line that says something, cut at 120 characters; '' when there is none. A typed command reads `/name arguments`. */
export function promptLine(text: string): string {
  const command = between(text, 'command-name')
  if (command !== undefined) return firstLine(`${command} ${between(text, 'command-args') ?? ''}`)
  let rest = text
  for (const wrapper of wrappers) rest = rest.replace(wrapper, '')
  return firstLine(rest.replace(/<\/?(?:bash-input|command-message)>/g, ''))
}

function between(text: string, name: string): string | undefined {
  return text.match(new RegExp(`<${name}>([\\s\\S]*?)</${name}>`))?.[1]
}

function firstLine(text: string): string {
  const line = text
    .split(/\r?\n|\r/)
    .map((each) => each.trim())
    .find((each) => each !== '')
  if (line === undefined) return ''
  const characters = [...line.slice(0, longest * 2 + 2)]
  return characters.length <= longest ? line : `${characters.slice(0, longest - 1).join('')}…`
}
