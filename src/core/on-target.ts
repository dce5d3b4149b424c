/** `run`, `ps`, `logs` and `stop` with `--on`: the same command, at a target. */

import { meetToRun } from './meet.ts'
import { askDocument, type Documented } from './target-answer.ts'
import { openWay, type WayOptions } from './way.ts'
import type { World } from './world.ts'

export interface OnTarget extends Omit<WayOptions, 'purpose'> {
  /** The command as it is typed there. */
  readonly argv: readonly string[]
  /** A run is started there: it must be the same project, and allowed. Else it is only looked at. */
  readonly starts: boolean
  readonly npx?: boolean
}

/** The document that it prints there, and how it ends. Throws what it threw. */
export async function askOnTarget(world: World, options: OnTarget): Promise<Documented> {
  const { channel, program } = await reach(world, options)
  const [verb = '', ...rest] = options.argv
  // Behind the verb, since what stands behind `--` is no option.
  const found = await askDocument(world, channel, [...program, verb, '--json', ...rest], 'any')
  world.progress.done()
  return found
}

export interface Followed {
  readonly name: string
  readonly exitCode: number
  /** The end of what it said beside its result. */
  readonly stderr: string
}

/** Hands on what it prints there, as it is: to be made safe before it is shown. */
export async function followOnTarget(
  world: World,
  options: OnTarget,
  write: (text: string) => void,
): Promise<Followed> {
  const { channel, program } = await reach(world, options)
  world.progress.done()
  const { exitCode, stderr } = await channel.follow([...program, ...options.argv], write)
  return { name: channel.name, exitCode, stderr }
}

async function reach(world: World, options: OnTarget) {
  const way = await openWay(world, { ...options, purpose: options.starts ? 'run' : 'look' }, null)
  world.progress.step(`asking ${way.channel.name}`)
  const { npx = false, version } = options
  const { program } = options.starts ? await meetToRun(world, way, { npx, version }) : way
  return { channel: way.channel, program }
}
