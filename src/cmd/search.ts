/** `git teleport search` */

import { Command, Option } from 'clipanion'
import { type FoundSession, type Searched, searchSessions } from '../core/search.ts'
import type { World } from '../core/world.ts'
import { exitCodes, TeleportError } from '../errors.ts'
import type { Match } from '../review/find-words.ts'
import { safeLine } from '../review/safe-text.ts'
import { type Outcome, PagedCommand, remoteOption } from './command.ts'
import { formatAge, plural, safe, shortId } from './text.ts'

export class SearchCommand extends PagedCommand {
  static override paths = [['search']]
  static override usage = Command.Usage({
    category: 'Look',
    description: 'Find words in the sessions that you can read',
    details:
      'Looks through prompts, answers and tool calls of the sessions of this work tree and of those that were fetched; asks no remote. All words must stand in one message; quote a phrase. Ends with 3 when nothing is found.',
    examples: [
      ['Words', 'git teleport search retry timeout'],
      ['A phrase', 'git teleport search "exponential backoff"'],
      ['In all work trees of this machine', 'git teleport search --all retry'],
    ],
  })

  words = Option.Rest({ required: 1, name: 'words' })
  all = Option.Boolean('-a,--all', false, { description: 'Sessions of other work trees on this machine too' })
  limit = Option.String('-n,--max-count', { description: 'Show so many places of a session (default 3)' })
  remote = remoteOption()

  async run(world: World): Promise<Outcome> {
    const limit = this.limit === undefined ? 3 : countOf(this.limit)
    const found = await searchSessions(world, {
      words: this.words,
      everywhere: this.all,
      remote: this.remote,
    })
    if (found.unread.length > 0)
      world.note(`${plural(found.unread.length, 'session')} on the remote not fetched: git teleport fetch`)
    if (found.sessions.length === 0 && !this.json)
      world.note(`none of ${plural(found.searched, 'session')} says that`)
    const { io } = this.context
    const color = io.isTerminal.stdout && !io.env['NO_COLOR']
    const columns = io.isTerminal.stdout ? io.columns : 200
    return {
      json: { ...found },
      text: searchText(found, { limit, color, columns, now: world.now() }),
      exitCode: found.sessions.length === 0 ? exitCodes.nothingMatched : 0,
    }
  }
}

/** Throws `usage` for what is no count. */
function countOf(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text)
  throw new TeleportError('usage', `"${text}" is no number of places`, {
    hint: 'git teleport search -n 10 retry',
  })
}

interface Taste {
  readonly limit: number
  readonly color: boolean
  readonly columns: number
  readonly now: Date
}

function searchText({ sessions }: Searched, taste: Taste): string {
  return sessions.map((session) => sessionText(session, taste)).join('\n\n')
}

function sessionText(found: FoundSession, taste: Taste): string {
  const { session, title, author, updated, matches, total } = found
  const facts = [author ?? '', updated === null ? '' : formatAge(updated, taste.now)].filter(Boolean)
  const head = `${shortId(session)}  ${safeLine(`${title ?? 'no title'}${facts.length > 0 ? ` (${facts.join(', ')})` : ''}`, taste.columns - 10)}`
  const shown = matches.slice(0, taste.limit).map((match) => matchText(match, taste))
  const more = total - shown.length
  const rest = more > 0 ? [`  ${more} more: git teleport search -n ${Math.min(total, 100)}`] : []
  return [taste.color ? `\u001b[1m${head}\u001b[22m` : head, ...shown, ...rest].join('\n')
}

const marks: Readonly<Record<Match['kind'], string>> = { prompt: '> ', answer: '', call: '' }

function matchText(match: Match, { color, columns }: Taste): string {
  const head = `  #${match.number}`.padEnd(8)
  const excerpt = `${marks[match.kind]}${safe(match.excerpt)}`
  const line = `${head}${safeLine(excerpt, Math.max(20, columns - head.length))}`
  return color ? highlighted(line, match) : line
}

/** By the words as they stand there: making the excerpt harmless may have moved their places. */
function highlighted(line: string, { excerpt, places }: Match): string {
  const words = [...new Set(places.map(([from, to]) => safe(excerpt.slice(from, to))))].filter(Boolean)
  if (words.length === 0) return line
  const pattern = words
    .toSorted((a, b) => b.length - a.length)
    .map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('|')
  return line.replace(new RegExp(pattern, 'g'), (word) => `\u001b[1;31m${word}\u001b[22;39m`)
}
