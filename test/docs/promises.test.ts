/** The promises of the README, one test each, by the whole program. docs/threat-model.md names them. */

import { cp, readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { continueSession, writeSession } from '../../src/demo/write-session.ts'
import { parseSessionId } from '../../src/model.ts'
import { type Told, teleport, teleported } from '../support/in-process.ts'
import { stringAt } from '../support/json.ts'
import { checkout, type Machine, makeSandbox } from '../support/sandbox.ts'
import { snapshotRepo } from '../support/snapshot-repo.ts'

const session = parseSessionId('3f2a91c4-5b1e-4d6f-9a37-c0ffee5e5510')
const other = '11111111-2222-4333-8444-555555555555'
const refOf = (id: string) => `refs/teleport/sessions/${id}`
const ref = refOf(session)

type Test = ExecutionContext<unknown>

interface Seat {
  readonly machine: Machine
  readonly cwd: string
  tell(...argv: readonly string[]): Promise<Told>
}

const cleaning: (() => Promise<void>)[] = []
test.after.always(async () => {
  for (const work of cleaning) await work()
})

/** A laptop that pushed twice, a desktop that it trusts and that trusts it, and their remote. */
async function makeWorld() {
  const sandbox = await makeSandbox({ teardown: (work) => void cleaning.push(work) })
  const remote = await sandbox.bareRemote()
  const sit = async (name: string, where: string, from = remote): Promise<Seat> => {
    const machine = await sandbox.machine(name)
    const cwd = await checkout(machine, from, where)
    return { machine, cwd, tell: (...argv) => teleported(machine, argv, { cwd }) }
  }
  const laptop = await sit('laptop', 'code/orchard')
  const desktop = await sit('desktop', 'work/orchard')
  const publicKey = async (seat: Seat) =>
    stringAt((await seat.tell('init', '--json')).json(), 'publicKey') ?? ''
  await laptop.tell('key', 'trust', '--yes', await publicKey(desktop))
  await desktop.tell('key', 'trust', '--yes', await publicKey(laptop))
  await laptop.machine.git(laptop.cwd, 'checkout', '--quiet', '-b', 'branch-of-mine')
  const { home, config } = laptop.machine
  const told = {
    session,
    seed: 'promise',
    bytes: 60_000,
    startTime: Date.UTC(2026, 10, 20),
    home,
    config,
    root: laptop.cwd,
  }
  const { cursor, transcript } = await writeSession(told)
  await laptop.tell('push')
  const continued = await continueSession(told, cursor, 9000)
  await laptop.tell('push')
  return {
    sandbox,
    remote,
    laptop,
    desktop,
    sit,
    transcript,
    goOn: () => continueSession(told, continued.cursor, 9000),
    /** What somebody with access to the remote does to it. */
    onRemote: (...args: string[]) => laptop.machine.git(remote, ...args),
  }
}

const world = makeWorld()

/** What a test does to the remote is undone when it ends, so that each finds the session as it was pushed. */
async function openWorld(t: Test) {
  const open = await world
  const tip = await open.onRemote('rev-parse', ref)
  t.teardown(async () => {
    await open.onRemote('update-ref', '-d', refOf(other))
    await open.onRemote('update-ref', ref, tip)
  })
  return { ...open, tip }
}

/** The command ends with 6 and this code, and nothing was written for Claude Code. */
async function refuses(
  t: Test,
  seat: Seat,
  code: string,
  argv: readonly string[],
  now?: Date,
): Promise<void> {
  const files = () => readdir(seat.machine.config, { recursive: true }).catch(() => [])
  const before = await files()
  const clock = now === undefined ? {} : { now: () => now }
  const told = await teleport(seat.machine, [...argv, '--json'], { cwd: seat.cwd, ...clock })
  t.is(told.exitCode, 6, told.stderr)
  t.is(stringAt(told.json(), 'error', 'code'), code)
  t.is(told.stdout, '')
  t.deepEqual(await files(), before)
}

test.serial('the remote holds no title, text, path or branch name in the clear', async (t) => {
  const { laptop, transcript, onRemote } = await openWorld(t)
  const { title } = Object(Object((await laptop.tell('status', '--json')).json()).sessions[0])
  const objects = (
    await onRemote('rev-list', '--objects', '--no-object-names', '--glob=refs/teleport/*')
  ).split('\n')
  t.true(objects.length > 8)
  const shown = await Promise.all(objects.map((oid) => onRemote('cat-file', '-p', oid)))
  const everything = `${shown.join('\n')}\n${await onRemote('for-each-ref')}`
  t.true(everything.includes(session) && everything.includes('laptop@example.org'))
  const prompt = /"content":"([^"\\]{20,})"/.exec(await readFile(transcript, 'utf8'))?.[1]
  for (const secret of [title, prompt, 'orchard', 'branch-of-mine', laptop.machine.home, 'session.jsonl']) {
    t.true(typeof secret === 'string' && secret.length > 5)
    t.false(everything.includes(secret), secret)
  }
})

