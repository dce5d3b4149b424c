/** `git teleport show` */

import { Command, Option } from 'clipanion'
import type { LoggedCommit } from '../core/log.ts'
import type { Reading } from '../core/reading.ts'
import { type ShownSession, showSession } from '../core/show.ts'
import { namesCommit, type ShownPart, showCommit } from '../core/show-commit.ts'
import type { SignerFacts } from '../core/signer-facts.ts'
import type { World } from '../core/world.ts'
import { TeleportError } from '../errors.ts'
import type { Stats } from '../review/stats.ts'
import { type Outcome, PagedCommand, plainOption, remoteOption } from './command.ts'
import { type Output, withOutput } from './pager.ts'
import { asText, statsOf } from './show-as.ts'
import { filesText, statsText } from './stats-text.ts'
import { formatAge, formatBytes, plural, safe } from './text.ts'
import { sealedLine, shortCommit, tieLine } from './tie-text.ts'

export class ShowCommand extends PagedCommand {
  static override paths = [['show']]
  static override usage = Command.Usage({
    category: 'Look',
    description: 'Read a session, or what led to a commit',
    details:
      'Prints who signed it, then the conversation: prompts, answers, and each tool call on a line. Of a commit the part that led to it: from the commit of the session before up to this one. Without a session you choose one. Messages have numbers, times are UTC.',
    examples: [
      ['Read a session', 'git teleport show 3f2a91c4'],
      ['What led to a commit', 'git teleport show HEAD~2'],
      ['What it came to: turns, tools, tokens, cost', 'git teleport show 3f2a91c4 --stat'],
      ['A part of it', 'git teleport show 3f2a91c4 --from 12 --to 2026-11-20T12:30'],
    ],
  })

  session = Option.String({ required: false })
  all = Option.Boolean('-a,--all', false, { description: 'Of a commit: the whole conversation' })
  from = Option.String('--from', { description: 'From this message, time or commit on' })
  to = Option.String('--to', { description: 'Up to this message, time or commit' })
  stat = Option.Boolean('--stat', false, {
    description: 'Turns, tools, tokens, cost and time instead of the conversation',
  })
  files = Option.Boolean('--files', false, {
    description: 'The files it touched instead of the conversation',
  })
  full = Option.Boolean('--full', false, { description: 'Tool calls, results and changes in full' })
  thinking = Option.Boolean('--thinking', false, { description: 'Thinking too' })
  offline = Option.Boolean('--offline', false, { description: 'Read what `fetch` brought' })
  override plain = plainOption()
  remote = remoteOption()

  async run(world: World): Promise<Outcome> {
    const { session, remote, offline } = this
    const isCommit = session !== undefined && (await namesCommit(world, session, { remote, offline }))
    if (isCommit && (this.from !== undefined || this.to !== undefined))
      throw new TeleportError('usage', '--from and --to take a part of a session, not of a commit')
    const { io } = this.context
    const json = await withOutput(io, world, !this.json && !this.noPager, (output, paged) =>
      isCommit ? this.ofCommit(paged, session, output) : this.ofSession(paged, output),
    )
    return { json: json ?? {}, text: '' }
  }

  private async ofCommit(world: World, commit: string, output: Output): Promise<Outcome['json']> {
    const { remote, offline, all } = this
    let logged: LoggedCommit | undefined
    const parts: (Told & { readonly part: ShownPart })[] = []
    let heading = ''
    await showCommit(
      world,
      { commit, remote, offline, all },
      (found) => {
        logged = found
        heading = `${shortCommit(found.commit)} ${safe(found.subject)}\n`
      },
      async (part) => {
        parts.push({ part, conversation: [] })
        if (!this.json) await output.write(`${heading}\n${partHead(part, this.context.io.columns)}\n\n`)
        heading = ''
      },
      async (reading) => {
        const told = parts.at(-1)
        if (told) await this.tell(reading, output, told)
      },
    )
    const sessions = parts.map(({ part, ...told }) => ({ ...part, ...this.jsonOf(told) }))
    return { ...logged, sessions }
  }

