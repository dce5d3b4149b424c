/** Two checkouts meet: everything is checked before a session goes between them, and their devices come to believe each other. */

import { clientOf, installedClient, isOlderClient } from '../claude/client-version.ts'
import { deviceIdOf, parseSshPublicKey, type SshPublicKey } from '../crypto/ssh-public-key.ts'
import { hasCode, TeleportError } from '../errors.ts'
import { hasCommit } from '../git-store/known-commits.ts'
import type { SessionId } from '../model.ts'
import { directProtocol, type Greeting, parseGreeting } from './greeting.ts'
import { trustKey } from './key.ts'
import { askTarget } from './target-answer.ts'
import type { Way } from './way.ts'
import { shellWord } from './way-back.ts'
import type { World } from './world.ts'

export interface MeetOptions {
  /** The code goes along, or is switched to. */
  readonly withChanges: boolean
  readonly checkout: boolean
  readonly dryRun: boolean
  /** The target's device may become one's own without a question. */
  readonly trust: boolean
  /** What starts git-teleport there when it is not installed. */
  readonly npx: boolean
  readonly version: string
}

export interface Checked {
  readonly name: string
  readonly level: 'ok' | 'warning' | 'problem'
  readonly detail: string
}

interface Finding extends Checked {
  readonly error?: TeleportError
}

export interface Meeting extends Way {
  readonly greeting: Greeting
  readonly checks: readonly Checked[]
  /** What stands in the way; only a dry run gets to see it. */
  readonly problem: TeleportError | null
}

export type Direction = 'to' | 'from'

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
  const findings = await compare(world, way, greeting, direction, options)
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

async function compare(
  world: World,
  way: Way,
  greeting: Greeting,
  direction: Direction,
  options: MeetOptions,
): Promise<readonly Finding[]> {
  const { here } = way
  return [
    ok('git-teleport', `version ${greeting.program} at ${way.channel.name}, in ${greeting.top}`),
    sameRepository(way, greeting),
    await commitThere(way, greeting, direction, options),
    workTreeThere(way, greeting, direction, options),
    ...(here.file === null ? [] : [closedThere(way, greeting, here.file.session)]),
    await clientNotOlder(world, way, greeting, direction),
    // Otherwise somebody is asked, or told why not.
    ...(options.dryRun ? [devicesKnown(way, greeting)] : []),
  ]
}

function sameRepository({ channel, here }: Way, { repos }: Greeting): Finding {
  const name = 'repository'
  if (repos.length === 0 || here.repos.length === 0)
    return warn(
      name,
      `whether ${channel.name} has the same repository cannot be told: a clone is shallow or has no commits`,
    )
  if (repos.some((id) => here.repos.includes(id))) return ok(name, 'the same')
  return problem(
    name,
    new TeleportError('other-repository', `the checkout at ${channel.name} is one of another repository`, {
      hint: 'name a checkout of this project',
      data: { here: here.repos, there: repos },
    }),
  )
}

/** The receiver must have the commit that the conversation is about, unless it comes along. */
async function commitThere(
  { channel, here }: Way,
  greeting: Greeting,
  direction: Direction,
  { withChanges }: MeetOptions,
): Promise<Finding> {
  const name = 'commit'
  const head = direction === 'to' ? here.repo.head : greeting.head
  if (head === null) return ok(name, 'there is none yet')
  const short = head.slice(0, 10)
  const isKnown = direction === 'to' ? greeting.hasCommit : await hasCommit(here.repo, head)
  if (isKnown) return ok(name, `${short} is on both sides`)
  if (withChanges) return ok(name, `${short} goes along`)
  const where = direction === 'to' ? `not at ${channel.name}` : 'not here'
  const fetch = direction === 'to' ? 'git push, and there: git fetch' : 'there: git push, and here: git fetch'
  return problem(
    name,
    new TeleportError('commit-missing', `commit ${short}, which the session is at, is ${where} yet`, {
      hint: `git teleport ${direction} ${channel.name} --with-changes   (takes it along; or ${fetch})`,
      data: { commit: head },
    }),
  )
}

function workTreeThere(
  { channel, here }: Way,
  { changed, head, top }: Greeting,
  direction: Direction,
  { checkout }: MeetOptions,
): Finding {
  const name = 'work tree'
  const paths = changed === 1 ? '1 path' : `${changed} paths`
  // What comes here is looked at by the pull, and what lies there is only read.
  if (direction === 'from') return ok(name, changed === 0 ? 'clean' : `${paths} changed or untracked there`)
  if (checkout && changed > 0) {
    return problem(
      name,
      new TeleportError(
        'not-clean',
        `the work tree at ${channel.name} is not clean: ${paths} changed or untracked`,
        {
          hint: `there: git -C ${shellWord(top)} stash push --include-untracked`,
          data: { paths: changed },
        },
      ),
    )
  }
  if (checkout) return ok(name, 'clean')
  const dirty = changed === 0 ? '' : ` and has ${paths} changed or untracked`
  if (head === here.repo.head)
    return changed === 0
      ? ok(name, 'clean, at the same commit')
      : warn(name, `the work tree at ${channel.name} has ${paths} changed or untracked`)
  return warn(
    name,
    `the work tree at ${channel.name} is at ${head?.slice(0, 10) ?? 'no commit'}${dirty}, not at ${here.repo.head?.slice(0, 10) ?? 'no commit'}: --checkout switches it`,
  )
}

/** Two clients on one session would each go on for themselves. */
function closedThere({ channel, target }: Way, { open }: Greeting, session: SessionId): Finding {
  const name = 'session'
  if (!open.includes(session)) return ok(name, 'not open there')
  const where = target.kind === 'folder' ? 'on this machine' : `at ${channel.name}`
  return problem(
    name,
    new TeleportError('session-live', `session ${session} is open in a running client ${where}`, {
      hint: `close it, then run: git teleport to ${channel.name} ${session}`,
    }),
  )
}

/** An older client may not read what a newer one wrote. */
async function clientNotOlder(
  world: World,
  { channel, here }: Way,
  greeting: Greeting,
  direction: Direction,
): Promise<Finding> {
  const name = 'claude'
  const receiver = direction === 'to' ? greeting.client : await installedClient(world.env)
  const writer = here.file === null ? greeting.client : await clientOf(here.file.path)
  const where = direction === 'to' ? `at ${channel.name}` : 'here'
  if (receiver === null) return warn(name, `claude is not found ${where}`)
  if (writer !== null && isOlderClient(receiver, writer))
    return warn(name, `claude ${where} is ${receiver}, older than the ${writer} that wrote the session`)
  return ok(name, `version ${receiver} ${where}`)
}

function devicesKnown({ channel, here }: Way, { publicKey, believes }: Greeting): Finding {
  const name = 'device'
  if (publicKey === null)
    return warn(name, `there is no device key at ${channel.name} yet: one is made after asking`)
  const { recipient } = parseSshPublicKey(publicKey)
  if (believes && here.own.includes(recipient)) return ok(name, 'one of your own, and this one is one there')
  return warn(
    name,
    `the device at ${channel.name} is not one of your own yet, or this one is none there: you are asked`,
  )
}

function ok(name: string, detail: string): Finding {
  return { name, level: 'ok', detail }
}

function warn(name: string, detail: string): Finding {
  return { name, level: 'warning', detail }
}

function problem(name: string, error: TeleportError): Finding {
  return { name, level: 'problem', detail: error.message, error }
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