test.serial(
  'branches, tags, index, configuration and objects of the repository stay as they were',
  async (t) => {
    const { laptop, desktop, remote, goOn, onRemote } = await world
    const repositories = [path.join(laptop.cwd, '.git'), path.join(desktop.cwd, '.git')]
    const before = await Promise.all(repositories.map(snapshotRepo))
    const branches = await onRemote('for-each-ref', 'refs/heads', 'refs/tags')
    await goOn()
    await laptop.tell('push')
    await desktop.tell('list')
    await desktop.tell('pull', session)
    await desktop.tell('undo')
    await laptop.tell('prune')
    t.deepEqual(await Promise.all(repositories.map(snapshotRepo)), before)
    t.is(await onRemote('for-each-ref', 'refs/heads', 'refs/tags'), branches)
    t.deepEqual(await readFile(path.join(remote, 'HEAD'), 'utf8'), 'ref: refs/heads/main\n')
  },
)

test.serial('a session that no own device signed is not restored', async (t) => {
  const { desktop, sit } = await openWorld(t)
  const eve = await sit('eve', 'orchard')
  await eve.tell('init')
  const { home, config } = eve.machine
  await writeSession({
    session: parseSessionId(other),
    seed: 'eve',
    bytes: 60_000,
    startTime: 0,
    home,
    config,
    root: eve.cwd,
  })
  await eve.tell('push')
  await refuses(t, desktop, 'untrusted-signer', ['pull', other])
})

test.serial('a session that was copied to another id is not restored', async (t) => {
  const { desktop, onRemote } = await openWorld(t)
  await onRemote('update-ref', refOf(other), ref)
  await refuses(t, desktop, 'wrong-binding', ['pull', other])
})

test.serial('a session of another project is not restored', async (t) => {
  const { sandbox, desktop, laptop, remote, sit } = await openWorld(t)
  const elsewhere = await sandbox.bareRemote('elsewhere')
  const project = await sit('tablet', 'other', elsewhere)
  await cp(path.join(desktop.machine.home, '.config'), path.join(project.machine.home, '.config'), {
    recursive: true,
  })
  await project.machine.git(project.cwd, 'commit', '--quiet', '--amend', '--message', 'another start')
  await project.machine.git(project.cwd, 'push', '--quiet', '--force', 'origin', 'HEAD')
  await laptop.machine.git(remote, 'push', '--quiet', elsewhere, ref)
  await refuses(t, project, 'wrong-binding', ['pull', session])
})

test.serial('a session that was changed is not restored, whoever is named as its author', async (t) => {
  const { desktop, onRemote } = await openWorld(t)
  const message = await onRemote('log', '-1', '--format=%B', ref)
  const forged = await onRemote(
    '-c',
    'user.name=laptop',
    '-c',
    'user.email=laptop@example.org',
    'commit-tree',
    '-m',
    message,
    `${ref}^{tree}`,
  )
  await onRemote('update-ref', ref, forged)
  await refuses(t, desktop, 'bad-signature', ['pull', session])
})

test.serial('a machine that has seen a push does not go back to an older one', async (t) => {
  const { desktop, onRemote, tip } = await openWorld(t)
  await desktop.tell('pull', session)
  await onRemote('update-ref', ref, `${tip}^`)
  await refuses(t, desktop, 'rollback', ['pull', session])
})

test.serial('an expired session is neither restored nor listed', async (t) => {
  const { desktop } = await openWorld(t)
  const inTwoMonths = new Date(Date.now() + 60 * 24 * 3600_000)
  await refuses(t, desktop, 'expired-session', ['pull', session], inTwoMonths)
  const listed = await teleport(desktop.machine, ['list', '--json'], {
    cwd: desktop.cwd,
    now: () => inTwoMonths,
  })
  t.deepEqual(listed.json(), { version: 1, sessions: [] })
})

test.serial('a file from `export` brings no shell scripts, system prompts or permissions', async (t) => {
  const { laptop, sit } = await openWorld(t)
  const phone = await sit('phone', 'orchard')
  const archive = path.join(phone.machine.home, 'session.tar.gz')
  await laptop.tell('export', session, '--output', archive)
  const told = await phone.tell('import', archive, '--json')
  t.is(stringAt(told.json(), 'tier'), 'sanitised')
  const { config } = phone.machine
  const written = (await readdir(config, { recursive: true })).filter((name) => !/\.git-teleport/.test(name))
  t.deepEqual(
    written.filter((name) => /session-env|shell-snapshots|settings/.test(name)),
    [],
  )
  const transcript = written.find((name) => name.endsWith(`${session}.jsonl`)) ?? ''
  const text = await readFile(path.join(config, transcript), 'utf8')
  t.regex(text, /"type":"user"/)
  t.notRegex(text, /"type":"(?:permission-mode|prompt_snapshot|mode)"/)
})
