/** Every verb on one small world: its JSON, its manners, and what is left when the tool is removed. */

import { appendFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { writeSession } from '../../src/demo/write-session.ts'
import { parseSessionId } from '../../src/model.ts'
import { type Told, teleport, teleported } from '../support/in-process.ts'
import { dig, isRecord, recordsIn, stringAt } from '../support/json.ts'
import { checkout, type Machine, makeSandbox } from '../support/sandbox.ts'
import { snapshotRepo } from '../support/snapshot-repo.ts'

const session = parseSessionId('5b1e3f2a-91c4-4d6f-9a37-0123456789ab')

async function twoMachines(t: ExecutionContext) {
  const sandbox = await makeSandbox(t)
  const remote = await sandbox.bareRemote()
  const [laptop, desktop] = await Promise.all([sandbox.machine('laptop'), sandbox.machine('desktop')])
  const here = await checkout(laptop, remote, 'app')
  const there = await checkout(desktop, remote, 'app')
  return { sandbox, remote, laptop, desktop, here, there }
}

function tell(machine: Machine, root: string) {
  const { home, config } = machine
  return writeSession({
    session,
    seed: 'verbs',
    bytes: 8_000,
    startTime: Date.now() - 3_600_000,
    home,
    config,
    root,
  })
}

async function bothTrusted({
  laptop,
  desktop,
  here,
  there,
}: Awaited<ReturnType<typeof twoMachines>>): Promise<void> {
  const theirs = await teleported(desktop, ['init', '--json'], { cwd: there })
  await teleported(laptop, ['init'], { cwd: here })
  const line = stringAt(theirs.json(), 'publicKey') ?? ''
  await teleported(laptop, ['key', 'trust', '--yes', line], { cwd: here })
  const ours = await teleported(laptop, ['key', 'show', '--json'], { cwd: here })
  await teleported(
    desktop,
    ['key', 'trust', '--yes', ...(stringAt(ours.json(), 'publicKey') ?? '').split(' ')],
    { cwd: there },
  )
}

/** The members of every verb's answer. Other programs rely on those of push, pull and list; more may come. */
const members = {
  push: 'bytesAdded bytesSent changes commit expires files holder readableBy recipients redactions ref remote segments seq session state title',
  'push --all': 'sessions',
  pull: 'code codeCommit commit dropped dryRun expires files from install pushedAt relocated resume run seq session signer state tier title transcript writers',
  list: 'sessions',
  'list sessions':
    'author branch commits device expires holder host live messages onRemote own seq session sizeBytes state title updated',
  show: 'changes client codeCommits commit conversation expires files from messages pushedAt readers segments seq session signedBy sizeBytes title',
  status: 'auto automation device remote sessions storeBytes',
  auto: 'movedFrom on readableBy redacted remote since waiting',
  'hook install': 'auto dryRun folder hooks kind',
  'hook status': 'auto failures hooks installed nextTry problem unsent',
  'hook uninstall': 'dryRun removed',
  config: 'settings',
  ps: 'runs',
  'ps --prune': 'cleared dryRun kept',
  scan: 'counts files places session sizeBytes title',
  fetch: 'sessions',
  rm: 'ref session title',
  undo: 'deleted restored session',
  export: 'files output session sizeBytes title',
  import: 'dropped dryRun files install resume session state tier title',
  doctor: 'findings',
  prune: 'bytesAfter bytesBefore dryRun localCopies sessions tombstones unreadable',
  audit: 'events findings pulls',
  rewrap: 'dryRun sessions',
  expire: 'dryRun sessions',
  'key show': 'device others path publicKey',
  'key trust': 'added device',
  init: 'device join letIn made others path plugin publicKey',
  uninstall: 'kept removed',
} as const

/** One document on stdout, of version 1, with exactly these members, and nothing else. */
function answers(t: ExecutionContext, verb: keyof typeof members, told: Told): unknown {
  t.is(told.stdout.split('\n').length, 2, 'one line')
  const document: unknown = JSON.parse(told.stdout)
  t.is(dig(document, 'version'), 1)
  t.deepEqual(
    namesOf(document).filter((name) => name !== 'version'),
    members[verb].split(' '),
    verb,
  )
  return document
}

function namesOf(value: unknown): readonly string[] {
  return isRecord(value) ? Object.keys(value).sort() : []
}

test('every verb answers --json with one document of version 1', async (t) => {
  const world = await twoMachines(t)
  const { laptop, desktop, here, there } = world
  await bothTrusted(world)
  await tell(laptop, here)
  const on = async (machine: Machine, verb: keyof typeof members, ...argv: readonly string[]) => {
    const words = verb.split(' ')
    const told = await teleport(machine, [...words, '--json', ...argv], {
      cwd: machine === laptop ? here : there,
    })
    t.is(told.exitCode, 0, `${verb}: ${told.stderr}`)
    return answers(t, verb, told)
  }
  await on(laptop, 'init')
  await on(laptop, 'push')
  const all = await on(laptop, 'push --all')
  t.deepEqual(namesOf(recordsIn(dig(all, 'sessions'))[0]), members.push.split(' '))
  const pulled = await on(desktop, 'pull', session)
  t.deepEqual(namesOf(dig(pulled, 'from')), ['device', 'host', 'principal'])
  t.true(recordsIn(dig(pulled, 'relocated')).every((pair) => namesOf(pair).join() === 'from,to'))
  t.deepEqual(dig(pulled, 'resume'), ['claude', '--resume', session])
  const listed = await on(desktop, 'list')
  t.deepEqual(namesOf(recordsIn(dig(listed, 'sessions'))[0]), members['list sessions'].split(' '))
  await on(desktop, 'show', session)
  await on(desktop, 'status')
  await on(desktop, 'scan')
  await on(desktop, 'hook install')
  await on(desktop, 'hook status')
  await on(desktop, 'hook uninstall')
  await on(desktop, 'auto')
  await on(desktop, 'auto', 'origin')
  await on(desktop, 'auto', 'off')
  await on(desktop, 'config')
  await on(desktop, 'ps')
  await on(desktop, 'ps --prune')
  await on(desktop, 'fetch')
  await on(desktop, 'doctor')
  await on(desktop, 'prune')
  await on(desktop, 'audit')
  await on(laptop, 'rewrap', '--all')
  await on(laptop, 'expire', '--mine', '--dry-run')
  await on(desktop, 'undo')
  await on(laptop, 'export', '--output', 'a.tar.gz')
  t.is((await stat(path.join(here, 'a.tar.gz'))).mode & 0o777, 0o600)
  await desktop.run('cp', [path.join(here, 'a.tar.gz'), there])
  await on(desktop, 'import', 'a.tar.gz')
  await on(desktop, 'key show')
  await on(desktop, 'rm', session, '--yes')
  await on(desktop, 'uninstall', '--yes')
})

test('the first init makes a key, the second keeps it, and what key show prints lets it in elsewhere', async (t) => {
  const { laptop, desktop, here, there } = await twoMachines(t)
  const first = await teleported(laptop, ['init', '--json'], { cwd: here })
  t.like(first.json(), { made: true, path: path.join(laptop.home, '.config/git-teleport/id_ed25519') })
  const file = stringAt(first.json(), 'path') ?? ''
  t.is((await stat(file)).mode & 0o777, 0o600)
  const key = await readFile(file, 'utf8')
  t.like((await teleported(laptop, ['init', '--json'], { cwd: here })).json(), {
    made: false,
    device: stringAt(first.json(), 'device'),
  })
  t.is(await readFile(file, 'utf8'), key)
  await teleported(desktop, ['init'], { cwd: there })
  const shown = await teleported(laptop, ['key', 'show'], { cwd: here })
  const [, line = ''] = /^key {6}(.+)$/m.exec(shown.stdout) ?? []
  const trusted = await teleported(desktop, ['key', 'trust', '--yes', '--json', line], { cwd: there })
  answers(t, 'key trust', trusted)
  t.like(trusted.json(), { added: true, device: stringAt(first.json(), 'device') })
  t.like((await teleported(desktop, ['key', 'trust', '--yes', '--json', line], { cwd: there })).json(), {
    added: false,
  })
  t.regex(
    (await teleported(desktop, ['key'], { cwd: there })).stdout,
    /^other {4}[a-z2-7]{26} {2}ssh-ed25519 /m,
  )
})

test('init --key takes an existing ed25519 or RSA key, and that key opens what it sent', async (t) => {
  const world = await twoMachines(t)
  const { laptop, desktop, here, there } = world
  const keys = { ed25519: ['-t', 'ed25519'], rsa: ['-t', 'rsa', '-b', '2048'], ecdsa: ['-t', 'ecdsa'] }
  for (const [name, type] of Object.entries(keys))
    await laptop.run('ssh-keygen', ['-q', ...type, '-N', '', '-f', `id ${name}`], { cwd: laptop.home })
  await tell(laptop, here)
  for (const name of ['ed25519', 'rsa']) {
    const chosen = await teleported(laptop, ['init', '--key', `../id ${name}`, '--json'], { cwd: here })
    t.like(chosen.json(), { made: false, path: path.join(laptop.home, `id ${name}`) })
    t.is(await laptop.git(here, 'config', '--global', 'teleport.key'), path.join(laptop.home, `id ${name}`))
    await teleported(laptop, ['push', '--force'], { cwd: here })
    const carried = path.join(desktop.home, name)
    await desktop.run('install', ['-m', '600', path.join(laptop.home, `id ${name}`), carried])
    await teleported(desktop, ['init', '--key', carried], { cwd: there })
    const pulled = await teleported(desktop, ['pull', '--force', '--json'], { cwd: there })
    t.like(pulled.json(), { session, tier: 'exact', from: { device: stringAt(chosen.json(), 'device') } })
  }
  const ecdsa = await teleport(laptop, ['init', '--key', '../id ecdsa', '--json'], { cwd: here })
  t.is(ecdsa.exitCode, 4)
  t.is(dig(ecdsa.json(), 'error', 'code'), 'bad-key')
  const none = await teleport(laptop, ['init', '--key', 'nothing', '--json'], { cwd: here })
  t.is(dig(none.json(), 'error', 'code'), 'no-key')
  t.is(await laptop.git(here, 'config', '--global', 'teleport.key'), path.join(laptop.home, 'id rsa'))
})

test('a title sends nothing to the terminal, whatever verb shows it', async (t) => {
  const world = await twoMachines(t)
  const { laptop, desktop, here, there } = world
  await bothTrusted(world)
  const { transcript } = await tell(laptop, here)
  const customTitle = 'Evil \u001b[31mred \u001b]0;owned\u0007\u009b1m \u202etfel\u2066 end'
  await appendFile(
    transcript,
    `${JSON.stringify({ type: 'custom-title', customTitle, sessionId: session })}\n`,
  )
  const text = JSON.stringify({ role: 'user', content: `A prompt \u001b[2J \u202e${'\u0007'} done` })
  await appendFile(
    transcript,
    `{"type":"user","uuid":"${session}","parentUuid":null,"sessionId":"${session}","cwd":${JSON.stringify(here)},"timestamp":"2026-11-20T12:00:00.000Z","message":${text}}\n`,
  )
  const told = [
    await teleported(laptop, ['push', '--dry-run'], { cwd: here }),
    await teleported(laptop, ['push'], { cwd: here }),
    await teleported(laptop, ['status'], { cwd: here }),
    await teleported(desktop, ['list'], { cwd: there }),
    await teleported(desktop, ['pull', session, '--dry-run'], { cwd: there }),
    await teleported(desktop, ['pull', session], { cwd: there }),
    await teleported(desktop, ['show', session, '--full'], { cwd: there }),
    await teleported(desktop, ['completion', '--sessions'], { cwd: there }),
    await teleport(desktop, ['rm', session], { cwd: there }),
  ]
  for (const { stdout, stderr } of told) {
    t.regex(stdout + stderr, /Evil red/)
    t.notRegex(
      stdout.replaceAll('\t', '') + stderr,
      /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/,
    )
  }
  t.regex(told[6]?.stdout ?? '', /A prompt .*done/)
})

test('--quiet leaves only the result, and nothing is said on stderr when all is well', async (t) => {
  const world = await twoMachines(t)
  const { laptop, here } = world
  await bothTrusted(world)
  await tell(laptop, here)
  const pushed = await teleported(laptop, ['push', '--quiet'], { cwd: here })
  t.is(pushed.stderr, '')
  t.regex(pushed.stdout, /\n\n {2}git teleport pull 5b1e3f2a\n$/)
  const empty = await teleported(laptop, ['list', '--remote', 'origin', '--offline'], { cwd: here })
  t.is(empty.stdout.split('\n').length, 3)
  await teleported(laptop, ['rm', session, '--yes', '--quiet'], { cwd: here })
  const loud = await teleported(laptop, ['list'], { cwd: here })
  t.is(loud.stdout, '')
  t.regex(loud.stderr, /no sessions here yet: git teleport push sends one/)
  const quiet = await teleported(laptop, ['list', '--quiet'], { cwd: here })
  t.is(quiet.stdout + quiet.stderr, '')
})

test('doctor names every trouble and the command that mends it', async (t) => {
  const { laptop, here, sandbox } = await twoMachines(t)
  const findings = async (cwd: string, env: Record<string, string> = {}) => {
    const told = await teleport(laptop, ['doctor', '--json'], { cwd, env })
    return {
      exitCode: told.exitCode,
      found: new Map(recordsIn(dig(told.json(), 'findings')).map((each) => [each['name'], each])),
    }
  }
  const fresh = await findings(here)
  t.is(fresh.exitCode, 1)
  t.like(fresh.found.get('device key'), { level: 'problem', hint: 'git teleport init' })
  t.like(fresh.found.get('remote'), { level: 'ok' })
  await teleported(laptop, ['init'], { cwd: here })
  t.is((await findings(here)).exitCode, 0)
  const outside = await findings(laptop.home)
  t.like(outside.found.get('repository'), {
    level: 'problem',
    hint: 'cd into your project and run the command again',
  })
  await laptop.git(here, 'remote', 'set-url', 'origin', '/nowhere.git')
  t.like((await findings(here)).found.get('remote'), { level: 'problem', hint: 'git ls-remote origin HEAD' })
  await laptop.git(here, 'remote', 'remove', 'origin')
  t.like((await findings(here)).found.get('repository'), {
    level: 'problem',
    hint: 'git remote add origin <url>',
  })
  await laptop.run('chmod', ['644', '.config/git-teleport/id_ed25519'])
  t.like((await findings(here)).found.get('device key'), {
    level: 'problem',
    hint: `chmod 600 '${laptop.home}/.config/git-teleport/id_ed25519'`,
  })
  const old = path.join(sandbox.folder, 'old-git')
  await mkdir(old)
  await writeFile(path.join(old, 'git'), '#!/bin/sh\necho git version 2.20.1\n', { mode: 0o755 })
  const outdated = await findings(here, { PATH: old })
  t.like(outdated.found.get('git'), { level: 'problem', detail: 'git 2.20 is too old' })
  const text = await teleport(laptop, ['doctor'], { cwd: here })
  t.is(text.exitCode, 1)
  t.regex(text.stdout, /^FAIL {2}repository .*\n +→ git remote add origin <url>$/m)
  t.is(text.stderr, '')
})

test('uninstall asks, names everything, and leaves no trace but sessions and what was pushed', async (t) => {
  const { laptop, here, remote } = await twoMachines(t)
  const repository = await snapshotRepo(path.join(here, '.git'))
  const before = await traces(laptop)
  await tell(laptop, here)
  const second = await checkout(laptop, remote, 'second')
  await teleported(laptop, ['init', '--key', await ownKey(laptop)], { cwd: here })
  await teleported(laptop, ['push'], { cwd: here })
  await teleported(laptop, ['list'], { cwd: second })
  const cache = path.join(laptop.home, '.cache/git-teleport/node')
  await mkdir(cache, { recursive: true })
  await writeFile(path.join(cache, 'compiled'), 'x')
  await teleported(laptop, ['key', 'trust', '--yes', await readFile(`${await ownKey(laptop)}.pub`, 'utf8')], {
    cwd: here,
  })

  const asked = await teleport(laptop, ['uninstall', '--json'], { cwd: here })
  t.is(asked.exitCode, 2)
  t.is(dig(asked.json(), 'error', 'code'), 'needs-confirmation')
  const question = stringAt(asked.json(), 'error', 'message') ?? ''
  for (const folder of [here, second]) t.true(question.includes(path.join(folder, '.git/teleport')), question)
  t.true(question.includes(path.join(laptop.home, '.cache/git-teleport')))

  const kept = await teleported(laptop, ['uninstall', '--keep-key', '--yes', '--json'], { cwd: here })
  t.true(Array.isArray(dig(kept.json(), 'kept')))
  t.is(await laptop.git(here, 'config', '--global', 'teleport.key'), await ownKey(laptop))
  t.deepEqual(await readdir(path.join(laptop.home, '.cache')), [])
  for (const folder of [here, second])
    t.false((await readdir(path.join(folder, '.git'))).includes('teleport'))

  await teleported(laptop, ['uninstall', '--yes'], { cwd: laptop.home })
  t.deepEqual(await traces(laptop), before)
  t.deepEqual(await snapshotRepo(path.join(here, '.git')), repository)
  t.true((await readFile(await ownKey(laptop), 'utf8')).includes('PRIVATE KEY'), "the user's own key stays")
  t.not(await laptop.git(here, 'ls-remote', 'origin', 'refs/teleport/sessions/*'), '')
})

async function ownKey(machine: Machine): Promise<string> {
  const file = path.join(machine.home, 'my_key')
  if (!(await readdir(machine.home)).includes('my_key'))
    await machine.run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file])
  return file
}

/** Files of a home that are neither Claude Code's nor in a checkout, nor the test's own; settings by content. */
async function traces(machine: Machine): Promise<readonly string[]> {
  const names = await readdir(machine.home, { recursive: true })
  const foreign = names.filter(
    (name) => !/^(?:app|second|my_key|\.claude\/(?!\.git-teleport))|^\.(?:cache|config|claude)$/.test(name),
  )
  return [...foreign.sort(), await machine.git(machine.home, 'config', '--global', '--list')]
}
