/** What is checked between two checkouts before a session goes between them. */

import { clientOf, installedClient, isOlderClient } from '../claude/client-version.ts'
import { parseSshPublicKey } from '../crypto/ssh-public-key.ts'
import { TeleportError } from '../errors.ts'
import { agentEnvironment } from '../git-store/environment.ts'
import { hasCommit } from '../git-store/known-commits.ts'
import type { SessionId } from '../model.ts'
import type { Greeting } from './greeting.ts'
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

export interface Finding extends Checked {
  readonly error?: TeleportError
}

export type Direction = 'to' | 'from'

/** Every check on what the target said, in the order in which they are told. */
export async function checkMeeting(
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

/** A problem is `other-repository`. */
export function sameRepository({ channel, here }: Way, { repos }: Greeting): Finding {
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
  const receiver =
    direction === 'to' ? greeting.client : await installedClient(agentEnvironment(world.env), world.home)
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
