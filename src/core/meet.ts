/** Two checkouts meet: everything is checked before a session goes between them, and their devices come to believe each other. */

import { deviceIdOf, parseSshPublicKey, type SshPublicKey } from '../crypto/ssh-public-key.ts'
import { hasCode, TeleportError } from '../errors.ts'
import { directProtocol, type Greeting, parseGreeting } from './greeting.ts'
import { trustKey } from './key.ts'
import {
  type Checked,
  checkMeeting,
  type Direction,
  type MeetOptions,
  sameRepository,
} from './meet-checks.ts'
import { askTarget } from './target-answer.ts'
import type { Way } from './way.ts'
import type { World } from './world.ts'

export interface Meeting extends Way {
  readonly greeting: Greeting
  readonly checks: readonly Checked[]
  /** What stands in the way; only a dry run gets to see it. */
  readonly problem: TeleportError | null
}

/** Throws the first problem, unless it is a dry run. */
export async function meet(
  world: World,
  way: Way,
  direction: Direction,
  options: MeetOptions,
): Promise<Meeting> {
  world.progress.step(`asking ${way.channel.name}`)
  const { program, greeting } = await firstWords(world, way, options)
  requireElsewhere(way, greeting)
  const findings = await checkMeeting(world, way, greeting, direction, options)
  const checks = findings.map(({ name, level, detail }) => ({ name, level, detail }))
  const problem = findings.find(({ error }) => error)?.error ?? null
  const met = { ...way, program, greeting, checks, problem }
  if (options.dryRun) return met
  if (problem) throw problem
  for (const { level, detail } of findings) if (level === 'warning') world.note(detail)
  return introduce(world, met, options)
}

function requireElsewhere({ target, here }: Way, { top }: Greeting): void {
  if (target.kind !== 'folder' || top !== here.repo.top) return
  throw new TeleportError('usage', `${target.path} is in this very work tree`, { hint: 'git worktree list' })
}

/** For what runs there and moves nothing: who it is, and that it is the same project. Throws `other-repository`. */
export async function meetToRun(
  world: World,
  way: Way,
  options: Pick<MeetOptions, 'npx' | 'version'>,
): Promise<Pick<Meeting, 'program' | 'greeting'>> {
  const { npx, version } = options
  const looking = { withChanges: false, checkout: false, dryRun: true, trust: false, npx, version }
  const met = await firstWords(world, way, looking)
  const { level, detail, error } = sameRepository(way, met.greeting)
  if (error) throw error
  if (level === 'warning') world.note(detail)
  return met
}

async function firstWords(
  world: World,
  way: Way,
  options: MeetOptions,
): Promise<{ readonly program: Way['program']; readonly greeting: Greeting }> {
  const ask = async (program: Way['program']) => ({
    program,
    greeting: await greetTarget(world, { ...way, program }, options),
  })
  try {
    return await ask(way.program)
  } catch (error) {
    if (!hasCode(error, 'no-program-there')) throw error
    const packed = `git-teleport@${options.version}`
    const question = `git-teleport is not installed at ${way.channel.name}. Run it there by npx, which fetches ${packed} from the registry?`
    const wanted = options.npx || (await world.confirm(question).catch(nobodyThere))
    if (!wanted) throw error
    return ask(['npx', '--yes', packed])
  }
}

/** Where nobody can be asked, the answer is no. */
function nobodyThere(error: unknown): boolean {
  if (hasCode(error, 'needs-confirmation')) return false
  throw error
}

async function greetTarget(world: World, way: Way, { dryRun }: MeetOptions): Promise<Greeting> {
  const { channel, here } = way
  const commit = here.repo.head === null ? [] : ['--commit', here.repo.head]
  const asker = ['--asker', here.device.publicKey.recipient]
  const argv = ['direct', 'greet', ...commit, ...asker, ...(dryRun ? ['--dry-run'] : [])]
  const greeting = parseGreeting(await askTarget(world, channel, [...way.program, ...argv]), channel.name)
  if (greeting.protocol === directProtocol) return greeting
  const newer = greeting.protocol > directProtocol
  throw new TeleportError(
    newer ? 'format-too-new' : 'format-too-old',
    `git-teleport ${greeting.program} at ${channel.name} and this one do not understand each other`,
    { hint: newer ? 'update git-teleport here' : `update git-teleport at ${channel.name}` },
  )
}

/**
 * A session that goes there is encrypted to that device, and one that comes is signed by it, so both sides have to count the
 * other one as the user's own: asked once, about a key that the channel vouches for. Throws `not-a-reader` where nobody says so.
 */
async function introduce(world: World, met: Meeting, options: MeetOptions): Promise<Meeting> {
  const { here } = met
  const greeting = met.greeting.publicKey === null ? await makeKeyThere(world, met, options) : met.greeting
  const mine = here.device.publicKey.recipient
  const theirs = parseSshPublicKey(greeting.publicKey ?? '')
  const known = here.own.includes(theirs.recipient)
  if (known && greeting.believes) return { ...met, greeting }
  if (!options.trust && !(await isWanted(world, met, theirs, mine))) throw notTrusted(met, theirs, mine)
  // Without the comment, which is theirs to choose.
  if (!known) await trustKey(world, theirs.recipient)
  if (!greeting.believes) await askTarget(world, met.channel, [...met.program, 'key', 'trust', mine, '--yes'])
  return { ...met, greeting }
}

async function isWanted(
  world: World,
  { channel }: Way,
  theirs: SshPublicKey,
  mine: string,
): Promise<boolean> {
  const device = deviceIdOf(theirs.blob)
  const question = `Count ${device} at ${channel.name} as one of your own devices, and let it count this one (${deviceIdOf(parseSshPublicKey(mine).blob)})? Each can then read what the other sends, and believes what it signs.`
  return world.confirm(question).catch(nobodyThere)
}

function notTrusted({ channel }: Way, theirs: SshPublicKey, mine: string): TeleportError {
  return new TeleportError('not-a-reader', `the device at ${channel.name} is not one of your own`, {
    hint: `if it is: git teleport key trust "${theirs.recipient}"   and there: git teleport key trust "${mine}"   (or say --trust, which does both)`,
    data: { device: deviceIdOf(theirs.blob) },
  })
}

async function makeKeyThere(world: World, met: Meeting, options: MeetOptions): Promise<Greeting> {
  const { channel, program } = met
  const question = `There is no device key at ${channel.name} yet. Make one there?`
  if (!options.trust && !(await world.confirm(question).catch(nobodyThere))) {
    throw new TeleportError('no-key', `there is no device key at ${channel.name} yet`, {
      hint: 'say --trust, which makes one; or there: git teleport init',
    })
  }
  await askTarget(world, channel, [...program, 'init'])
  const greeting = await greetTarget(world, met, options)
  if (greeting.publicKey !== null) return greeting
  throw new TeleportError('remote-access', `${channel.name} made no device key`)
}
