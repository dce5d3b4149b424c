/** The commands as clipanion knows them: what every document is held to. */

import { Cli, type CommandClass } from 'clipanion'
import { verbNames } from '../../src/cmd/cli.ts'
import type { Context } from '../../src/cmd/command.ts'
import { processIo } from '../../src/cmd/io.ts'

export interface Defined {
  /** `push`, `key show`. */
  readonly name: string
  /** `git-teleport push [session]` without options. */
  readonly usage: string
  readonly description: string
  /** Its own, without those of every command: all spellings of each, `-o`, `--output`. */
  readonly options: readonly (readonly string[])[]
  readonly examples: readonly string[]
}

export const commonOptions = ['--json', '--quiet', '--yes', '--no-interactive'] as const

export const cli = new Cli<Context>({ binaryLabel: 'git-teleport', binaryName: 'git-teleport' })
const files: readonly unknown[] = await Promise.all(
  verbNames.map((verb) => import(`../../src/cmd/${verb}.js`)),
)
for (const command of files.flatMap((file) => Object.values(Object(file))).filter(isCommand)) {
  cli.register(command)
}

export const defined: readonly Defined[] = cli
  .definitions()
  .map((each) => ({
    name: each.path.replace(/^git-teleport /, ''),
    usage: each.usage,
    description: each.description ?? '',
    options: each.options
      .map((option) => (option.definition.split(' ')[0] ?? '').split(','))
      .filter((names) => !commonOptions.some((common) => names.includes(common))),
    examples: (each.examples ?? []).map(([, line]) => line),
  }))
  .sort((a, b) => (a.name < b.name ? -1 : 1))

function isCommand(value: unknown): value is CommandClass<Context> {
  return typeof value === 'function' && 'paths' in value
}

const context: Context = {
  ...Cli.defaultContext,
  io: processIo(new AbortController().signal, '0'),
  argv: [],
  onDefect() {},
  runLine: async () => 0,
}

/** Whether the words are a command line that the program takes; it is not run. */
export function isCommandLine(argv: readonly string[]): boolean {
  try {
    cli.process([...argv], context)
    return true
  } catch {
    return false
  }
}

/** The words of one simple shell command; a quoted one is one word, and a pipe or a comment ends it. */
export function wordsOf(line: string): readonly string[] {
  const words = [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? '',
  )
  const end = words.findIndex((word) => ['|', '>', '#', '&&'].includes(word))
  return words.slice(0, end < 0 ? undefined : end)
}

/** Of a line with `git teleport …` in it, also behind a pipe: the words after that. */
export function argvIn(line: string): readonly string[] | undefined {
  const at = line.search(/\bgit[ -]teleport /)
  return at < 0 ? undefined : wordsOf(line.slice(at)).slice(line.startsWith('git-', at) ? 1 : 2)
}
