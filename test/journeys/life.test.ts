/** Life and death of a session on the remote, who may read and who is believed, and files instead of a remote. */

import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { parseRows } from '../support/json.ts'
import { checkout, makeSandbox } from '../support/sandbox.ts'
import {
  backups,
  filesBelow,
  goOn,
  listed,
  makeHome,
  readTranscript,
  type Seat,
  sameSession,
  seatAt,
  session,
  tell,
} from './seat.ts'

const ref = `refs/teleport/sessions/${session}`
const dayMs = 24 * 3600_000

test('a removed session is gone for all, and comes back where it stopped when it is pushed again', async (t) => {
  const home = await makeHome(t)
  const [laptop, desktop] = [await home.sit('laptop'), await home.sit('desktop')]
  const tale = await tell(laptop)
  await laptop.run(['push'])
  await desktop.run(['pull', session])
  await goOn(tale, laptop)
  await laptop.run(['push'])
  const removed = await laptop.machine.git(home.remote, 'rev-parse', ref)

  t.like(await desktop.refused(['rm', session]), { exitCode: 2, code: 'needs-confirmation' })
  t.is(await laptop.machine.git(home.remote, 'rev-parse', ref), removed)
  t.like(await desktop.run(['rm', session, '--yes']), { session, ref })
  t.is(await laptop.machine.git(home.remote, 'for-each-ref', ref), '')
  t.is(await listed(laptop, 'list'), undefined)
  const { sessions } = await laptop.run(['list', '--all'])
  t.like(sessions, [{ session, state: 'gone', onRemote: 'removed', seq: 3 }])
  for (const seat of [laptop, desktop]) {
    const failure = await seat.refused(['pull', session])
    t.like(failure, { exitCode: 3, code: 'session-gone', hint: `git teleport push ${session}` })
    t.true((await readTranscript(seat)).length > 60_000)
  }
  const tablet = await home.sit('tablet')
  t.like(await tablet.refused(['pull', session]), { exitCode: 3, code: 'no-remote-session' })

  t.like(await laptop.run(['push', session]), { state: 'pushed', seq: 3 })
  const message = await laptop.machine.git(home.remote, 'log', '--format=%P%n%B', ref)
  t.regex(message, new RegExp(`^\\n[^]*\\nTeleport-Seq: 3\\nTeleport-Previous: ${removed}\\n`))
  t.like(await listed(desktop, 'list'), { state: 'fast-forward', onRemote: 'live', seq: 3 })
  t.like(await desktop.run(['pull', session]), { state: 'fast-forward', seq: 3 })
  t.like(await tablet.run(['pull', session]), { state: 'new', seq: 3 })
  for (const seat of [desktop, tablet]) await sameSession(t, laptop, seat)

  await laptop.run(['rm', session, '--yes'])
  await goOn(tale, desktop)
  t.like(await desktop.run(['push', session]), { state: 'pushed', seq: 4 })
  t.like(await laptop.run(['pull', session]), { state: 'fast-forward', seq: 4 })
  await sameSession(t, desktop, laptop)
})

test('an expired session is refused and hidden until it is pushed again', async (t) => {
  const home = await makeHome(t)
  const [laptop, desktop] = [await home.sit('laptop'), await home.sit('desktop')]
  const tale = await tell(laptop)
  const later = (days: number) => ({ now: () => new Date(Date.now() + days * dayMs) })
  await laptop.run(['push'])
  await desktop.run(['pull', session])
  const before = await filesBelow(desktop.machine.config)
  t.like(await desktop.run(['pull', session], later(29)), { state: 'same' })

  const failure = await desktop.refused(['pull', session], later(31))
  t.like(failure, {
    exitCode: 6,
    code: 'expired-session',
    hint: `ask its owner to run: git teleport push ${session}`,
  })
  t.like(await desktop.refused(['pull', session, '--force'], later(31)), { code: 'expired-session' })
  t.deepEqual(await filesBelow(desktop.machine.config), before)
  t.deepEqual((await desktop.run(['list'], later(31)))['sessions'], [])
  t.like((await desktop.run(['list', '--all'], later(31)))['sessions'], [{ session, state: 'expired' }])

  // Nobody has to ask the first machine: whoever has it can renew it, with a record or without.
  t.like(await desktop.run(['push', session], later(31)), { state: 'pushed', seq: 2, bytesAdded: 0 })
  t.like(await laptop.run(['pull', session], later(32)), { state: 'fast-forward', seq: 2 })

  t.like(await laptop.run(['push', session, '--expires', '2d'], later(32)), { seq: 3 })
  await goOn(tale, laptop)
  const fixed = await laptop.run(['push', session], later(33))
  t.is(fixed['seq'], 4)
  t.true(
    Date.parse(String(fixed['expires'])) < Date.now() + 34.1 * dayMs,
    'a push does not renew what was fixed',
  )
  const late = await laptop.refused(['push', session], later(40))
  t.like(late, { exitCode: 6, code: 'expired-session', hint: `git teleport push --expires 30d ${session}` })
  t.like(await laptop.run(['push', session, '--expires', '30d'], later(40)), { state: 'pushed', seq: 5 })
  t.like(await desktop.run(['pull', session], later(41)), { state: 'fast-forward', seq: 5 })
})

