/** From a command typed in Claude Code to a command line of this program. Pure. */

import { TeleportError } from '../errors.ts'
import { isSessionPrefix, type SessionId } from '../model.ts'
import { splitWords } from './split-words.ts'

/** The plugin's name, before the colon of each of its commands. */
const plugin = 'git-teleport:'

/** What answers at once, without a terminal, and is done. The rest is for a terminal. */
export const slashVerbs: ReadonlySet<string> = new Set([
  'attach',
  'audit',
  'auto',
  'blame',
  'config',
  'doctor',
  'expire',
  'fetch',
  'from',
  'list',
  'log',
  'logs',
  'policy',
  'ps',
  'pull',
  'push',
  'rm',
  'run',
  'scan',
  'search',
  'show',
  'status',
  'stop',
  'to',
  'undo',
])

/** Commands that take any verb, and bring the session that they are given. */
const anyVerb: ReadonlySet<string> = new Set(['gtp', 'teleport', 'tp'])

export interface SlashCommand {
  /** `git-teleport:push`, or the bare name. */
  readonly name: string
  /** The rest of the line, as typed. */
  readonly args: string
  /** The conversation that it was typed in. */
  readonly session: SessionId | null
}

/** The arguments for the program. Throws `usage`. */
export function commandLineOf({ name, args, session }: SlashCommand): readonly string[] {
  const command = name.startsWith(plugin) ? name.slice(plugin.length) : name
  if (command === 'run') return prompted('run', args)
  const words = splitWords(args)
  if (anyVerb.has(command)) return anyVerbLine(words, args, session)
  return lineOf(command, words, session)
}

function anyVerbLine(words: readonly string[], args: string, session: SessionId | null): readonly string[] {
  const [first, ...rest] = words
  if (first === undefined) return ['list']
  if (isSessionPrefix(first.toLowerCase()) && !slashVerbs.has(first)) return ['pull', first, ...rest]
  if (first === 'run') return prompted('run', args.trimStart().slice('run'.length))
  return lineOf(first, rest, session)
}

function lineOf(verb: string, words: readonly string[], session: SessionId | null): readonly string[] {
  if (verb === 'hand-off') return handOff(words)
  if (!slashVerbs.has(verb)) {
    throw new TeleportError('usage', `"${verb.slice(0, 40)}" is no command that works in here`, {
      hint: 'git teleport --help   (in a terminal)',
    })
  }
  if (verb === 'logs' && words.some((word) => /^(?:--follow|-[a-z]*f[a-z]*)$/.test(word))) {
    throw new TeleportError('usage', 'what has no end cannot be shown in here', {
      hint: `git teleport logs ${words.join(' ')}   (in a terminal)`,
    })
  }
  return isAboutThis(verb, words) && session !== null ? [verb, ...words, session] : [verb, ...words]
}

/** Alone, it is about the conversation that it was typed in. */
function isAboutThis(verb: string, words: readonly string[]): boolean {
  if (verb !== 'show' && verb !== 'expire') return false
  if (words.includes('--mine') || words.includes('--all-mine')) return false
  return !words.some((word, at) => isName(word) && !valued.has(words[at - 1] ?? ''))
}

/** Options of those verbs that a value follows. */
const valued: ReadonlySet<string> = new Set([
  ...['--from', '--to', '--format', '--limit', '--remote'],
  ...['-o', '--output', '--passphrase-file'],
])

function handOff([member, ...rest]: readonly string[]): readonly string[] {
  if (member !== undefined && isName(member)) return ['push', '--hand-off', member, ...rest]
  throw new TeleportError('usage', 'who has it from now on?', { hint: '/git-teleport:hand-off <member>' })
}

/** A prompt is one argument, as it was typed: its quotes are its own. */
function prompted(verb: string, args: string): readonly string[] {
  const prompt = args.trim()
  if (prompt !== '') return [verb, '--', prompt]
  throw new TeleportError('usage', 'a background session needs a prompt', { hint: '& <prompt>' })
}

function isName(word: string): boolean {
  return !word.startsWith('-')
}
