/** One world for a file of refusals: since a refused command changes nothing, all of its tests can share it. */

import { cp, lstat, readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import type { ExecutionContext } from 'ava'
import { continueSession, writeSession } from '../../src/demo/write-session.ts'
import type { ErrorCode } from '../../src/errors.ts'
import { parseSessionId, type SessionId } from '../../src/model.ts'
import { type InProcessOptions, type Told, teleport, teleported } from '../support/in-process.ts'
import { dig } from '../support/json.ts'
import { checkout, type Machine, makeSandbox, type Sandbox } from '../support/sandbox.ts'

export const session = parseSessionId('5b1e3f2a-91c4-4d6f-9a37-0123456789ab')
/** Begins as `session` does. */
export const sibling = parseSessionId('5b1e3f2a-0000-4d6f-9a37-0123456789ab')
export const unknown = parseSessionId('deadbeef-91c4-4d6f-9a37-0123456789ab')

/** A machine and its checkout of the one remote. */
export interface Seat {
  readonly machine: Machine
  readonly top: string
}

export interface SharedWorld {
  readonly sandbox: Sandbox
  readonly remote: string
  /** Wrote and pushed both sessions; `session` twice. */
  readonly laptop: Seat
  /** The same key as the laptop; pulled `session` after both pushes. */
  readonly desktop: Seat
  /** The same key as the laptop; pulled nothing. */
  readonly tablet: Seat
  /** A key of her own, and nobody trusts it. */
  readonly eve: Seat
}

/** Made when the first test asks for it. `atEnd` takes what is to be done after the last one. */
export function sharedWorld(atEnd: (work: () => Promise<void>) => void): () => Promise<SharedWorld> {
  let remove = async () => {}
  atEnd(() => remove())
  let made: Promise<SharedWorld> | undefined
  return () => {
    made ??= makeSandbox({
      teardown(work) {
        remove = work
      },
    }).then(makeSharedWorld)
    return made
  }
}

async function makeSharedWorld(sandbox: Sandbox): Promise<SharedWorld> {
  const remote = await sandbox.bareRemote()
  const laptop = await seat(sandbox, remote, 'laptop')
  await teleported(laptop.machine, ['init'], { cwd: laptop.top })
  const [desktop, tablet, eve] = await Promise.all([
    seat(sandbox, remote, 'desktop', laptop),
    seat(sandbox, remote, 'tablet', laptop),
    seat(sandbox, remote, 'eve'),
  ])
  await teleported(eve.machine, ['init'], { cwd: eve.top })
  const { cursor } = await tell(laptop, session, 12_000)
  await tell(laptop, sibling, 6_000)
  await teleported(laptop.machine, ['push', session], { cwd: laptop.top })
  await teleported(laptop.machine, ['push', sibling], { cwd: laptop.top })
  await teleported(desktop.machine, ['pull', session], { cwd: desktop.top })
  await continueSession(optionsOf(laptop, session, 12_000), cursor, 4_000)
  await teleported(laptop.machine, ['push', session], { cwd: laptop.top })
  await teleported(desktop.machine, ['pull', session], { cwd: desktop.top })
  return { sandbox, remote, laptop, desktop, tablet, eve }
}

/** A new machine with a clone; `like` lends its key, so that both are one device. */
export async function seat(sandbox: Sandbox, remote: string, name: string, like?: Seat): Promise<Seat> {
  const machine = await sandbox.machine(name)
  const top = await checkout(machine, remote, `code/${name}`)
  if (like) {
    const key = (home: string, suffix = '') => path.join(home, `.config/git-teleport/id_ed25519${suffix}`)
    for (const suffix of ['', '.pub']) await cp(key(like.machine.home, suffix), key(machine.home, suffix))
  }
  return { machine, top }
}

/** Writes an invented session of about `bytes` on that machine. */
export async function tell(at: Seat, id: SessionId, bytes: number) {
  return writeSession(optionsOf(at, id, bytes))
}

export function optionsOf({ machine, top }: Seat, id: SessionId, bytes: number) {
  const { home, config } = machine
  return { session: id, seed: 'refusals', bytes, startTime: Date.UTC(2026, 10, 20), home, config, root: top }
}

/** What a refused command is asked and what it has to answer. */
export interface Refusal extends Partial<InProcessOptions> {
  readonly at: Seat
  readonly argv: readonly string[]
  readonly exit: number
  readonly code: ErrorCode
  readonly message: RegExp
  /** Null: there is nothing to advise. */
  readonly hint: RegExp | null
  /** Files that may change all the same. */
  readonly except?: RegExp
}

/** Runs the command and holds it to its answer, and both sides to what they were before. */
export async function refuses(t: ExecutionContext, world: SharedWorld, wanted: Refusal): Promise<Told> {
  const { at, argv, exit, code, message, hint, except, ...options } = wanted
  const before = await picture(world)
  const told = await teleport(at.machine, withJson(argv), { cwd: at.top, ...options })
  t.is(told.stdout, '', 'nothing on stdout')
  const answer = told.stderr.trim().split('\n').at(-1) ?? ''
  const error = dig(JSON.parse(answer), 'error')
  t.is(dig(JSON.parse(answer), 'version'), 1)
  t.is(dig(error, 'code'), code, told.stderr)
  t.is(told.exitCode, exit)
  t.regex(String(dig(error, 'message')), message)
  const advice = dig(error, 'hint')
  if (hint === null) t.is(advice, null)
  else t.regex(String(advice), hint)
  const changed = changes(before, await picture(world)).filter((name) => !except?.test(name))
  t.deepEqual(changed, [], 'both sides are as before')
  return told
}

function withJson([verb = '', ...rest]: readonly string[]): readonly string[] {
  const [sub = '', ...more] = rest
  return verb === 'key' ? [verb, sub, '--json', ...more] : [verb, '--json', ...rest]
}

/** How each file is found, by its path: even rewriting it with what it held would show. */
export type Picture = Readonly<Record<string, string>>

/**
 * Everything that must survive a refusal: the homes with their checkouts, the refs that the stores rely on with their
 * records, the refs of the remote. Leaves out what a store fetched without believing it, and the list of stores.
 */
export async function picture(world: SharedWorld): Promise<Picture> {
  const { folder } = world.sandbox
  const files = await filesBelow(folder, (file) => !isScratch(path.relative(folder, file)))
  const rows = files.map(async (file) => {
    const { size, mtimeNs, ino } = await lstat(file, { bigint: true })
    const packed = path.basename(file) === 'packed-refs'
    const seen = packed ? reliedOn(await readFile(file, 'utf8')) : `${ino}: ${size} bytes at ${mtimeNs}`
    return [path.relative(folder, file), seen] as const
  })
  return Object.fromEntries(await Promise.all(rows))
}

function changes(before: Picture, after: Picture): readonly string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...names].filter((name) => before[name] !== after[name]).sort()
}

function isScratch(file: string): boolean {
  const [store, ...inside] = file.split('/.git/teleport/').slice(1)
  if (store !== undefined && inside.length === 0) {
    return !/^(?:refs\/(?:remote|local)|state|installs|packed-refs)(?:\/|$)/.test(store)
  }
  return /\.git\/(?:objects|hooks)\//.test(file) || /git-teleport\/stores$|\/tmp\//.test(file)
}

function reliedOn(packedRefs: string): string {
  return packedRefs
    .split('\n')
    .filter((line) => !line.includes(' refs/incoming/'))
    .join('\n')
}

async function filesBelow(folder: string, wanted: (file: string) => boolean): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter(wanted)
    .sort()
}
