/** Reads what git-teleport at a target says. Nothing of it is believed beyond its form. */

import { check, nullable, object, text } from '../bundle/shape.ts'
import { type ErrorCode, errorCodes, TeleportError } from '../errors.ts'
import type { ChannelAnswer } from '../git-store/bounded-run.ts'
import type { Channel } from '../git-store/channel.ts'
import { showOutside } from '../git-store/outside-text.ts'
import type { World } from './world.ts'

/** Runs it there with `--json`, hands on its warnings, and returns the document. Throws what it threw, told as theirs. */
export async function askTarget(world: World, channel: Channel, argv: readonly string[]): Promise<unknown> {
  const { document } = await askDocument(world, channel, [...argv, '--json'], 'done')
  return document
}

export interface Documented {
  readonly document: unknown
  readonly exitCode: number
}

/** The same for a command line that asks for JSON already, and whose answer may be a no. */
export async function askDocument(
  world: World,
  channel: Channel,
  argv: readonly string[],
  wanted: 'done' | 'any',
): Promise<Documented> {
  const answer = await channel.run(argv)
  passWarnings(world, channel.name, answer.stderr)
  const { exitCode, stdout } = answer
  const document = parseJson(stdout)
  if (exitCode !== 0 && (wanted === 'done' || document === undefined)) throw errorThere(channel.name, answer)
  if (document !== undefined) return { document, exitCode }
  throw noAnswer(channel.name, answer)
}

const mostWarnings = 20
const warning = 'git-teleport: warning: '

function passWarnings(world: World, name: string, stderr: string): void {
  const lines = stderr.split('\n').filter((line) => line.startsWith(warning))
  for (const line of lines.slice(0, mostWarnings))
    world.note(`at ${name}: ${showOutside(line.slice(warning.length))}`)
}

const errorShape = object({
  error: object({ code: text(60), message: text(8192), hint: nullable(text(8192)) }),
})

/** The error with its own code, so that programs here meet the same ones; unknown ones, and other words, are `remote-access`. */
function errorThere(name: string, answer: ChannelAnswer): TeleportError {
  const last = answer.stderr.trimEnd().split('\n').at(-1) ?? ''
  const said = parseJson(last)
  if (said === undefined) return noAnswer(name, answer)
  const { error } = check(errorShape, said, `what ${name} says`, 'remote-access')
  const message = `at ${name}: ${showOutside(error.message)}`
  const hint = error.hint === null ? {} : { hint: `there: ${showOutside(error.hint)}` }
  return new TeleportError(isErrorCode(error.code) ? error.code : 'remote-access', message, hint)
}

function isErrorCode(code: string): code is ErrorCode {
  return code !== 'bug' && Object.hasOwn(errorCodes, code)
}

function noAnswer(name: string, answer: ChannelAnswer): TeleportError {
  const said = showOutside(answer.stderr || answer.stdout)
  return new TeleportError(
    'remote-access',
    `${name} does not answer as git-teleport does (exit ${answer.exitCode})${said === '' ? '' : `: ${said}`}`,
    { hint: 'run there: git-teleport doctor', data: { exitCode: answer.exitCode } },
  )
}

function parseJson(from: string): unknown | undefined {
  try {
    const value: unknown = JSON.parse(from)
    return value
  } catch {
    return undefined
  }
}
