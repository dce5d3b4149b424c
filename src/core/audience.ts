/** What `--to` means: who may read a push, and how that is said. Pure. */

import { recipientsDigest } from '../crypto/audience.ts'
import { TeleportError } from '../errors.ts'
import type { Manifest, Oid } from '../model.ts'
import { nearest } from './nearest.ts'
import { believedDevices, type People } from './people.ts'
import { isMemberAt } from './team.ts'

/** Who may read a session. */
export interface Audience {
  /** Recipients, sorted, each once. */
  readonly readers: readonly string[]
  /** Whom that is meant for beside one's own devices: `team`, principals, `age1…`; sorted. */
  readonly to: readonly string[]
  /** Readers that are devices of those who pushed and that the policy does not list. */
  readonly unlisted: readonly string[]
  /** The policy that it was taken from. */
  readonly policy: Oid | null
}

/** What a session says about its audience so far. */
export type Kept = Pick<Manifest, 'readers' | 'to' | 'unlisted' | 'origins'>

/** `ada@example.org,team` and repeated options alike. Throws `usage` for an empty word. */
export function parseTo(values: readonly string[]): readonly string[] {
  const words = values.flatMap((value) => value.split(',')).map((word) => word.trim())
  if (!words.includes('')) return words
  throw new TeleportError('usage', '--to names nobody', { hint: 'git teleport push --to team' })
}

/** Throws `unknown-member` for a name that the policy does not have, and `mixed-readers`. */
export function namedAudience(people: People, words: readonly string[]): Audience {
  const to = [...new Set(words.filter((word) => word !== 'me'))].sort()
  const named = to.flatMap((word) => keysOf(people, word) ?? unknownMember(people, word))
  // Only who asks for nothing else gets the protection that one reader of the older kind would void.
  const alone = to.length > 0 && named.every(isPostQuantum) && !words.includes('me')
  return audience(people, alone ? named : [...named, ...reading(people)], to)
}

/**
 * The audience of a session that has one: whoever could read it still can, but for keys that are no longer one's own nor
 * any member's. Own devices that came since are let in; members are not, until `rewrap` or `--to` says so.
 */
export function keptAudience(people: People, kept: Kept): Audience {
  const stay = kept.readers.filter((reader) => mayStay(people, kept, reader))
  const alone = stay.length > 0 && stay.every(isPostQuantum)
  return audience(people, alone ? stay : [...stay, ...reading(people)], kept.to ?? [], kept)
}

/** What the audience of a session would be by today's policy: names that are nobody's any more fall out. */
export function presentAudience(people: People, kept: Kept): Audience {
  const to = (kept.to ?? []).filter((word) => keysOf(people, word) !== undefined)
  const named = to.flatMap((word) => keysOf(people, word) ?? [])
  const guests = kept.readers.filter((reader) => isGuest(people, kept, reader))
  const alone = named.length > 0 && named.every(isPostQuantum)
  return audience(people, alone ? named : [...named, ...guests, ...reading(people)], to, kept)
}

/** Whether `rewrap` would have something to do. Never throws: a mixed set is a changed one. */
export function readersChanged(people: People, kept: Kept): boolean {
  try {
    return presentAudience(people, kept).readers.join('\n') !== kept.readers.join('\n')
  } catch (error) {
    if (error instanceof TeleportError) return true
    throw error
  }
}

/** One's own devices with the keys that they have now. */
function reading({ own, earlier }: People): readonly string[] {
  return own.filter((recipient) => !earlier.includes(recipient))
}

/** Recipients behind one word; undefined for a name that nobody has now. */
function keysOf(people: People, word: string): readonly string[] | undefined {
  const { team, now } = people
  if (word.startsWith('age1')) return [word]
  const members = (team?.members ?? []).filter(({ recipient }) => isMemberAt(team, recipient, now))
  if (word === 'team') {
    if (!team) return undefined
    return [...members.map(({ recipient }) => recipient), ...team.readers.map(({ recipient }) => recipient)]
  }
  const keys = members.filter(({ principal }) => principal.toLowerCase() === word.toLowerCase())
  return keys.length > 0 ? keys.map(({ recipient }) => recipient) : undefined
}

