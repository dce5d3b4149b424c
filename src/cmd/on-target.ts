/** `--on <target>`: a command that runs somewhere else, and whose words are shown here. */

import { Option } from 'clipanion'
import { askOnTarget, followOnTarget } from '../core/on-target.ts'
import type { World } from '../core/world.ts'
import type { Context, Outcome } from './command.ts'
import { safeLines } from './text.ts'

export function onOption(): string | undefined {
  return Option.String('--on', {
    description: 'At this target instead, as of `to`: ssh://host/path, docker://name/path, …',
  })
}

export interface OnTargetCommand {
  readonly context: Context
  readonly json: boolean
  readonly on: string
  readonly starts?: boolean
}

/** The command line without `--on`, run there. What it prints is shown as it comes; with `--json` it is the document. */
export async function runOnTarget(world: World, command: OnTargetCommand): Promise<Outcome> {
  const { io, argv } = command.context
  const options = {
    target: command.on,
    argv: withoutOn(argv),
    starts: command.starts ?? false,
    version: io.version,
  }
  if (command.json) {
    const { document, exitCode } = await askOnTarget(world, options)
    return { json: { ...(typeof document === 'object' ? document : {}), on: command.on }, text: '', exitCode }
  }
  const { name, exitCode, stderr } = await followOnTarget(world, options, (text) => {
    io.stdout.write(safeLines(text))
  })
  for (const line of stderr.split('\n').filter((each) => each !== ''))
    io.stderr.write(`at ${name}: ${safeLines(line)}\n`)
  return { json: {}, text: '', exitCode }
}

const ours = /^--(?:json|on(?:=.*)?)$/s

/** An option's value cannot look like an option, so `--on` is nothing else, up to the `--` behind which there are none. */
export function withoutOn(argv: readonly string[]): readonly string[] {
  const end = argv.indexOf('--')
  const options = end < 0 ? argv : argv.slice(0, end)
  const kept = options.filter((word, at) => !ours.test(word) && options[at - 1] !== '--on')
  return [...kept, ...(end < 0 ? [] : argv.slice(end))]
}
