/** Where one person sits: a machine, a checkout of the project on it, and the program at hand. */

import { createHash } from 'node:crypto'
import { cp, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import type { ExecutionContext } from 'ava'
import type { SessionCursor, SessionOptions } from '../../src/demo/generate-session.ts'
import { continueSession, writeSession } from '../../src/demo/write-session.ts'
import { parseSessionId, type SessionId } from '../../src/model.ts'
import { type InProcessOptions, teleport } from '../support/in-process.ts'
import { isRecord, type JsonRecord, stringAt } from '../support/json.ts'
import { checkout, type Machine, makeSandbox, type Sandbox } from '../support/sandbox.ts'

export interface Failure {
  readonly exitCode: number
  readonly code: string
  readonly message: string
  readonly hint: string
}

export interface Seat {
  readonly machine: Machine
  /** Top of the checkout. */
  readonly top: string
  /** Runs a command with `--json` and returns what it printed; throws with all it said unless it ends with 0. */
  run(argv: readonly string[], more?: Partial<InProcessOptions>): Promise<JsonRecord>
  /** Runs a command that has to fail, and returns how it did. */
  refused(argv: readonly string[], more?: Partial<InProcessOptions>): Promise<Failure>
}

export const session = parseSessionId('5b1e3f2a-91c4-4d6f-9a37-0123456789ab')

/** @param cwd where the commands run, when not at the top */
export function seatAt(machine: Machine, top: string, cwd = top): Seat {
  const tell = (argv: readonly string[], more: Partial<InProcessOptions>) =>
    teleport(machine, [...argv, '--json'], { cwd, ...more })
  return {
    machine,
    top,
    async run(argv, more = {}) {
      const told = await tell(argv, more)
      const said = told.json()
      if (told.exitCode === 0 && isRecord(said)) return said
      throw new Error(`${argv.join(' ')} on ${machine.name}: ${told.exitCode}\n${told.stdout}${told.stderr}`)
    },
    async refused(argv, more = {}) {
      const told = await tell(argv, more)
      if (told.exitCode === 0)
        throw new Error(`${argv.join(' ')} on ${machine.name} was not refused: ${told.stdout}`)
      const error = (key: string) => stringAt(told.json(), 'error', key) ?? ''
      return { exitCode: told.exitCode, code: error('code'), message: error('message'), hint: error('hint') }
    },
  }
}

export interface Home {
  readonly sandbox: Sandbox
  /** Path of the bare remote. */
  readonly remote: string
  /** A checkout on a new machine that has the same device key as the others. */
  sit(name: string, where?: string): Promise<Seat>
}

interface Teardown {
  teardown(work: () => Promise<void>): void
}

/** One person's machines and one remote. The first machine makes the key; the others get it carried over. */
export async function makeHome(t: Teardown): Promise<Home> {
  const sandbox = await makeSandbox(t)
  const remote = await sandbox.bareRemote()
  let first: Seat | undefined
  return {
    sandbox,
    remote,
    async sit(name, where = `${name}-work/app`) {
      const machine = await sandbox.machine(name)
      const seat = seatAt(machine, await checkout(machine, remote, where))
      if (first) await carryKey(first.machine, machine)
      else await seat.run(['init'])
      first ??= seat
      return seat
    },
  }
}

const keyFolder = (machine: Machine) => path.join(machine.home, '.config/git-teleport')

/** Makes `to` the same device. */
export async function carryKey(from: Machine, to: Machine): Promise<void> {
  await mkdir(path.dirname(keyFolder(to)), { recursive: true })
  await cp(path.join(keyFolder(from), 'id_ed25519'), path.join(keyFolder(to), 'id_ed25519'))
  await cp(path.join(keyFolder(from), 'id_ed25519.pub'), path.join(keyFolder(to), 'id_ed25519.pub'))
}

/** A told session that can go on at any seat. */
export interface Tale {
  readonly session: SessionId
  cursor: SessionCursor
  readonly options: (seat: Seat) => SessionOptions
}

/** Writes a session at `seat`. */
export async function tell(seat: Seat, more: Partial<SessionOptions> = {}): Promise<Tale> {
  const options = (at: Seat): SessionOptions => ({
    session,
    seed: 'journey',
    bytes: 60_000,
    startTime: Date.UTC(2026, 10, 20),
    ...more,
    home: at.machine.home,
    config: at.machine.config,
    root: at.top,
  })
  const { cursor } = await writeSession(options(seat))
  return { session: options(seat).session, cursor, options }
}

/** The conversation goes on at `seat`, where its transcript lies already. */
export async function goOn(tale: Tale, seat: Seat, bytes = 4000): Promise<void> {
  tale.cursor = (await continueSession(tale.options(seat), tale.cursor, bytes)).cursor
}

export function transcriptOf(seat: Seat, id: SessionId = session): string {
  const folder = seat.top.replace(/[^A-Za-z0-9]/g, '-')
  return path.join(seat.machine.config, 'projects', folder, `${id}.jsonl`)
}

export const readTranscript = (seat: Seat, id: SessionId = session) => readFile(transcriptOf(seat, id))

/** Every file below the configuration folder, by relative path. */
export async function filesBelow(folder: string): Promise<ReadonlyMap<string, Buffer>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
  const rows = files.sort().map(async (file) => [path.relative(folder, file), await readFile(file)] as const)
  return new Map(await Promise.all(rows))
}

