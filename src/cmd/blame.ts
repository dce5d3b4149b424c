/** `git teleport blame` */

import { Command, Option } from 'clipanion'
import { blameSessions, type LineOfSession } from '../core/blame.ts'
import type { World } from '../core/world.ts'
import { TeleportError } from '../errors.ts'
import { safeLine, safeText } from '../review/safe-text.ts'
import { type Outcome, PagedCommand, remoteOption } from './command.ts'
import { shortId } from './text.ts'
import { howWidth, howWord, sealedLine, shortCommit } from './tie-text.ts'

export class BlameCommand extends PagedCommand {
  static override paths = [['blame']]
  static override usage = Command.Usage({
    category: 'Look',
    description: 'Show the session and the prompt behind each line of a file',
    details:
      'Asks git blame for the commits. Below the lines: each session, how its commit was found, and the last thing asked before it. Where several sessions share a commit and nothing tells whose a line is, all are named.',
    examples: [
      ['A file', 'git teleport blame src/upload.ts'],
      ['Some lines', 'git teleport blame src/upload.ts -L 10,20'],
    ],
  })

  lines = Option.Array('-L,--lines', [], { description: 'Only these lines, as for git blame: 10,20' })
  revision = Option.String('--rev', { description: 'As of this revision instead of the work tree' })
  copies = Option.Counter('-C,--copies', 0, {
    description: 'Find lines copied from other files too; up to three times',
  })
  moves = Option.Boolean('-M,--moves', false, { description: 'Find lines moved within the file' })
  blanks = Option.Boolean('-w,--ignore-blanks', false, { description: 'Changes of blanks do not count' })
  offline = Option.Boolean('--offline', false, { description: 'Ask no remote' })
  remote = remoteOption()
  file = Option.String()

  async run(world: World): Promise<Outcome> {
    const git = [
      ...Array.from({ length: Math.min(3, Number(this.copies)) }, () => '-C'),
      ...(this.moves ? ['-M'] : []),
      ...(this.blanks ? ['-w'] : []),
    ]
    if (this.revision?.startsWith('-') || this.lines.some((range) => range.startsWith('-')))
      throw new TeleportError('usage', 'neither a revision nor a range of lines begins with a dash')
    const lines = await blameSessions(world, {
      file: this.file,
      lines: this.lines,
      git,
      revision: this.revision,
      remote: this.remote,
      offline: this.offline,
    })
    const { io } = this.context
    return {
      json: { file: this.file, lines },
      text: blameText(lines, io.isTerminal.stdout ? io.columns : 200),
    }
  }
}

function blameText(lines: readonly LineOfSession[], columns: number): string {
  const width = String(lines.at(-1)?.line ?? 0).length
  const rows = lines.map((each) => {
    const head = `${sessionCell(each)} ${commitCell(each)} ${String(each.line).padStart(width)}) `
    return head + cutLine(each.text, columns - head.length)
  })
  const legend = legendOf(lines, columns)
  return [...rows, ...(legend.length > 0 ? ['', ...legend] : [])].join('\n')
}

/** Indentation is part of code, so runs of blanks stay. */
function cutLine(text: string, columns: number): string {
  const safe = safeText(text).replaceAll('\n', ' ')
  return safe.length <= columns ? safe : `${safe.slice(0, Math.max(0, columns - 1))}…`
}

function sessionCell({ sessions }: LineOfSession): string {
  const [first, second] = sessions
  if (!first) return '-'.padEnd(10)
  return `${shortId(first.session)}${second ? `+${sessions.length - 1}` : ''}`.padEnd(10)
}

function commitCell({ commit }: LineOfSession): string {
  return commit === null ? 'not yet   ' : shortCommit(commit)
}

/** Each session and commit once, in the order of their first lines. */
function legendOf(lines: readonly LineOfSession[], columns: number): readonly string[] {
  const rows = new Map<string, string>()
  for (const { sessions, commit, prompt } of lines) {
    const [only] = sessions
    if (!only || commit === null) continue
    const key = `${sessions.map(({ session }) => session).join()} ${commit} ${prompt}`
    if (rows.has(key)) continue
    const head = `${shortId(only.session)} ${shortCommit(commit)} ${howWord(only.how).padEnd(howWidth)} `
    if (sessions.length > 1)
      rows.set(
        key,
        `${shortCommit(commit)} one of ${sessions.map(({ session }) => shortId(session)).join(', ')}`,
      )
    else if (!only.readable) rows.set(key, `${shortCommit(commit)} ${sealedLine(only.session)}`)
    else
      rows.set(
        key,
        head +
          safeLine(
            prompt === null ? (only.title ?? '-') : `> ${prompt}`,
            Math.max(20, columns - head.length),
          ),
      )
  }
  return [...rows.values()]
}
