/** `git teleport show` */

import { once } from 'node:events'
import { Command, Option } from 'clipanion'
import { traceCommits } from '../core/agent-trace.ts'
import type { LocalSession } from '../core/local-reading.ts'
import type { LoggedCommit } from '../core/log.ts'
import type { Reading } from '../core/reading.ts'
import type { ShownHead } from '../core/show.ts'
import { showAnywhere } from '../core/show-anywhere.ts'
import { namesCommit, type ShownPart, showCommit } from '../core/show-commit.ts'
import type { SignerFacts } from '../core/signer-facts.ts'
import type { World } from '../core/world.ts'
import { TeleportError } from '../errors.ts'
import { safeJson } from '../review/json-export.ts'
import type { Stats } from '../review/stats.ts'
import { type Outcome, PagedCommand, remoteOption } from './command.ts'
import { type Output, withOutput } from './pager.ts'
import { asText, type Format, formatNamed, formats, limitNamed, statsOf } from './show-as.ts'
import { type DocumentWriter, documentWriter } from './show-document.ts'
import { describeLocal, publicLocalRows } from './show-local.ts'
import { filesText, statsText } from './stats-text.ts'
import { formatAge, formatBytes, plural, safe } from './text.ts'
import { sealedLine, shortCommit, tieLine } from './tie-text.ts'

