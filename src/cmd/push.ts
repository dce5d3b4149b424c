/** `git teleport push` */

import { Command, Option } from 'clipanion'
import { parseTo } from '../core/audience.ts'
import { pushAll, pushSession } from '../core/push.ts'
import type { PushOptions, PushResult } from '../core/push-job.ts'
import type { World } from '../core/world.ts'
import { TeleportError } from '../errors.ts'
import { type Outcome, remoteOption, TeleportCommand, trustPolicyOption } from './command.ts'
import { parseExpiry } from './expiry.ts'
import { formatAge, formatBytes, plural, safe, shortId } from './text.ts'

export class PushCommand extends TeleportCommand {
  static override paths = [['push']]
  static override usage = Command.Usage({
    category: 'Move a session',
    description: 'Send a session to the remote, encrypted and signed',
    details: `
      Sends what was added since the last push, as one more encrypted segment. Without an id it takes the session that
      the command runs inside or that is open here, else at a terminal the one you choose (\`--yes\`: the newest of this
      work tree). Prints the line that brings it to another machine.
    `,
    examples: [
      ['Send the newest session of this work tree', 'git teleport push'],
      ['Send one session and keep it for a week', 'git teleport push 3f2a91c4 --expires 7d'],
      ['Send unpushed commits and uncommitted changes too', 'git teleport push --with-changes'],
      ['Let the whole team read it', 'git teleport push --to team'],
      ['Hand it to a colleague', 'git teleport push --to team --hand-off ada@example.org'],
      ['See what would travel', 'git teleport push --dry-run'],
    ],
  })

  session = Option.String({ required: false })
  all = Option.Boolean('--all', false, { description: 'Send every session of this work tree' })
  to = Option.Array('--to', {
    description: 'Who may read it: me, team, members by name, age1… keys (default: as before)',
  })
  handOff = Option.String('--hand-off', { description: 'The member who has it from now on' })
  expires = Option.String('--expires', {
    description: 'When it expires: 12h, 7d, 4w, or never (default 30d)',
  })
  withChanges = Option.Boolean('--with-changes', false, {
    description: 'Send unpushed commits, index and work tree too, encrypted',
  })
  noRedact = Option.Boolean('--no-redact', false, {
    description: 'Let others have it as it is, with every secret in it; asked for',
  })
  force = Option.Boolean('--force', false, {
    description: 'Replace what the remote has; its commit is kept in the store',
  })
  fork = Option.Boolean('--fork', false, { description: 'Give the session here a new id, and send that' })
  rescan = Option.Boolean('--rescan', false, {
    description: 'Send every file anew instead of what was added',
  })
  dryRun = Option.Boolean('--dry-run', false, { description: 'Say what would be sent, and send nothing' })
  public = Option.Boolean('--public', false, {
    description: 'The remote may be one that everybody can read; asked for once',
  })
  trustPolicy = trustPolicyOption()
  remote = remoteOption()

  async run(world: World): Promise<Outcome> {
    this.checkOptions()
    const options: PushOptions = {
      session: this.session,
      ask: world.attended && !this.yes && !this.json,
      remote: this.remote,
      to: this.to === undefined ? undefined : parseTo(this.to),
      handOff: this.handOff,
      trustPolicy: this.trustPolicy,
      expiresDays: this.expires === undefined ? undefined : parseExpiry(this.expires),
      force: this.force,
      fork: this.fork,
      rescan: this.rescan,
      dryRun: this.dryRun,
      public: this.public,
      withChanges: this.withChanges,
      noRedact: this.noRedact,
    }
    if (this.all) return this.pushEverything(world, options)
    const result = await pushSession(world, options)
    return { json: { ...result }, text: describePush(result, world) }
  }

  private checkOptions(): void {
    if (this.all && (this.session !== undefined || this.fork || this.force || this.withChanges)) {
      throw new TeleportError(
        'usage',
        '--all goes with neither a session, --fork, --force nor --with-changes',
        {
          hint: 'git-teleport push --help',
        },
      )
    }
    if (this.fork && this.dryRun) {
      throw new TeleportError('usage', '--fork changes this machine, so it does not go with --dry-run')
    }
  }

  private async pushEverything(world: World, options: PushOptions): Promise<Outcome> {
    const results = await pushAll(world, options)
    const sessions = results.map((each) =>
      'error' in each
        ? {
            session: each.session,
            error: { code: each.error.code, message: each.error.message, hint: each.error.hint ?? null },
          }
        : { ...each },
    )
    const lines = results.map((each) =>
      'error' in each
        ? `${shortId(each.session)}  not sent: ${safe(each.error.message)}`
        : describePush(each, world),
    )
    const failed = results.find((each) => 'error' in each && each.error.code !== 'empty-session')
    const exitCode = failed && 'error' in failed ? failed.error.exitCode : 0
    return { json: { sessions }, text: lines.join('\n\n'), exitCode }
  }
}

function describePush(result: PushResult, world: World): string {
  const id = shortId(result.session)
  const title = safe(result.title ?? 'no title')
  const readers = plural(result.recipients.length, 'reader')
  const readable = safe(`readable by: ${result.readableBy.join(', ')}`)
  const handed = result.holder === null ? '' : `; ${safe(result.holder.principal)} has it now`
  const expires =
    result.expires === null ? 'never expires' : `expires ${formatAge(result.expires, world.now())}`
  if (result.state === 'dry-run') {
    const files = result.files.map(
      (file) => `  ${file.op.padEnd(6)} ${formatBytes(file.bytes).padStart(8)}  ${safe(file.name)}`,
    )
    const head = `would send ${id} "${title}" to ${safe(result.remote.url)} for ${readers}: ${formatBytes(result.bytesAdded)} before compression`
    return [
      head,
      `${readable}${handed}`,
      ...describeRedactions(result, 'would take'),
      ...files,
      ...describeChanges(result),
    ].join('\n')
  }
  const head =
    result.state === 'same'
      ? `nothing new in ${id} "${title}" since push ${result.seq}; ${expires}`
      : `sent ${id} "${title}" to ${safe(result.remote.name)}: ${formatBytes(result.bytesAdded)} as ${formatBytes(result.bytesSent)} encrypted, push ${result.seq}, ${readers}, ${expires}`
  // Without them, pull is all there is to say: they are brought only where somebody asks for them.
  const pull = result.changes ? `git teleport pull --worktree ../${id} ${id}` : `git teleport pull ${id}`
  const taken = describeRedactions(result, 'took')
  return [head, `${readable}${handed}`, ...taken, ...describeChanges(result), '', `  ${pull}`].join('\n')
}

/** By rule, the most first. */
function describeRedactions({ redactions }: PushResult, verb: string): readonly string[] {
  const rules = Object.entries(redactions).sort(([, a], [, b]) => b - a)
  if (rules.length === 0) return []
  return [`${verb} out for others: ${rules.map(([rule, count]) => `${rule} ${count}`).join(', ')}`]
}

function describeChanges({ changes }: PushResult): readonly string[] {
  if (!changes) return []
  const { commits, staged, unstaged, untracked } = changes
  const where = changes.branch === null ? changes.commit.slice(0, 10) : safe(changes.branch)
  const paths = `${staged} staged, ${unstaged} changed, ${untracked} untracked`
  return [
    `with the code at ${where}: ${plural(commits, 'unpushed commit')}, ${paths}, ${formatBytes(changes.sizeBytes)}`,
  ]
}
