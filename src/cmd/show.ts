/** `git teleport show` */

import { once } from 'node:events'
import { Command, Option } from 'clipanion'
import type { LoggedCommit } from '../core/log.ts'
import { type ShownSession, showSession } from '../core/show.ts'
import { namesCommit, type ShownPart, showCommit } from '../core/show-commit.ts'
import type { SignerFacts } from '../core/signer-facts.ts'
import type { World } from '../core/world.ts'
import { type Outcome, remoteOption, TeleportCommand } from './command.ts'
import { formatAge, formatBytes, plural, safe } from './text.ts'
import { sealedLine, shortCommit, tieLine } from './tie-text.ts'

export class ShowCommand extends TeleportCommand {
  static override paths = [['show']]
  static override usage = Command.Usage({
    category: 'Look',
    description: 'Read a session, or what led to a commit',
    details:
      'Prints who signed it, then the conversation: prompts, answers, and each tool call on a line. Of a commit the part that led to it: from the commit of the session before up to this one.',
    examples: [
      ['Read a session', 'git teleport show 3f2a91c4 | less -R'],
      ['What led to a commit', 'git teleport show HEAD~2'],
      ['Only what it is and who signed it', 'git teleport show 3f2a91c4 --stat'],
    ],
  })

  session = Option.String()
  all = Option.Boolean('-a,--all', false, { description: 'Of a commit: the whole conversation' })
  stat = Option.Boolean('--stat', false, { description: 'Only the facts, not the conversation' })
  full = Option.Boolean('--full', false, { description: 'Tool calls and their results in full' })
  thinking = Option.Boolean('--thinking', false, { description: 'Thinking too' })
  offline = Option.Boolean('--offline', false, { description: 'Read what `fetch` brought' })
  remote = remoteOption()

  async run(world: World): Promise<Outcome> {
    const { session, remote, offline } = this
    return (await namesCommit(world, session, { remote, offline }))
      ? this.ofCommit(world)
      : this.ofSession(world)
  }

  private async ofCommit(world: World): Promise<Outcome> {
    const { io } = this.context
    const { stdout } = io
    const color = io.isTerminal.stdout && !io.env['NO_COLOR']
    let commit: LoggedCommit | undefined
    const parts: { readonly part: ShownPart; readonly conversation: string[] }[] = []
    await showCommit(
      world,
      {
        commit: this.session,
        remote: this.remote,
        offline: this.offline,
        all: this.all,
        text: { color, columns: io.columns, full: this.full, thinking: this.thinking },
      },
      (found) => {
        commit = found
        if (!this.json) stdout.write(`${shortCommit(found.commit)} ${safe(found.subject)}\n`)
      },
      (part) => {
        parts.push({ part, conversation: [] })
        if (!this.json) stdout.write(`\n${partHead(part, io.columns)}\n\n`)
      },
      async (text) => {
        if (this.stat) return
        if (this.json) parts.at(-1)?.conversation.push(text)
        else if (!stdout.write(text)) await once(stdout, 'drain')
      },
    )
    const sessions = parts.map(({ part, conversation }) => ({
      ...part,
      ...(this.stat ? {} : { conversation: conversation.join('') }),
    }))
    return { json: { ...commit, sessions }, text: '' }
  }

  private async ofSession(world: World): Promise<Outcome> {
    const { io } = this.context
    const { stdout } = io
    const color = io.isTerminal.stdout && !io.env['NO_COLOR']
    let shown: ShownSession | undefined
    const conversation: string[] = []
    await showSession(
      world,
      {
        session: this.session,
        remote: this.remote,
        offline: this.offline,
        text: { color, columns: io.columns, full: this.full, thinking: this.thinking },
      },
      (facts) => {
        shown = facts
        if (!this.json) stdout.write(`${describe(facts, world)}\n`)
      },
      async (text) => {
        if (this.stat) return
        if (this.json) conversation.push(text)
        else if (!stdout.write(text)) await once(stdout, 'drain')
      },
    )
    return { json: { ...shown, ...(this.stat ? {} : { conversation: conversation.join('') }) }, text: '' }
  }
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
