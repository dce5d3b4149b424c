/** `to` and `from`: over a real sshd, into a stand-in for a container, to another checkout of this machine. */

import { access, mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import { remoteArguments, remoteLine } from '../../src/git-store/shell-words.ts'
import { digest, goOn, neutral, type Seat, seatAt, session, tell, transcriptOf } from '../journeys/seat.ts'
import { cli, cliDone } from '../support/cli.ts'
import { teleport, teleported } from '../support/in-process.ts'
import { dig, parseRows, recordsIn, stringAt } from '../support/json.ts'
import { makeSandbox } from '../support/sandbox.ts'
import { startSshRemote } from '../support/sshd.ts'
import { needTool } from '../support/tools.ts'
import { addProgram, placeAt, standInForDocker } from './places.ts'

test('a session goes over ssh to another machine, goes on there, and comes back', async (t) => {
  if (!needTool(t, 'sshd') || !needTool(t, 'ssh')) return
  const sandbox = await makeSandbox(t)
  const remote = await sandbox.bareRemote()
  const laptop = await placeAt(sandbox, 'laptop', remote, 'code/app')
  const server = await placeAt(sandbox, 'server', remote, "Work/ada's 100% app", { key: false })
  const host = await startSshRemote(sandbox)
  t.teardown(host.close)
  await host.letIn(laptop.machine, server.machine)
  await goesAndComesBack(t, laptop, server, host.url(server.top))
})

test('a session goes into a container and comes back (a stand-in for docker, no engine)', async (t) => {
  const sandbox = await makeSandbox(t)
  const remote = await sandbox.bareRemote()
  const laptop = await placeAt(sandbox, 'laptop', remote, 'code/app')
  const inside = await placeAt(sandbox, 'inside', remote, 'work spaces/app 50%', { key: false })
  await standInForDocker(laptop.machine, 'orchard-dev', inside.machine)
  const target = `docker://orchard-dev${inside.top}`
  const { sent, tale, told } = await goesAndComesBack(t, laptop, inside, target)
  t.is(stringAt(sent, 'resume'), `docker exec -it -w '${inside.top}' orchard-dev claude --resume ${session}`)
  await goOn(tale, laptop)
  t.like(await laptop.run(['to', target]), { state: 'fast-forward' })
  t.is(await told(inside), await told(laptop))
})

test('the project’s remote carries a session to a target and back, and --resume starts claude there', async (t) => {
  const sandbox = await makeSandbox(t)
  const remote = await sandbox.bareRemote()
  const here = await placeAt(sandbox, 'laptop', remote, 'code/app')
  const inside = await placeAt(sandbox, 'inside', remote, 'app')
  await standInForDocker(here.machine, 'box', inside.machine)
  await addProgram(inside.machine, 'claude', 'echo "2.1.329 was given $* in $PWD"')
  const target = `docker://box${inside.top}`
  const tale = await tell(here)
  t.like(await here.run(['to', target, '--via', 'remote', '--trust']), { state: 'new', via: 'remote' })
  t.true(
    (await here.machine.git(here.top, 'ls-remote', 'origin')).includes(`refs/teleport/sessions/${session}`),
  )
  await goOn(tale, inside)
  const back = await here.run(['from', target, session, '--via', 'remote'])
  t.like(dig(back, 'pulled'), { state: 'fast-forward' })
  const box = path.join(inside.top, '.git/teleport/direct')
  t.is(await inside.machine.git(inside.top, '--git-dir', box, 'for-each-ref'), '')

  const argv = ['to', target, session, '--resume']
  const resumed = await cliDone(here.machine, argv, { cwd: here.top, tty: true })
  t.true(resumed.stdout.includes(`2.1.329 was given --resume ${session} in ${inside.top}`), resumed.stdout)
  const silent = await cli(here.machine, [...argv, '--json'], { cwd: here.top })
  t.is(stringAt(silent.json(), 'error', 'code'), 'usage')
})

/** Other programs rely on these; more may come. */
const toMembers = 'checks dryRun files openHere problem resume sent session state target version via'
const fromMembers = 'checks dryRun problem pulled target version via'

/** A digest of the transcript, told without the folders of any machine. */
async function words(seats: readonly Seat[], at: Seat): Promise<string> {
  return digest(neutral(seats, await readFile(transcriptOf(at))))
}

/** Everything of the session arrives, both ways, and nothing else on either side knows of it. */
async function goesAndComesBack(t: ExecutionContext, here: Seat, there: Seat, target: string) {
  const tale = await tell(here)
  const told = (seat: Seat) => words([here, there], seat)
  const refs = () => there.machine.git(there.top, 'for-each-ref')
  const before = await refs()
  const sent = await here.run(['to', target, '--trust'])
  t.like(sent, { session, state: 'new', via: 'direct', openHere: false })
  t.is(await told(there), await told(here))
  await goOn(tale, there)
  const back = await here.run(['from', target])
  t.deepEqual(Object.keys(sent).sort(), toMembers.split(' '))
  t.deepEqual(Object.keys(back).sort(), fromMembers.split(' '))
  t.like(dig(back, 'pulled'), { session, state: 'fast-forward', tier: 'exact' })
  t.is(await told(there), await told(here))
  t.is(await refs(), before)
  t.is(await here.machine.git(here.top, 'ls-remote', 'origin', 'refs/teleport/*'), '')
  return { sent, tale, told }
}

const rowsAt = async (at: Seat) =>
  parseRows(await readFile(transcriptOf(at), 'utf8')).map((row) => row['uuid'] ?? row['type'])

test('a session goes to a linked work tree and to another clone on the same machine, moving each time', async (t) => {
  const sandbox = await makeSandbox(t)
  const remote = await sandbox.bareRemote()
  const here = await placeAt(sandbox, 'laptop', remote, 'code/app')
  const { machine } = here
  const tree = seatAt(machine, path.join(machine.home, 'code/fix'))
  await machine.git(here.top, 'worktree', 'add', '--quiet', '--detach', tree.top)
  const clone = seatAt(machine, path.join(machine.home, 'other/app'))
  await machine.git(machine.home, 'clone', '--quiet', remote, clone.top)
  const tale = await tell(here)
  const before = await rowsAt(here)
  const liesAt = async (seat: Seat) =>
    access(transcriptOf(seat)).then(
      () => true,
      () => false,
    )
  const go = async (from: Seat, ...argv: string[]) =>
    (await cliDone(machine, [...argv, '--json'], { cwd: from.top })).json()

  t.like(await go(here, 'to', '../fix'), { session })
  t.deepEqual([await liesAt(here), await liesAt(tree)], [false, true])
  t.deepEqual(await rowsAt(tree), before)
  t.true((await readFile(transcriptOf(tree), 'utf8')).includes(`"cwd":"${tree.top}"`))
  await goOn(tale, tree)
  t.like(await go(tree, 'to', clone.top), { session })
  t.deepEqual([await liesAt(tree), await liesAt(clone)], [false, true])
  t.like(dig(await go(here, 'from', '../../other/app'), 'pulled'), { session })
  t.deepEqual([await liesAt(clone), await liesAt(here)], [false, true])
  const same = await cli(machine, ['to', '.', '--json'], { cwd: here.top })
  t.is(stringAt(same.json(), 'error', 'code'), 'usage')
})

test('a background session is started, watched and stopped in a container (a stand-in for docker)', async (t) => {
  const sandbox = await makeSandbox(t)
  const remote = await sandbox.bareRemote()
  const here = await placeAt(sandbox, 'laptop', remote, 'code/app')
  const inside = await placeAt(sandbox, 'inside', remote, 'app')
  await standInForDocker(here.machine, 'box', inside.machine)
  await addProgram(inside.machine, 'claude', `[ "$1" = --version ] && echo '2.1.329' || exec sleep 600`)
  const on = ['--on', `docker://box${inside.top}`]
  const prompt = '--json is what I call it; $(touch x) "quotes"'
  const argv = ['run', '--json', ...on, '--no-push', '--', prompt]
  const started = (await teleported(here.machine, argv, { cwd: here.top })).json()
  const id = stringAt(started, 'session') ?? ''
  t.teardown(async () => void (await here.run(['stop', ...on, id]).catch(() => undefined)))
  t.true(stringAt(started, 'worktree')?.startsWith(inside.machine.home))
  const [listed] = recordsIn((await here.run(['ps', ...on]))['runs'])
  t.like(listed, { session: id, prompt })
  const text = await teleport(here.machine, ['ps', ...on], { cwd: here.top })
  t.true(text.stdout.includes(id.slice(0, 8)), text.stdout + text.stderr)
  t.deepEqual(recordsIn((await here.run(['ps']))['runs']), [])
  t.like(await here.run(['stop', ...on, id]), { session: id })
  // The process beside it may still be writing in the sandbox.
  const stateThere = async () =>
    stringAt(recordsIn((await here.run(['ps', ...on, '--all']))['runs'])[0], 'state')
  while ((await stateThere()) !== 'stopped') await delay(100)
  await here.machine.git(here.top, 'config', 'teleport.run.allowed', 'here')
  t.like(await here.refused(['run', ...on, 'no']), { exitCode: 6, code: 'not-allowed' })
  const gone = await teleport(here.machine, ['stop', ...on, 'ffffffff'], { cwd: here.top })
  t.not(gone.exitCode, 0)
  t.regex(gone.stderr, /^at docker:\/\/box\/.*error/)
})

test('a real shell reads back every folder and argument as it was, whatever it holds', async (t) => {
  const sandbox = await makeSandbox(t)
  const machine = await sandbox.machine('laptop')
  const odd = fc.constantFrom(
    "'",
    '"',
    '`',
    '$',
    '$(touch pwned)',
    '\\',
    '\n',
    ' ',
    '*',
    '~',
    '-',
    ';',
    '&',
    '|',
    '!',
    '#',
    'é',
  )
  const word = fc.oneof(
    fc.array(odd, { minLength: 1, maxLength: 8 }).map((parts) => parts.join('')),
    fc.string({ unit: 'grapheme', maxLength: 12 }).filter((text) => !text.includes('\0')),
  )
  const lines = fc.sample(fc.array(word, { maxLength: 5 }), { numRuns: 150, seed: 7 })
  const [folder] = ["it's $(touch pwned) \\ here"]
  await mkdir(path.join(machine.home, folder))
  const script = lines
    .map((words) => `(${remoteLine(folder, ['printf', '%s\\0', ...words, '\u0001'])})`)
    .join('\n')
  const ran = await machine.run('sh', ['-s'], { stdin: script })
  const expected = lines.map((words) => [...words, '\u0001'].map((each) => `${each}\0`).join('')).join('')
  t.true(ran.stdout === expected, 'something was read otherwise')
  const listed = await machine.run('find', [machine.home, '-name', 'pwned'])
  t.is(listed.stdout + ran.stderr, '')
  const direct = remoteArguments(folder, ['printf', '%s', lines.flat().join(' ')])
  t.is((await machine.run(direct[0] ?? '', direct.slice(1))).stdout, lines.flat().join(' '))
})
