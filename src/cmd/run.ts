/** `git teleport run` */

import { Command, Option } from 'clipanion'
import { parseTo } from '../core/audience.ts'
import { type StartedRun, startRun } from '../core/run.ts'
import type { World } from '../core/world.ts'
import { type Outcome, remoteOption, TeleportCommand } from './command.ts'
import { onOption, runOnTarget } from './on-target.ts'
import { plural, safe, shortId } from './text.ts'

export class RunCommand extends TeleportCommand {
  static override paths = [['run']]
  static override usage = Command.Usage({
    category: 'In the background',
    description: 'Have Claude Code work on something beside you, in a work tree and on a branch of its own',
    details: `
      Starts at the commit that is checked out, without what is changed here, and returns at once; closing the terminal
      does not end it. When it ends, what it left is committed on its branch, and branch and session are pushed:
      \`git teleport pull\` brings both. It edits files without asking; what else would ask is refused, unless
      your settings or --allowed-tools let it.
    `,
    examples: [
      ['Let it work', 'git teleport run "make the tests of the parser faster"'],
      ['For two dollars at most', 'git teleport run --max-budget-usd 2 "fix the failing test"'],
      [
        'Go on with a session in the background',
        'git teleport run --resume 3f2a91c4 "and now the documents"',
      ],
    ],
  })

  prompt = Option.String({ required: false })
  resume = Option.String('--resume', { description: 'Go on with this session instead of a new one' })
  name = Option.String('-n,--name', { description: 'What the session is called' })
  branch = Option.String('-b,--branch', { description: 'The new branch that it works on (run/<id>)' })
  model = Option.String('--model', { description: 'As of claude' })
  permissionMode = Option.String('--permission-mode', { description: 'As of claude (acceptEdits)' })
  allowedTools = Option.Array('--allowed-tools', {
    description: 'As of claude: what needs no asking, such as "Bash(npm test *)"',
  })
  maxBudget = Option.String('--max-budget-usd', { description: 'As of claude: the most that it may cost' })
  maxTurns = Option.String('--max-turns', { description: 'As of claude: the most turns that it may take' })
  to = Option.Array('--to', { description: 'Who may read the session, as of push' })
  noPush = Option.Boolean('--no-push', false, { description: 'Push neither the branch nor the session' })
  dryRun = Option.Boolean('--dry-run', false, { description: 'Say what would be started, and start nothing' })
  remote = remoteOption()
  on = onOption()

  async run(world: World): Promise<Outcome> {
    const { on, json, context } = this
    if (on !== undefined) return runOnTarget(world, { on, json, context, starts: true })
    const started = await startRun(world, {
      prompt: this.prompt,
      resume: this.resume,
      name: this.name,
      branch: this.branch,
      model: this.model,
      permissionMode: this.permissionMode,
      allowedTools: this.allowedTools,
      maxBudgetUsd: this.maxBudget,
      maxTurns: this.maxTurns,
      to: this.to === undefined ? undefined : parseTo(this.to),
      noPush: this.noPush,
      yes: this.yes,
      dryRun: this.dryRun,
      remote: this.remote,
    })
    return { json: { ...started }, text: describeStart(started) }
  }
}

function describeStart(started: StartedRun): string {
  const { session, branch, worktree, base, leftOut, unpushed, dryRun, resumed, next } = started
  const id = shortId(session)
  const verb = resumed ? (dryRun ? 'would go on with' : 'goes on with') : dryRun ? 'would start' : 'started'
  return [
    `${verb} ${id} on branch ${safe(branch)}, from ${base.slice(0, 10)}, in ${safe(worktree)}`,
    ...(leftOut > 0
      ? [`${plural(leftOut, 'changed path')} here ${leftOut === 1 ? 'is' : 'are'} not part of it`]
      : []),
    ...(unpushed > 0
      ? [`the branch takes along ${plural(unpushed, 'commit')} that the remote does not have yet`]
      : []),
    ...(dryRun ? [] : ['', ...next.map((line) => `  ${line}`)]),
  ].join('\n')
}