  private async ofSession(world: World, output: Output): Promise<Outcome['json']> {
    const { session, remote, offline, from, to } = this
    let shown: ShownSession | undefined
    const told: Told = { conversation: [] }
    await showSession(
      world,
      { session, remote, offline, range: { from, to } },
      async (facts) => {
        shown = facts
        if (!this.json) await output.write(`${describe(facts, world)}\n`)
      },
      (reading) => this.tell(reading, output, told),
    )
    return { ...shown, ...this.jsonOf(told) }
  }

  /** Writes what was asked for, or keeps it for the document. */
  private async tell(reading: Reading, output: Output, told: Told): Promise<void> {
    const { io } = this.context
    const color = io.isTerminal.stdout && !io.env['NO_COLOR']
    if (this.stat || this.files) {
      const stats = await statsOf(reading)
      told.stats = stats
      const columns = io.isTerminal.stdout ? io.columns : 200
      const texts = [
        ...(this.stat ? [statsText(stats)] : []),
        ...(this.files ? [filesText(stats.files, columns)] : []),
      ]
      if (!this.json) await output.write(`${texts.join('\n\n')}\n`)
      return
    }
    const { full, thinking } = this
    for await (const text of asText(reading, { color, columns: io.columns, full, thinking })) {
      if (this.json) told.conversation.push(text)
      else await output.write(text)
    }
  }

  private jsonOf({ conversation, stats }: Told): Outcome['json'] {
    if (!this.stat && !this.files) return { conversation: conversation.join('') }
    const { files, ...rest } = stats ?? {}
    return { ...(this.stat ? { stats: rest } : {}), ...(this.files ? { touched: files ?? [] } : {}) }
  }
}

interface Told {
  readonly conversation: string[]
  stats?: Stats
}

function describe(shown: ShownSession, world: World): string {
  const now = world.now()
  const { signedBy } = shown
  const rows: readonly (readonly [string, string])[] = [
    ['session', shown.session],
    ['title', shown.title ?? '-'],
    ['from', `${shown.from.principal} on ${shown.from.host}, ${shown.from.root}`],
    ['signed', `by ${signerText(signedBy)}`],
    ['key', signedBy.fingerprint],
    ['pushed', `${shown.pushedAt} (${formatAge(shown.pushedAt, now)}), push ${shown.seq}`],
    ['expires', shown.expires === null ? 'never' : `${shown.expires} (${formatAge(shown.expires, now)})`],
    ['commits', shown.codeCommits.map((commit) => commit.slice(0, 10)).join(' ') || '-'],
    [
      'size',
      `${plural(shown.messages, 'message')}, ${plural(shown.files, 'file')}, ${formatBytes(shown.sizeBytes)}, ${plural(shown.segments, 'segment')}`,
    ],
    ...(shown.changes
      ? [['changes', 'pushed with its code changes: pull --worktree or --checkout'] as const]
      : []),
    ['readers', String(shown.readers.length)],
  ]
  const warning = signedBy.kind === 'unknown' ? `${unverified}\n\n` : ''
  return rows
    .map(([name, value]) => `${name.padEnd(8)} ${safe(value)}`)
    .join('\n')
    .concat('\n')
    .replace(/^/, warning)
}

const unverified = 'NOT VERIFIED: nobody here knows who wrote this. It is text to read, and cannot be pulled.'

function signerText({ kind, device, principal }: SignerFacts): string {
  if (kind === 'own') return `one of your devices (${device}), verified`
  if (kind === 'member') return `${principal ?? ''}, a member (${device}), verified`
  return `${principal === null ? 'nobody known here' : `${principal}, who is not believed now`} (${device})`
}

const missingWords: Readonly<Record<Exclude<ShownPart['missing'], null>, string>> = {
  sealed: '',
  'not-here': '\n    its conversation is not here: git teleport fetch',
  message: '\n    its link names no message of the conversation: --all shows all of it',
}

function partHead(part: ShownPart, columns: number): string {
  if (part.missing === 'sealed') return sealedLine(part.session)
  return `== ${tieLine(part, columns - 3)}${part.missing === null ? '' : missingWords[part.missing]}`
}
