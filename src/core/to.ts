/** `to`: sends a session to another place of the same user, and restores it there. */

import { check, guarded, integer, list, nullable, object, oneOf, text } from '../bundle/shape.ts'
import { claudeHome } from '../claude/home.ts'
import { liveClients } from '../claude/live.ts'
import { hasCode, TeleportError } from '../errors.ts'
import { type Classification, isSessionId, type SessionId } from '../model.ts'
import { type Meeting, meet } from './meet.ts'
import type { Checked } from './meet-checks.ts'
import { pushBy, pushSession } from './push.ts'
import type { PushResult } from './push-job.ts'
import { resumeLine } from './resume-line.ts'
import { askTarget } from './target-answer.ts'
import { openWay, type WayOptions } from './way.ts'
import type { World } from './world.ts'

export interface JourneyOptions extends WayOptions {
  readonly session?: string | undefined
  /** Where none is named and several could be meant, a person chooses. */
  readonly ask?: boolean
  /** Straight to the target, or by way of the project's remote. */
  readonly via: 'direct' | 'remote'
  readonly checkout?: boolean
  readonly withChanges?: boolean
  readonly fork?: boolean
  readonly force?: boolean
  readonly trust?: boolean
  readonly npx?: boolean
  readonly dryRun?: boolean
}

export interface ToResult {
  readonly session: SessionId
  readonly target: { readonly name: string; readonly folder: string }
  readonly via: JourneyOptions['via']
  readonly checks: readonly Checked[]
  /** Null for a dry run, which sends nothing. */
  readonly sent: Pick<PushResult, 'seq' | 'bytesSent' | 'state' | 'title' | 'readableBy'> | null
  /** How the session there stood to what was sent. */
  readonly state: Classification | null
  readonly files: number
  /** It is open here as well: what is said here from now on stays here. */
  readonly openHere: boolean
  /** One line to paste. */
  readonly resume: string | null
}

export interface Arrived extends ToResult {
  /** What stands in the way, which a dry run tells and does not throw. */
  readonly problem: TeleportError | null
  /** What starts the client there on this terminal. */
  readonly client: { readonly argv: readonly string[]; readonly cwd: string } | null
}

/** Throws what the checks, the push here and the pull there throw, each with its own code. */
export async function sendTo(world: World, options: JourneyOptions): Promise<Arrived> {
  const { session, ask = false } = options
  const way = await openWay(world, options, { session, ask })
  const met = await meet(world, way, 'to', meetOptions(options))
  const { file } = met.here
  if (file === null) throw new TeleportError('bug', 'a session of this side has no file')
  const told = {
    target: { name: met.channel.name, folder: met.greeting.top },
    via: options.via,
    checks: met.checks,
    problem: met.problem,
    openHere: await isOpenHere(world, file.session),
  }
  if (options.dryRun) {
    world.progress.done()
    return { ...told, session: file.session, sent: null, state: null, files: 0, resume: null, client: null }
  }
  const { seq, bytesSent, state, title, readableBy } = await push(world, met, file.session, options)
  world.progress.step(`restoring it at ${met.channel.name}`)
  const taken = parseTaken(
    await askTarget(world, met.channel, takeArguments(met, file.session, options)),
    met,
  )
  const argv = ['claude', '--resume', taken.session]
  world.progress.done()
  return {
    ...told,
    session: taken.session,
    sent: { seq, bytesSent, state, title, readableBy },
    state: taken.state,
    files: taken.files,
    resume: resumeLine(met.target, met.greeting.top, argv),
    client: met.channel.interactive(met.greeting.top, argv),
  }
}

/** The same for both directions. */
export function meetOptions(options: JourneyOptions): Parameters<typeof meet>[3] {
  const {
    withChanges = false,
    checkout = false,
    dryRun = false,
    trust = false,
    npx = false,
    version,
  } = options
  return { withChanges, checkout: checkout || withChanges, dryRun, trust, npx, version }
}

async function isOpenHere(world: World, session: SessionId): Promise<boolean> {
  const clients = await liveClients(claudeHome(world.env, world.home, world.platform))
  return clients.some((client) => client.session === session)
}

async function push(
  world: World,
  met: Meeting,
  session: SessionId,
  options: JourneyOptions,
): Promise<PushResult> {
  const { withChanges = false, force = false, remote, via } = options
  const shared = { session, withChanges, force, remote }
  if (via === 'remote') return pushSession(world, shared)
  const { box, tips } = met.greeting
  try {
    return await pushBy(world, { ...shared, to: ['me'] }, met.channel.remote(box, tips))
  } catch (error) {
    throw toldForTarget(error, session, met.channel.name)
  }
}

/** The ways out are those of a push to a remote, which nobody can type for a target. */
function toldForTarget(error: unknown, session: SessionId, name: string): unknown {
  if (hasCode(error, 'remote-moved')) {
    return new TeleportError('remote-moved', `session ${session} went on at ${name}`, {
      hint: `git teleport from ${name} ${session}`,
      cause: error,
    })
  }
  if (!hasCode(error, 'diverged')) return error
  return new TeleportError('diverged', `session ${session} went on here and at ${name}`, {
    hint: `git teleport from ${name} ${session} --fork   (brings that one here beside this one)`,
    cause: error,
  })
}

function takeArguments(met: Meeting, session: SessionId, options: JourneyOptions): readonly string[] {
  const { checkout, withChanges, fork, force, via } = options
  const verb = via === 'remote' ? ['pull'] : ['direct', 'take']
  return [
    ...met.program,
    ...verb,
    session,
    ...(checkout || withChanges ? ['--checkout'] : []),
    ...(fork ? ['--fork'] : []),
    ...(force ? ['--force'] : []),
  ]
}

const takenShape = object({
  session: guarded(isSessionId),
  state: oneOf('new', 'same', 'fast-forward', 'local-ahead', 'diverged'),
  files: integer(0),
  transcript: text(4096),
  resume: list(text(200), 10),
  title: nullable(text(10_000)),
})

function parseTaken(value: unknown, { channel }: Meeting): ReturnType<typeof takenShape> {
  return check(takenShape, value, `what ${channel.name} took`, 'remote-access')
}
