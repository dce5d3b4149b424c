/** `git teleport stop` */

import { Command, Option } from 'clipanion'
import type { FinishedRun } from '../core/run-by-hand.ts'
import { type StoppedRun, stopRun } from '../core/run-stop.ts'
import type { World } from '../core/world.ts'
import { type Outcome, remoteOption, TeleportCommand } from './command.ts'
import { onOption, runOnTarget } from './on-target.ts'
import { safe, shortId } from './text.ts'

export class StopCommand extends TeleportCommand {
  static override paths = [['stop']]
  static override usage = Command.Usage({
    category: 'In the background',
    description: 'End a background session; what it has done is committed and pushed',
    details: `
      The client is asked to end, and ended after ten seconds. Of a session that has ended already, what is not
      committed or pushed yet is. \`run --resume\` goes on with it.
    `,
    examples: [['Enough', 'git teleport stop 3f2a91c4']],
  })

  session = Option.String()
  remote = remoteOption()
  on = onOption()

  async run(world: World): Promise<Outcome> {
    const { on, json, context } = this
    if (on !== undefined) return runOnTarget(world, { on, json, context })
    const { session, remote, yes } = this
    const stopped = await stopRun(world, { session, remote, yes })
    return { json: { ...stopped }, text: describe(stopped), exitCode: stopped.finished?.problem ? 1 : 0 }
  }
}

function describe({ session, state, forced, attended, branch, finished }: StoppedRun): string {
  const id = shortId(session)
  const how = state === 'ended' ? `${id} had ended already` : `stopped ${id}${forced ? ', by force' : ''}`
  if (attended) return `${how}; what it has done is committed on ${safe(branch)} and pushed now, beside this`
  return finished ? `${how}\n${describeFinished(id, finished)}` : how
}

const words = {
  done: 'yes',
  nothing: 'nothing to do',
  off: 'not wanted',
  failed: 'no',
  waiting: 'no',
} as const

function describeFinished(
  id: string,
  { committed, branchPushed, sessionPushed, problem }: FinishedRun,
): string {
  const steps = `committed: ${words[committed]}; branch pushed: ${words[branchPushed]}; session pushed: ${words[sessionPushed]}`
  if (!problem) return `${steps}\n\n  git teleport pull ${id}`
  return [steps, safe(problem.message), ...(problem.hint ? [`  ${safe(problem.hint)}`] : [])].join('\n')
}
