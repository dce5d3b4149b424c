/** `git teleport ps` */

import { Command, Option } from 'clipanion'
import { type ListedRun, listRunning } from '../core/run-list.ts'
import { type PrunedRuns, pruneRuns } from '../core/run-prune.ts'
import type { World } from '../core/world.ts'
import { TeleportError } from '../errors.ts'
import { formatTable } from '../review/table.ts'
import { type Outcome, remoteOption, TeleportCommand } from './command.ts'
import { onOption, runOnTarget } from './on-target.ts'
import { formatAge, safe, shortId } from './text.ts'

export class PsCommand extends TeleportCommand {
  static override paths = [['ps']]
  static override usage = Command.Usage({
    category: 'In the background',
    description:
      'Show the background sessions of this repository: what they do, what they cost, what is left to do',
    details: 'Those that were pulled are left out. By what this machine knows: nothing is fetched.',
    examples: [
      ['What is going on?', 'git teleport ps'],
      ['Clear what is over and safe', 'git teleport ps --prune'],
    ],
  })

  all = Option.Boolean('-a,--all', false, { description: 'Those too that were brought into a checkout' })
  prune = Option.Boolean('--prune', false, {
    description:
      'Clear those that are over and pushed: work tree, log and record; branches with commits stay',
  })
  dryRun = Option.Boolean('--dry-run', false, { description: 'With --prune: say what would be cleared' })
  remote = remoteOption()
  on = onOption()

  async run(world: World): Promise<Outcome> {
    const { on, json, context } = this
    if (on !== undefined) return runOnTarget(world, { on, json, context })
    const { remote, dryRun } = this
    if (this.prune) {
      const pruned = await pruneRuns(world, { dryRun, remote })
      return { json: { ...pruned }, text: describePruned(pruned) }
    }
    if (dryRun) throw new TeleportError('usage', '--dry-run goes with --prune')
    const runs = await listRunning(world, { all: this.all, remote: this.remote })
    const { io } = this.context
    const columns = io.isTerminal.stdout ? io.columns : 200
    const text = runs.length === 0 ? '' : [table(runs, world, columns), ...runs.flatMap(adviceOn)].join('\n')
    return { json: { runs }, text }
  }
}

function describePruned({ cleared, kept, dryRun }: PrunedRuns): string {
  const ids = cleared.map(({ session }) => shortId(session)).join(' ')
  const head = ids === '' ? 'nothing to clear' : `${dryRun ? 'would clear' : 'cleared'} ${ids}`
  return [head, ...kept.map(({ session, why }) => `${shortId(session)}  stays: ${safe(why)}`)].join('\n')
}

function table(runs: readonly ListedRun[], world: World, columns: number): string {
  const rows = runs.map((run) => [
    shortId(run.session),
    run.state,
    formatAge(run.started, world.now()),
    String(run.turns),
    formatTokens(run.tokens.input + run.tokens.cacheRead + run.tokens.cacheWrite + run.tokens.output),
    run.costUsd === null ? '-' : `$${run.costUsd.toFixed(2)}`,
    safe(run.branch),
    safe(lastLine(run)),
  ])
  const headings = ['ID', 'STATE', 'STARTED', 'TURNS', 'TOKENS', 'COST', 'BRANCH', 'LAST']
  return formatTable(rows, { columns, headings }).trimEnd()
}

/** What it does while it is at work; afterwards what it said at the end. */
function lastLine({ state, lastTool, lastText, prompt }: ListedRun): string {
  const isOver = state === 'done' || state === 'failed'
  return (isOver ? lastText || lastTool : lastTool || lastText) || prompt
}

function adviceOn(run: ListedRun): readonly string[] {
  const { session, why, next, denied, lastError, readableBy } = run
  const id = shortId(session)
  const refused = `${denied} of its tool calls ${denied === 1 ? 'was' : 'were'} not allowed: --allowed-tools lets more`
  return [
    ...(why === null ? [] : [`${id}  ${safe(why)}`]),
    ...(lastError === '' ? [] : [`${id}  ${safe(lastError)}`]),
    ...(denied === 0 ? [] : [`${id}  ${refused}`]),
    ...(readableBy === null ? [] : [`${id}  readable by: ${readableBy.map(safe).join(', ')}`]),
    ...(next === null ? [] : [`${id}  ${next}`]),
  ]
}

/** 999, 12.3k, 4.5M. */
function formatTokens(count: number): string {
  if (count < 1000) return String(count)
  return count < 999_950 ? `${(count / 1000).toFixed(1)}k` : `${(count / 1_000_000).toFixed(1)}M`
}
