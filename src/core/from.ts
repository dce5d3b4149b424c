/** `from`: brings a session back from another place of the same user. */

import { check, guarded, integer, object, oneOf } from '../bundle/shape.ts'
import type { TeleportError } from '../errors.ts'
import { isSessionId, type SessionId } from '../model.ts'
import { type Meeting, meet } from './meet.ts'
import type { Checked } from './meet-checks.ts'
import { type PullOptions, type PullResult, pullBy } from './pull.ts'
import { askTarget } from './target-answer.ts'
import { type JourneyOptions, meetOptions } from './to.ts'
import { openWay } from './way.ts'
import type { World } from './world.ts'

export interface FromOptions extends JourneyOptions, Pick<PullOptions, 'deep' | 'restoreEnv'> {}

export interface FromResult {
  readonly target: { readonly name: string; readonly folder: string }
  readonly via: JourneyOptions['via']
  readonly checks: readonly Checked[]
  readonly problem: TeleportError | null
  /** Null for a dry run: nothing is sent. */
  readonly pulled: PullResult | null
}

/** Throws what the checks, the push there and the pull here throw, each with its own code. */
export async function bringFrom(world: World, options: FromOptions): Promise<FromResult> {
  const way = await openWay(world, options, null)
  const met = await meet(world, way, 'from', meetOptions(options))
  const { channel, greeting, checks, problem } = met
  const told = { target: { name: channel.name, folder: greeting.top }, via: options.via, checks, problem }
  if (options.dryRun) {
    world.progress.done()
    return { ...told, pulled: null }
  }
  world.progress.step(`having ${channel.name} send it`)
  const given = parseGiven(await askTarget(world, channel, giveArguments(met, options)), met)
  if (greeting.open.includes(given.session))
    world.note(`the session is open at ${channel.name}: what is said there from now on stays there`)
  return { ...told, pulled: await pull(world, met, given.session, options) }
}

function giveArguments(met: Meeting, options: FromOptions): readonly string[] {
  const { session, withChanges, via } = options
  const { tips } = met.here
  const verb =
    via === 'remote'
      ? ['push']
      : ['direct', 'give', ...(withChanges && tips.length > 0 ? ['--has', tips.join(',')] : [])]
  return [
    ...met.program,
    ...verb,
    ...(session === undefined ? [] : [session]),
    ...(withChanges ? ['--with-changes'] : []),
  ]
}

const givenShape = object({
  session: guarded(isSessionId),
  state: oneOf('pushed', 'same'),
  seq: integer(1),
})

function parseGiven(value: unknown, { channel }: Meeting): { readonly session: SessionId } {
  return check(givenShape, value, `what ${channel.name} gave`, 'remote-access')
}

async function pull(
  world: World,
  { channel, greeting }: Meeting,
  session: SessionId,
  options: FromOptions,
): Promise<PullResult> {
  const { remote, checkout, withChanges, fork, force, deep, restoreEnv, via } = options
  const shared: PullOptions = {
    session,
    remote,
    checkout: (checkout ?? false) || (withChanges ?? false),
    fork: fork ?? false,
    force: force ?? false,
    deep: deep ?? false,
    restoreEnv: restoreEnv ?? false,
  }
  if (via === 'remote') return pullBy(world, shared, { here: true })
  return pullBy(world, shared, { direct: channel.remote(greeting.box, greeting.tips), here: true })
}