test('two devices with keys of their own read and go on once each counts the other as one of its own', async (t) => {
  const { laptop, desktop, remote } = await strangers(t)
  const tale = await tell(laptop)
  t.like(await laptop.run(['push']), { recipients: [await keyOf(laptop)] })
  const blob = (name: string) => laptop.machine.git(remote, 'rev-parse', `${ref}:${name}`)
  const [key, segment] = [await blob('key.age'), await blob('segments/0001')]

  const believesNobody = await desktop.refused(['pull', session])
  t.like(believesNobody, { exitCode: 6, code: 'untrusted-signer' })
  t.true(believesNobody.hint.endsWith(`git teleport key trust "${await keyOf(laptop)}"`), believesNobody.hint)
  t.deepEqual((await desktop.run(['list']))['sessions'], [])
  await desktop.run(['key', 'trust', await keyOf(laptop), '--yes'])
  t.like(await desktop.refused(['pull', session]), { exitCode: 4, code: 'not-a-reader' })

  await laptop.run(['key', 'trust', await keyOf(desktop), '--yes'])
  const both = [await keyOf(laptop), await keyOf(desktop)].sort()
  t.like(await laptop.run(['push', session]), { state: 'pushed', seq: 2, bytesAdded: 0, recipients: both })
  t.not(await blob('key.age'), key)
  t.is(await blob('segments/0001'), segment)
  t.like(await listed(desktop, 'list'), { state: 'new', seq: 2 })
  t.like(await desktop.run(['pull', session]), { state: 'new', tier: 'exact' })
  await sameSession(t, laptop, desktop)

  await goOn(tale, desktop)
  t.like(await desktop.run(['push', session]), { state: 'pushed', seq: 3, recipients: both })
  t.like(await laptop.run(['pull', session]), { state: 'fast-forward', seq: 3 })
  await sameSession(t, desktop, laptop)
  t.like(await listed(laptop, 'list'), { state: 'same', seq: 3 })
  t.like(await listed(desktop, 'list'), { state: 'same', seq: 3 })
  const devices = await Promise.all([laptop, desktop].map(deviceOf))
  t.is((await listed(laptop, 'list'))?.['device'], devices[1])
  t.deepEqual(await signersOf(laptop, remote, ref), ['desktop', 'laptop', 'laptop'])
  for (const [at, name] of ['laptop', 'desktop'].entries())
    t.deepEqual([...new Set(await signersOf(laptop, remote, `refs/teleport/index/${devices[at]}`))], [name])
})

