/** The tags in which the client files slash commands and their output among the user's words. Pure. */

/** `/model opus` for a row that holds a slash command; `undefined` for everything else. */
export function commandOf(text: string): string | undefined {
  if (!/^\s*<command-(?:name|message|args)>/.test(text)) return undefined
  const name = /<command-name>([^<]*)<\/command-name>/.exec(text)?.[1]?.trim()
  const args = /<command-args>([^<]*)<\/command-args>/.exec(text)?.[1]?.trim()
  return name ? [name, args].filter(Boolean).join(' ') : undefined
}

/** What a command or a `!` line of the user printed; `undefined` for everything else. */
export function outputOf(text: string): string | undefined {
  const match = /^\s*<(local-command-stdout|local-command-stderr|bash-stdout|bash-stderr)>/.exec(text)
  if (!match) return undefined
  return text.slice(match[0].length).replace(/<\/?(?:local-command|bash)-std(?:out|err)>/g, '')
}