/** Type and size of every object of a repository, by id. */
export async function objectsOf(home: Home, seat: Seat): Promise<ReadonlyMap<string, string>> {
  const listed = await seat.machine.git(
    home.remote,
    'cat-file',
    '--batch-all-objects',
    '--batch-check=%(objectname) %(objecttype)',
  )
  return new Map(listed.split('\n').map((line) => [line.split(' ')[0] ?? '', line.split(' ')[1] ?? '']))
}

/** The first record of `list --json` or `status --json` about the session. */
export async function listed(
  seat: Seat,
  verb: 'list' | 'status',
  id: SessionId = session,
): Promise<JsonRecord | undefined> {
  const { sessions } = await seat.run([verb])
  return Array.isArray(sessions)
    ? sessions.filter(isRecord).find((each) => each['session'] === id)
    : undefined
}

/** Loses the record of the last sync, which is a cache. */
export async function forget(seat: Seat, id: SessionId = session): Promise<void> {
  const folder = path.join(seat.top, '.git/teleport/state')
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(`${id}.json`))
  if (names.length !== 1) throw new Error(`${names.length} records of ${id}`)
  for (const name of names) await rm(path.join(folder, name))
}

/** Everything that installations at this seat replaced and still keep. */
export async function backups(seat: Seat): Promise<readonly Buffer[]> {
  return [...(await filesBelow(path.join(seat.top, '.git/teleport/installs/backups'))).values()]
}

/** Text of one machine, with its own folders and the names made of them told in a way that all machines share. */
export function neutral(seats: readonly Seat[], bytes: Uint8Array): string {
  let text = Buffer.from(bytes).toString('latin1')
  for (const { top, machine } of seats) {
    text = text
      .replaceAll(top.replace(/[^A-Za-z0-9]/g, '-'), '<project folder>')
      .replaceAll(top, '<top>')
      .replaceAll(machine.home, '<home>')
  }
  return text.replaceAll(/[0-9a-f]{16}(?=@v\d)/g, '<hash>')
}

/** Both machines have the same files with the same bytes, but for their own folders. */
export async function sameSession(t: ExecutionContext, from: Seat, to: Seat): Promise<void> {
  const seats = [from, to]
  t.deepEqual(await digestsAt(to, seats), await digestsAt(from, seats))
}

async function digestsAt(seat: Seat, seats: readonly Seat[]): Promise<readonly string[]> {
  const kinds = /^(projects|file-history|tasks|todos|plans|uploads|paste-cache)\/(?!.*\.lock$)/
  const files = [...(await filesBelow(seat.machine.config))].filter(([name]) => kinds.test(name))
  const rows = files.map(([name, bytes]) => {
    const text = name.endsWith('.bin') ? bytes : neutral(seats, bytes)
    return `${neutral(seats, Buffer.from(name))} ${digest(text)}`
  })
  return rows.sort()
}

export const digest = (content: string | Uint8Array) =>
  createHash('sha256').update(content).digest('hex').slice(0, 16)