function mayStay(people: People, kept: Kept, reader: string): boolean {
  const { team, now } = people
  if (people.earlier.includes(reader)) return false
  if (people.own.includes(reader) || kept.to?.includes(reader)) return true
  if (team?.readers.some(({ recipient }) => recipient === reader)) return true
  return isMemberAt(team, reader, now) !== null || isGuest(people, kept, reader)
}

/**
 * A device of somebody else who wrote to the session, and which the policy never listed: it can't have been taken off
 * the list. In a session of one's own it is a device that one has taken off.
 */
function isGuest(people: People, kept: Kept, reader: string): boolean {
  const own = believedDevices(people)
  const withOthers = kept.origins.some(({ device }) => own.get(device) !== null)
  return withOthers && !people.own.includes(reader) && (kept.unlisted?.includes(reader) ?? false)
}

function audience(
  people: People,
  recipients: readonly string[],
  to: readonly string[],
  kept: Kept | null = null,
): Audience {
  const required = people.required.flatMap((word) => keysOf(people, word) ?? [word])
  const all = [...recipients, ...required].filter((reader) => !people.earlier.includes(reader))
  const readers = [...new Set(all)].sort()
  refuseMixed(readers)
  // Throws for what is not spelled like a recipient, before anything is encrypted to it.
  recipientsDigest(readers)
  const { own, team } = people
  const listed = new Set(team?.members.map(({ recipient }) => recipient))
  const unlisted = readers.filter(
    (reader) => team && !listed.has(reader) && (own.includes(reader) || kept?.unlisted?.includes(reader)),
  )
  return { readers, to, unlisted, policy: team?.commit ?? null }
}

function refuseMixed(readers: readonly string[]): void {
  const postQuantum = readers.filter(isPostQuantum).length
  if (postQuantum === 0 || postQuantum === readers.length) return
  throw new TeleportError(
    'mixed-readers',
    `${postQuantum} of ${readers.length} readers have post-quantum keys (age1pq1…), which cannot be mixed with any others`,
    {
      hint: 'name post-quantum readers only, or none: one reader of the older kind would void their protection',
    },
  )
}

function isPostQuantum(reader: string): boolean {
  return reader.startsWith('age1pq1')
}

function unknownMember(people: People, word: string): never {
  const { team, now } = people
  if (!team) {
    throw new TeleportError('unknown-member', `"${word}" is nobody here: this project has no team yet`, {
      hint: 'git teleport push --to me',
    })
  }
  const valid = team.members.filter(({ recipient }) => isMemberAt(team, recipient, now))
  const names = [...new Set(valid.map(({ principal }) => principal))]
  const expired = team.members.some(({ principal }) => principal.toLowerCase() === word.toLowerCase())
  const near = nearest(word.toLowerCase(), names, Math.max(3, Math.floor(word.length / 2)))
  throw new TeleportError(
    'unknown-member',
    expired
      ? `no key of "${word}" is valid now, by the team's policy`
      : `"${word}" is no member of this project's team`,
    {
      hint: near === undefined ? 'git teleport push --to team' : `git teleport push --to ${near}`,
      data: { members: names },
    },
  )
}

/** Whether others than one's own devices are among them. */
export function isShared(readers: readonly string[], own: readonly string[]): boolean {
  return readers.some((reader) => !own.includes(reader))
}

/** The readers that are one's own devices. */
export function ownAmong(readers: readonly string[], own: readonly string[]): readonly string[] {
  return readers.filter((reader) => own.includes(reader))
}

/** `you`, then members by name, then a count of keys that are nobody's. */
export function readerNames({ own, team }: People, readers: readonly string[]): readonly string[] {
  const names = new Set<string>()
  let others = 0
  for (const reader of readers) {
    const member = team?.members.find(({ recipient }) => recipient === reader)
    if (own.includes(reader)) names.add('')
    else if (member) names.add(member.principal)
    else others += 1
  }
  const sorted = [...names].sort().map((name) => (name === '' ? 'you' : name))
  return others === 0 ? sorted : [...sorted, `+${others} ${others === 1 ? 'reader' : 'readers'}`]
}