export class ShowCommand extends PagedCommand {
  static override paths = [['show']]
  static override usage = Command.Usage({
    category: 'Look',
    description: 'Read a session, or what led to a commit',
    details:
      'Prints who signed it, then the conversation: prompts, answers, and each tool call on a line. Of a commit the part that led to it: from the commit of the session before up to this one. A session that was never pushed is shown as it lies here. Without a session you choose one. Messages have numbers, times are UTC.',
    examples: [
      ['Read a session', 'git teleport show 3f2a91c4'],
      ['What led to a commit', 'git teleport show HEAD~2'],
      ['What it came to: turns, tools, tokens, cost', 'git teleport show 3f2a91c4 --stat'],
      ['For a pull request', 'git teleport show 3f2a91c4 --format md'],
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
  format = Option.String('--format', {
    description: 'text, md for a pull request, json, jsonl, or agent-trace of a commit',
  })
  limit = Option.String('--limit', {
    description: 'With --format md: at most so many characters (65536), 0 for any',
  })
  offline = Option.Boolean('--offline', false, { description: 'Read what `fetch` brought' })
  here = Option.Boolean('--here', false, {
    description: 'Read the copy on this machine, also when the remote has the session',
  })
  remote = remoteOption()

  async run(world: World): Promise<Outcome> {
    const { session, remote, offline } = this
    const isCommit =
      !this.here && session !== undefined && (await namesCommit(world, session, { remote, offline }))
    if (isCommit && (this.from !== undefined || this.to !== undefined))
      throw new TeleportError('usage', '--from and --to take a part of a session, not of a commit')
    const form = this.checkForm(isCommit)
    if (form === 'agent-trace') return this.traced(world, session ?? '')
    const { io } = this.context
    const paged = form === 'text' && !this.json && !this.noPager
    const json = await withOutput(io, world, paged, (output, quiet) =>
      isCommit ? this.ofCommit(quiet, session, output, form) : this.ofSession(quiet, output, form),
    )
    return { json: json ?? {}, text: '' }
  }

  /** Whoever reads begins to read at once; documents and figures begin with what only the end tells. */
  private isForReading(form: Format): boolean {
    return form === 'text' && !this.json && !this.stat && !this.files
  }

  private checkForm(isCommit: boolean): Format {
    const form = formatNamed(
      this.format,
      formats.filter((each) => isCommit || each !== 'agent-trace'),
    )
    if (form !== 'text' && (this.json || this.stat || this.files))
      throw new TeleportError('usage', '--format goes with neither --json, --stat nor --files')
    if (form !== 'md' && this.limit !== undefined)
      throw new TeleportError('usage', '--limit goes with --format md')
    return form
  }

  private async traced(world: World, commit: string): Promise<Outcome> {
    const { remote, offline } = this
    const { stdout } = this.context.io
    await traceCommits(world, { of: { commit }, remote, offline }, async (record) => {
      if (!stdout.write(`${safeJson(record)}\n`)) await once(stdout, 'drain')
    })
    return { json: {}, text: '' }
  }

  private async ofCommit(
    world: World,
    commit: string,
    output: Output,
    form: Format,
  ): Promise<Outcome['json']> {
    const { remote, offline, all } = this
    const writer = this.writerFor(form, output)
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
        const columns = this.context.io.columns
        if (form !== 'text')
          await writer.begin('commit', `${heading}${partHead(part, columns)}`, { ...logged, ...part })
        else if (!this.json) await output.write(`${heading}\n${partHead(part, columns)}\n\n`)
        heading = ''
      },
      async (reading) => {
        const told = parts.at(-1)
        if (form !== 'text') await writer.body(reading)
        else if (told) await this.tell(reading, output, told)
      },
    )
    if (form !== 'text') await writer.end()
    const sessions = parts.map(({ part, ...told }) => ({ ...part, ...this.jsonOf(told) }))
    return { ...logged, sessions }
  }

  private async ofSession(world: World, output: Output, form: Format): Promise<Outcome['json']> {
    const { session, remote, offline, here, from, to } = this
    const writer = this.writerFor(form, output)
    let shown: ShownHead | LocalSession | undefined
    const told: Told = { conversation: [] }
    const begin = async (
      facts: ShownHead | LocalSession,
      text: string,
      rows: ReturnType<typeof publicRows>,
    ) => {
      shown = facts
      if (form !== 'text') await writer.begin('session', facts.title ?? 'no title', facts, rows)
      else if (!this.json) await output.write(`${text}\n`)
    }
    await showAnywhere(
      world,
      { session, remote, offline, here, range: { from, to }, atOnce: this.isForReading(form) },
      {
        remote: (facts) => begin(facts, describe(facts, world), publicRows(facts)),
        local: (facts) => begin(facts, describeLocal(facts, world.now()), publicLocalRows(facts)),
      },
      (reading) => (form === 'text' ? this.tell(reading, output, told) : writer.body(reading)),
    )
    if (form !== 'text') await writer.end()
    return { ...shown, ...this.jsonOf(told) }
  }

  private writerFor(form: Format, output: Output): DocumentWriter {
    const limit = form === 'md' ? limitNamed(this.limit) : 0
    return documentWriter(form, (text) => output.write(text), { limit, thinking: this.thinking })
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

function factRows(shown: ShownHead, world: World): readonly (readonly [string, string])[] {
  const now = world.now()
  const { signedBy } = shown
  return [
    ['session', shown.session],
    ['from', `${shown.from.principal} on ${shown.from.host}, ${shown.from.root}`],
    ['signed', `by ${signerText(signedBy)}`],
    ['key', signedBy.fingerprint],
    ['pushed', `${shown.pushedAt} (${formatAge(shown.pushedAt, now)}), push ${shown.seq}`],
    ['expires', shown.expires === null ? 'never' : `${shown.expires} (${formatAge(shown.expires, now)})`],
    ['commits', shown.codeCommits.map((commit) => commit.slice(0, 10)).join(' ') || '-'],
    [
      'size',
      `${shown.messages === null ? '' : `${plural(shown.messages, 'message')}, `}${plural(shown.files, 'file')}, ${formatBytes(shown.sizeBytes)}, ${plural(shown.segments, 'segment')}`,
    ],
    ...(shown.changes
      ? [['changes', 'pushed with its code changes: pull --worktree or --checkout'] as const]
      : []),
    ['readers', String(shown.readers.length)],
  ]
}

/** For readers on other machines and in public: no path, nothing relative to who asks. */
function publicRows(shown: ShownHead): readonly (readonly [string, string])[] {
  const { signedBy } = shown
  return [
    ['session', shown.session],
    ['by', signedBy.principal ?? shown.from.principal],
    ['pushed', shown.pushedAt],
    ['signed', `${signedBy.fingerprint}${signedBy.kind === 'unknown' ? ', not verified' : ', verified'}`],
    ['commits', shown.codeCommits.map((commit) => commit.slice(0, 10)).join(' ') || '-'],
    ...(shown.messages === null ? [] : [['messages', String(shown.messages)] as const]),
  ]
}

function describe(shown: ShownHead, world: World): string {
  const { signedBy } = shown
  const [session, ...others] = factRows(shown, world)
  const rows = [...(session ? [session] : []), ['title', shown.title ?? '-'] as const, ...others]
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
