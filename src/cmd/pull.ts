/** `git teleport pull` */

import { Command, Option } from 'clipanion'
import { type PullResult, pullSession } from '../core/pull.ts'
import { shellWord } from '../core/way-back.ts'
import type { World } from '../core/world.ts'
import { TeleportError } from '../errors.ts'
import { type Outcome, remoteOption, TeleportCommand, trustPolicyOption } from './command.ts'
import type { Io } from './io.ts'
import { refuseResume, startInteractive } from './start-client.ts'
import { formatAge, plural, safe, shortId } from './text.ts'

export class PullCommand extends TeleportCommand {
  static override paths = [['pull']]
  static override usage = Command.Usage({
    category: 'Move a session',
    description: 'Fetch, verify and restore a session',
    details: `
      Verifies the signature, decrypts, and writes the session for this machine's folders, so that
      \`claude --resume <id>\` goes on where it stopped. Nothing is written before everything has been verified, and
      what is replaced goes to a backup (\`git teleport undo\`).
    `,
    examples: [
      ['Bring a session here', 'git teleport pull 3f2a91c4'],
      ['Look before you leap', 'git teleport pull 3f2a91c4 --dry-run'],
      ['Bring it and go on at once', 'git teleport pull 3f2a91c4 --resume'],
      ['With the code it was pushed at, beside this one', 'git teleport pull 3f2a91c4 --worktree ../fix'],
    ],
  })

  session = Option.String({ required: false })
  checkout = Option.Boolean('--checkout', false, {
    description: 'Also switch this work tree, which must be clean, to the code it was pushed at',
  })
  worktree = Option.String('--worktree', {
    description: 'Also make a new work tree in this folder with the code it was pushed at',
  })
  fork = Option.Boolean('--fork', false, { description: 'Restore it under a new id, beside the one here' })
  force = Option.Boolean('--force', false, { description: 'Replace the one here, which goes to the backup' })
  deep = Option.Boolean('--deep', false, {
    description: 'Relocate paths in the conversation too; drops earlier thinking',
  })
  restoreEnv = Option.Boolean('--restore-env', false, {
    description: 'Also write session-env and shell snapshots: scripts that Claude Code runs',
  })
  resume = Option.Boolean('--resume', false, { description: 'Start claude with the session afterwards' })
  dryRun = Option.Boolean('--dry-run', false, {
    description: 'Verify everything and say what would be written',
  })
  trustPolicy = trustPolicyOption()
  remote = remoteOption()

  async run(world: World): Promise<Outcome> {
    if (this.resume) refuseResume(this.context.io, this.json || this.dryRun, 'the pull')
    if (this.checkout && this.worktree !== undefined)
      throw new TeleportError('usage', '--checkout and --worktree are two ways: choose one')
    const result = await pullSession(world, {
      checkout: this.checkout,
      worktree: this.worktree,
      session: this.session,
      remote: this.remote,
      trustPolicy: this.trustPolicy,
      fork: this.fork,
      force: this.force,
      deep: this.deep,
      restoreEnv: this.restoreEnv,
      dryRun: this.dryRun,
    })
    if (!this.resume)
      return { json: { ...result, dryRun: this.dryRun }, text: describePull(result, world, this.dryRun) }
    this.context.io.stderr.write(`${describePull(result, world, false)}\n`)
    if (!(await mayStart(world, result))) return { json: {}, text: '' }
    return { json: {}, text: '', exitCode: await startClaude(result, this.context.io) }
  }
}

/** The client clears the screen: what was said about a session with words of others is read before. */
export async function mayStart(world: World, { writers }: PullResult): Promise<boolean> {
  if (writers.length === 0) return true
  return world.confirm(`Resume a session that holds text from ${writers.join(', ')}?`)
}

export function describePull(result: PullResult, world: World, dryRun: boolean): string {
  const id = shortId(result.session)
  const title = safe(result.title ?? 'no title')
  const from = `${safe(result.from.principal)} on ${safe(result.from.host)}, ${formatAge(result.pushedAt, world.now())} (push ${result.seq}, signature verified)`
  const { restored } = result.code
  const enter = restored?.isNew ? `cd ${shellWord(restored.folder)} && ` : ''
  const resume = [...describeCode(result, dryRun), '', `  ${enter}${result.resume.join(' ')}`].join('\n')
  const relocated = result.relocated.map(({ from: a, to: b }) => `  ${safe(a)} → ${safe(b)}`)
  switch (result.run && result.files > 0 ? 'new' : result.state) {
    case 'same':
      return [
        `${id} "${title}" is up to date with push ${result.seq}`,
        ...describeTrust(result),
        resume,
      ].join('\n')
    case 'local-ahead':
      if (result.install === null)
        return `${id} "${title}" is further here than on the remote (push ${result.seq})\n${[...describeCode(result, dryRun), '', `  git teleport push ${id}`].join('\n')}`
      break
    default:
  }
  const done = dryRun ? 'would restore' : result.state === 'fast-forward' ? 'brought up to date' : 'restored'
  return [
    `${done} ${id} "${title}" from ${from}: ${plural(result.files, 'file')}`,
    ...relocated,
    ...describeTrust(result),
    resume,
  ].join('\n')
}

function describeCode({ code, session, run }: PullResult, dryRun: boolean): readonly string[] {
  const id = shortId(session)
  const { restored } = code
  if (restored === null) {
    if (run?.hasCommits)
      return ['its work is on a branch of its own:', `  git merge ${shellWord(run.branch)}`]
    if (!code.carried) return []
    return [
      'it was pushed with its code changes, which are not restored; to have them beside this work tree:',
      `  git teleport pull --worktree ../${id} ${id}`,
    ]
  }
  const { commits, staged, unstaged, untracked } = restored
  const on = restored.branch === null ? 'no branch' : `branch ${safe(restored.branch)}`
  const head = `${dryRun ? 'would put' : 'put'} the code at ${restored.commit.slice(0, 10)} on ${on} in ${safe(restored.folder)}`
  const what = `${plural(commits, 'commit')} that the remote does not have, ${staged} staged, ${unstaged} changed, ${untracked} untracked`
  return [`${head}: ${what}`, 'to go back:', ...restored.wayBack.map((line) => `  ${safe(line)}`)]
}

/** Who vouches for it, for what code, what was left out, and what to think of before it is resumed. */
function describeTrust({ signer, writers, dropped, codeCommit, pushedAt }: PullResult): readonly string[] {
  if (writers.length === 0) return []
  const who = signer.own ? 'one of your devices' : `${safe(signer.principal ?? '')}, a member`
  const left = Object.entries(dropped).map(([reason, count]) => `${count} ${reason}`)
  const whose = writers.map(safe).join(', ')
  return [
    `  signed by ${who} (${signer.fingerprint}) at ${pushedAt}, on commit ${codeCommit?.slice(0, 10) ?? 'none'}`,
    ...(left.length > 0 ? [`  left out: ${left.join(', ')}`] : []),
    `  text from ${whose} steers your agent: resume in default or plan mode, and read what it is about to do`,
  ]
}

export async function startClaude({ resume, code }: PullResult, io: Io): Promise<number> {
  return startInteractive(io, resume, code.restored?.folder ?? io.cwd)
}