test('a session goes through a file, as it is or sanitised, and onto one that is there', async (t) => {
  const home = await makeHome(t)
  const [laptop, desktop] = [await home.sit('laptop'), await home.sit('desktop')]
  const tablet = await home.sit('tablet')
  const tale = await tell(laptop)
  const file = path.join(home.sandbox.folder, 'session.tar.gz')
  const later = path.join(home.sandbox.folder, 'later.tar.gz')
  t.like(await laptop.run(['export', session, '--output', file]), { session, output: file })
  t.is((await laptop.run(['status']))['device'], (await desktop.run(['status']))['device'])

  t.like(await desktop.run(['import', '--exact', file]), {
    session,
    state: 'new',
    tier: 'exact',
    dropped: {},
  })
  await sameSession(t, laptop, desktop)
  t.like(await desktop.run(['import', '--exact', file]), { state: 'same', install: null })
  const prompts = (seat: Seat) =>
    filesBelow(seat.machine.config).then(
      (files) => parseRows(files.get('history.jsonl')?.toString() ?? '').length,
    )
  t.is(await prompts(desktop), await prompts(laptop))

  await goOn(tale, laptop)
  await laptop.run(['export', session, '--output', later])
  t.like(await desktop.run(['import', '--exact', later]), { state: 'fast-forward' })
  await sameSession(t, laptop, desktop)
  t.like(await desktop.run(['import', '--exact', file]), { state: 'local-ahead', install: null })
  await sameSession(t, laptop, desktop)
  await desktop.run(['push', session])
  t.like(await laptop.run(['pull', session]), { state: 'same' })

  const cleaned = await tablet.run(['import', file])
  t.like(cleaned, { state: 'new', tier: 'sanitised' })
  t.true(Object.keys(Object(cleaned['dropped'])).length > 0)
  const rows = parseRows((await readTranscript(tablet)).toString())
  const kinds = new Set(rows.map((row) => row['type']))
  t.true(kinds.has('user') && kinds.has('assistant'))
  for (const kind of ['mode', 'permission-mode', 'api-request', 'cost-state']) t.false(kinds.has(kind), kind)
  t.is(await prompts(tablet), 0)
  t.like(await tablet.run(['import', file]), { state: 'same' })
  t.like(await tablet.run(['import', later]), { state: 'fast-forward' })

  const before = await readTranscript(tablet)
  const failure = await tablet.refused(['import', '--exact', later])
  t.like(failure, { exitCode: 5, code: 'diverged' })
  t.regex(failure.hint, /--fork .* --force/)
  t.true((await readTranscript(tablet)).equals(before))
  const fork = await tablet.run(['import', '--exact', '--fork', later])
  t.not(fork['session'], session)
  t.true((await readTranscript(tablet)).equals(before))
  t.like(await tablet.run(['import', '--exact', '--force', later]), { state: 'diverged' })
  t.true((await backups(tablet)).some((bytes) => bytes.equals(before)))
  t.is((await readTranscript(tablet)).length > 0, true)
  await tablet.run(['undo'])
  t.true((await readTranscript(tablet)).equals(before))
})

/** Two machines with keys of their own. */
async function strangers(t: ExecutionContext) {
  const sandbox = await makeSandbox(t)
  const remote = await sandbox.bareRemote()
  const sit = async (name: string) => {
    const machine = await sandbox.machine(name)
    const seat = seatAt(machine, await checkout(machine, remote, `${name}-work`))
    await seat.run(['init'])
    return seat
  }
  return { laptop: await sit('laptop'), desktop: await sit('desktop'), remote }
}

/** `type base64`, without the comment. */
async function keyOf(seat: Seat): Promise<string> {
  const shown = await seat.run(['key', 'show'])
  return String(shown['publicKey']).split(' ').slice(0, 2).join(' ')
}

const deviceOf = async (seat: Seat) => String((await seat.run(['key', 'show']))['device'])

/** Whose key signed each commit of a chain, newest first, as git itself sees it. */
async function signersOf(seat: Seat, remote: string, chain: string): Promise<readonly string[]> {
  const file = path.join(seat.machine.folder, 'allowed')
  const other = path.join(
    path.dirname(seat.machine.folder),
    'desktop/home/.config/git-teleport/id_ed25519.pub',
  )
  const own = path.join(seat.machine.home, '.config/git-teleport/id_ed25519.pub')
  const line = async (name: string, key: string) => `${name} namespaces="git" ${await readFile(key, 'utf8')}`
  await writeFile(file, (await line('laptop', own)) + (await line('desktop', other)))
  const settings = ['-c', 'gpg.format=ssh', '-c', `gpg.ssh.allowedSignersFile=${file}`]
  const log = await seat.machine.git(remote, ...settings, 'log', '--format=%G? %GS', chain)
  return log.split('\n').map((row) => row.replace(/^G /, ''))
}
