/** `git teleport show` */

import { once } from 'node:events'
import { Command, Option } from 'clipanion'
import { traceCommits } from '../core/agent-trace.ts'
import type { LocalSession } from '../core/local-reading.ts'
import type { LoggedCommit } from '../core/log.ts'
import type { Reading } from '../core/reading.ts'
import { type Sharing, shareAsItIs, shareOutside } from '../core/share-outside.ts'
import type { ShownHead } from '../core/show.ts'
import { showAnywhere } from '../core/show-anywhere.ts'
import { namesCommit, type ShownPart, showCommit } from '../core/show-commit.ts'
import type { World } from '../core/world.ts'
import { TeleportError } from '../errors.ts'
import { safeJson } from '../review/json-export.ts'
import type { Stats } from '../review/stats.ts'
import { type Outcome, PagedCommand, remoteOption } from './command.ts'
import type { DocumentWriter } from './document-writer.ts'
import { withOutputFile } from './files.ts'
import { newPassphrase } from './new-passphrase.ts'
import { type Output, withOutput } from './pager.ts'
import { redactionNote } from './sharing-text.ts'
import { asText, type Format, formatNamed, formats, limitNamed, statsOf } from './show-as.ts'
import { type DocumentTaste, documentWriter } from './show-document.ts'
import { describe, factRows, publicRows } from './show-facts.ts'
import { describeLocal, localRows, publicLocalRows } from './show-local.ts'
import { commitTitle, partHead, partRows } from './show-parts.ts'
import { filesText, statsText } from './stats-text.ts'
import { safe } from './text.ts'

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
      ['One file for a browser', 'git teleport show 3f2a91c4 --format html --output session.html'],
      [
        'For somebody outside of the team',
        'git teleport show 3f2a91c4 --format html --redact --password -o session.html',
      ],
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
    description: 'text, md for a pull request, html, json, jsonl, or agent-trace of a commit',
  })
  output = Option.String('-o,--output', { description: 'With --format: write to this file' })
  redact = Option.Boolean('--redact', false, {
    description: 'For people outside of the team: without secrets, names, machines and home folders',
  })
  password = Option.Boolean('--password', false, {
    description: 'With --format html: encrypt the file with a passphrase, which opens it in the browser',
  })
  passphraseFile = Option.String('--passphrase-file', {
    description: 'Read that passphrase from this file, or - for standard input',
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
    const asked = await this.askedFor(form)
    if (this.redact) this.sharing = await shareOutside(world, { remote, offline })
    const told = await this.written(world, form, (quiet, output) => {
      const writer = documentWriter(form, (text) => output.write(text), asked)
      return isCommit
        ? this.ofCommit(quiet, session, output, form, writer)
        : this.ofSession(quiet, output, form, writer)
    })
    if (this.redact) world.note(redactionNote(this.sharing.counts()))
    return told
  }

  private sharing: Sharing = shareAsItIs

  /** To the terminal's pager, to stdout, or into a file. */
  private async written(
    world: World,
    form: Format,
    work: (world: World, output: Output) => Promise<Outcome['json']>,
  ): Promise<Outcome> {
    const { io } = this.context
    const { output: file } = this
    if (file !== undefined && file !== '-') {
      await withOutputFile(io, file, (write) => work(world, { write, isPaging: false }))
      return { json: {}, text: `wrote ${safe(file)}` }
    }
    const paged = form === 'text' && !this.json && !this.noPager
    const json = await withOutput(io, world, paged, (output, quiet) => work(quiet, output))
    return { json: json ?? {}, text: '' }
  }

  /** What the document is to be like; asks for a passphrase if it gets one. */
  private async askedFor(form: Format): Promise<DocumentTaste> {
    const { thinking, redact, passphraseFile: file } = this
    const limit = form === 'md' ? limitNamed(this.limit) : 0
    const isLocked = this.password || file !== undefined
    const again = 'git teleport show --format html --password'
    const passphrase = isLocked
      ? await newPassphrase(this.context.io, { kind: 'file', what: 'the HTML file', file, again })
      : undefined
    return { limit, thinking, redact, passphrase }
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
    this.checkSharing(form)
    return form
  }

  private checkSharing(form: Format): void {
    const { password, passphraseFile, output, redact } = this
    if (form !== 'html' && (password || passphraseFile !== undefined)) {
      const typed = password ? '--password' : '--passphrase-file'
      throw new TeleportError('usage', `${typed} goes with --format html`)
    }
    if ((form === 'text' || form === 'agent-trace') && output !== undefined)
      throw new TeleportError('usage', '--output goes with --format md, html, json or jsonl')
    if (form === 'agent-trace' && redact)
      throw new TeleportError('usage', '--redact does not go with --format agent-trace')
    if (form === 'html' && (output ?? '-') === '-' && this.context.io.isTerminal.stdout)
      throw new TeleportError('usage', 'HTML is not for a terminal', {
        hint: 'git teleport show --format html --output session.html',
      })
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
    writer: DocumentWriter,
  ): Promise<Outcome['json']> {
    const { remote, offline, all, sharing } = this
    let logged: LoggedCommit | undefined
    const parts: (Told & { readonly part: ShownPart })[] = []
    let heading = ''
    await showCommit(
      world,
      { commit, remote, offline, all },
      (found) => {
        logged = sharing.commit(found)
        heading = `${safe(commitTitle(logged))}\n`
      },
      async (tied) => {
        const part = sharing.part(tied)
        parts.push({ part, conversation: [] })
        const columns = this.context.io.columns
        if (form === 'html' && logged) await writer.begin('commit', commitTitle(logged), {}, partRows(part))
        else if (form !== 'text')
          await writer.begin('commit', `${heading}${partHead(part, columns)}`, { ...logged, ...part })
        else if (!this.json) await output.write(`${heading}\n${partHead(part, columns)}\n\n`)
        heading = ''
      },
      async (reading) => {
        const told = parts.at(-1)
        if (form !== 'text') await writer.body(sharing.reading(reading))
        else if (told) await this.tell(reading, output, told)
      },
    )
    if (form !== 'text') await writer.end()
    const sessions = parts.map(({ part, ...told }) => ({ ...part, ...this.jsonOf(told) }))
    return { ...logged, sessions }
  }

  private async ofSession(
    world: World,
    output: Output,
    form: Format,
    writer: DocumentWriter,
  ): Promise<Outcome['json']> {
    const { session, remote, offline, here, from, to, redact, sharing } = this
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
        remote: (found) => {
          const facts = sharing.session(found)
          const rows = publicRows(facts)
          return begin(facts, describe(facts, redact ? rows : factRows(facts, world.now())), rows)
        },
        local: (found) => {
          const facts = sharing.local(found)
          const rows = publicLocalRows(facts)
          return begin(facts, describeLocal(facts, redact ? rows : localRows(facts, world.now())), rows)
        },
      },
      (reading) =>
        form === 'text' ? this.tell(reading, output, told) : writer.body(sharing.reading(reading)),
    )
    if (form !== 'text') await writer.end()
    return { ...shown, ...this.jsonOf(told) }
  }

  /** Writes what was asked for, or keeps it for the document. */
  private async tell(found: Reading, output: Output, told: Told): Promise<void> {
    const { io } = this.context
    const reading = this.sharing.reading(found)
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
