/** `teleport.auto=push`: what a worker sends in the background, with a clock of the test's own and a remote that fails. */

import { appendFile, readdir, readFile, rename, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { parseSessionRecord } from '../../src/bundle/state-record.ts'
import { runWorker } from '../../src/core/hook-worker.ts'
import { runGit } from '../../src/git-store/git.ts'
import type { CommitLink } from '../../src/model.ts'
import { installAs } from '../journeys/hook-travel.ts'
import { type Home, makeHome, type Seat, session, tell } from '../journeys/seat.ts'
import { teleport, worldOf } from '../support/in-process.ts'
import { parseJson, recordsIn } from '../support/json.ts'
import { must } from '../support/sandbox.ts'

const commitCount = 1000
const batch = 60

test('a thousand commits, a remote that comes and goes: every link arrives once', async (t) => {
  const home = await makeHome(t)
  const seat = await home.sit('laptop')
  await tell(seat, { bytes: 20_000 })
  await installAs(seat, 'files')
  await seat.run(['config', 'auto', 'push'])
  const clock = makeClock()
  const commits = await importCommits(seat)
  let made = 0
  const commitSome = async () => {
    const next = commits.slice(made, made + batch)
    made += next.length
    if (next.length > 0) await commitAll(seat, next, clock.now())
  }

  // Each wait of the worker is a piece of the user's day.
  let round = 0
  let ended = new AbortController()
  const wait = async (ms: number) => {
    clock.pass(ms)
    round += 1
    await commitSome()
    if (round === 2) await away(home)
    if (round === 4) t.is(await secondWorker(seat, clock), 0, 'one worker at a time')
    if (round === 5) ended.abort()
    if (round === 6) await back(home)
    if (round === 10) await userPushes(t, seat)
  }
  await commitSome()
  await runWorker(worldOf(seat.machine, { cwd: seat.top, now: clock.date, signal: ended.signal }), { wait })
  t.is(round, 5, 'it ends with the machine')
  t.true((await remembered(seat)).length < commitCount)

  const told = await status(seat, clock)
  t.regex(told.stderr, /sending in the background failed at .*: git cannot reach the remote origin/)
  t.true(told.failures > 0)
  t.notRegex((await status(seat, clock)).stderr, /failed/, 'told once')

  ended = new AbortController()
  while (made < commitCount || (await status(seat, clock)).unsent > 0) {
    await runWorker(worldOf(seat.machine, { cwd: seat.top, now: clock.date, signal: ended.signal }), { wait })
    if (round > 40) throw new Error('it never ends')
    await wait(60_000)
  }
  const counts = new Map<string, number>()
  for (const { commit } of await remembered(seat)) counts.set(commit, (counts.get(commit) ?? 0) + 1)
  t.deepEqual([...counts.keys()].sort(), commits.toSorted())
  t.deepEqual(new Set(counts.values()), new Set([1]))
  await atMostOneAMinute(t, home)
  await userPushes(t, seat)
  t.deepEqual(await waiting(seat), [], 'the queue is empty')
})

test('what needs a person ends the attempt, is told at the next command, and is tried at the next commit', async (t) => {
  const home = await makeHome(t)
  const seat = await home.sit('laptop')
  await tell(seat, { bytes: 4000 })
  await installAs(seat, 'files')
  await seat.run(['config', 'auto', 'push'])
  const clock = makeClock()
  const hook = path.join(home.remote, 'hooks/pre-receive')
  await writeFile(hook, '#!/bin/sh\necho no room >&2\nexit 1\n', { mode: 0o755 })
  const [first = '', second = ''] = await importCommits(seat)
  await commitAll(seat, [first], clock.now())
  const work = () =>
    runWorker(worldOf(seat.machine, { cwd: seat.top, now: clock.date }), {
      wait: async (ms) => clock.pass(ms),
    })
  clock.pass(5000)
  await work()
  t.regex((await status(seat, clock)).stderr, /refused the update.*no room/)
  await rename(hook, `${hook}.off`)
  await commitAll(seat, [second], clock.now())
  await work()
  t.deepEqual(
    (await remembered(seat)).map(({ commit }) => String(commit)),
    [first, second],
  )
  const off = await status(seat, clock)
  t.is(off.stderr, '')
  t.is(off.unsent, 0)

  await seat.run(['config', 'auto', 'attach'])
  await commitAll(seat, [first], clock.now())
  await work()
  t.is((await waiting(seat)).length, 1, 'a worker of an older setting touches nothing')
  await seat.run(['config', 'auto', 'off'])
  await status(seat, clock)
  t.deepEqual(await waiting(seat), [], 'what is not wanted is not kept')
})

test('a remote with a thousand sessions gets none by itself, but gets what somebody sends', async (t) => {
  const home = await makeHome(t)
  const seat = await home.sit('laptop')
  await tell(seat, { bytes: 4000 })
  await installAs(seat, 'files')
  await seat.run(['config', 'auto', 'push'])
  const clock = makeClock()
  const [first = '', second = ''] = await importCommits(seat)
  await commitAll(seat, [first], clock.now())
  const main = await seat.machine.git(home.remote, 'rev-parse', 'main')
  const others = Array.from({ length: 1000 }, (_, at) => `${String(at).padStart(8, '0')}${session.slice(8)}`)
  const edit = (lines: readonly string[]) =>
    seat.machine
      .run('git', ['update-ref', '--stdin'], { cwd: home.remote, stdin: `${lines.join('\n')}\n` })
      .then((ran) => must(ran, 'update-ref'))
  await edit(others.map((id) => `create refs/teleport/sessions/${id} ${main}`))
  const work = async () => {
    clock.pass(120_000)
    const wait = async (ms: number) => clock.pass(ms)
    await runWorker(worldOf(seat.machine, { cwd: seat.top, now: clock.date }), { wait })
    return status(seat, clock)
  }
  const stopped = await work()
  t.is(stopped.unsent, 1)
  t.regex(
    stopped.stderr,
    /origin has 1000 sessions, and from 1000 on nothing is sent by itself; try: git tele/,
  )
  t.deepEqual(await remembered(seat), [])
  t.like(await seat.run(['push']), { state: 'pushed' })
  t.is((await status(seat, clock)).unsent, 0)

  await commitAll(seat, [second], clock.now())
  t.is((await work()).unsent, 1, 'its own one counts too')
  await edit(others.slice(0, 2).map((id) => `delete refs/teleport/sessions/${id}`))
  t.is((await work()).unsent, 0)
  t.is((await remembered(seat)).length, 2)
})

test('doctor says of hooks whether they are there, whole, and what waits', async (t) => {
  const home = await makeHome(t)
  const seat = await home.sit('laptop')
  const hooks = async () =>
    recordsIn((await seat.run(['doctor']))['findings']).find((each) => each['name'] === 'hooks')
  const absent = 'not installed: commits are tied to sessions only when they are pushed'
  t.like(await hooks(), { level: 'ok', detail: absent, hint: null })
  await tell(seat, { bytes: 4000 })
  await installAs(seat, 'files')
  const none = 'installed, teleport.auto is attach, links not sent yet: 0'
  t.like(await hooks(), { level: 'ok', detail: none, hint: null })
  const [first = ''] = await importCommits(seat)
  await commitAll(seat, [first], Date.now())
  await seat.run(['hook', 'status'])
  t.like(await hooks(), { detail: 'installed, teleport.auto is attach, links not sent yet: 1' })
  const partly = {
    level: 'warning',
    detail: 'another tool has overwritten some, or they are of another version',
    hint: 'git teleport hook install',
  }
  await writeFile(path.join(seat.top, '.git/hooks/pre-push'), '#!/bin/sh\n', { mode: 0o755 })
  t.like(await hooks(), partly)
  await installAs(seat, 'files')
  t.like(await hooks(), { level: 'ok' })
  await appendFile(path.join(seat.top, '.git/teleport/hooks/post-commit'), '# older\n')
  t.like(await hooks(), partly)
})

test('a commit starts one worker, detached, and only where the setting says so', async (t) => {
  const home = await makeHome(t)
  const seat = await home.sit('laptop')
  await seat.run(['hook', 'install'])
  const bin = path.join(seat.machine.folder, 'bin')
  await must(await seat.machine.run('mkdir', [bin]), 'mkdir')
  // Says with what it was started, and holds nobody up: it ends when this file is read.
  const fifo = path.join(seat.machine.folder, 'started')
  must(await seat.machine.run('mkfifo', [fifo]), 'mkfifo')
  const program = `#!/bin/sh
fds=$(for fd in 0 1 2; do readlink /proc/$$/fd/$fd; done)
echo "$fds $*" >"${fifo}"
`
  await writeFile(path.join(bin, 'git-teleport'), program, { mode: 0o755 })
  const env = { PATH: `${bin}:${seat.machine.env['PATH']}` }
  const commit = async (more: Record<string, string> = {}) =>
    must(
      await seat.machine.run('git', ['commit', '--quiet', '--allow-empty', '--message', 'x'], {
        cwd: seat.top,
        env: { ...env, ...more },
      }),
      'git commit',
    )
  await commit()
  await commit({ CI: 'true' })
  t.is((await waiting(seat)).length, 1, 'nothing in CI')
  await seat.machine.git(seat.top, 'config', 'teleport.auto', 'push')
  const { stdout, stderr } = await commit()
  t.is(stdout + stderr, '')
  t.is(await readFile(fifo, 'utf8'), '/dev/null\n/dev/null\n/dev/null hook run\n')
})

interface Clock {
  readonly now: () => number
  readonly date: () => Date
  pass(ms: number): void
}

/** After the last row of every told session. */
function makeClock(): Clock {
  let now = Date.UTC(2026, 10, 25, 9)
  return { now: () => now, date: () => new Date(now), pass: (ms) => (now += ms) }
}

/** Commits as a person would make them, without the time that takes; the branch stays where it is. */
async function importCommits(seat: Seat): Promise<readonly string[]> {
  const lines: string[] = []
  for (let at = 1; at <= commitCount; at += 1) {
    const parent = at === 1 ? 'from refs/heads/main^0\n' : ''
    const message = `change ${at}`
    lines.push(
      `commit refs/heads/made\nmark :${at}\ncommitter me <me@example.org> ${1_795_000_000 + at} +0000\n`,
      `data ${message.length}\n${message}\n${parent}M 100644 inline file\ndata ${message.length}\n${message}\n`,
    )
  }
  const context = { cwd: seat.top, environment: seat.machine.env }
  const answer = await runGit(context, ['fast-import', '--quiet'], lines.join(''))
  if (answer.exitCode !== 0) throw new Error(answer.stderr)
  return (await seat.machine.git(seat.top, 'rev-list', '--reverse', 'main..made')).split('\n')
}

/** Moves the branch over each commit and runs the hook there, all within one shell. */
async function commitAll(seat: Seat, commits: readonly string[], nowMs: number): Promise<void> {
  const store = path.join(seat.top, '.git/teleport')
  // As the hook leaves it where the setting is `attach`: the test is the worker, and no other shall start.
  await writeFile(path.join(store, 'hooks/auto'), 'attach\n')
  const script = `while read -r next; do
    echo "$next" >.git/refs/heads/main; sh .git/hooks/post-commit </dev/null || exit 1
  done`
  const options = {
    cwd: seat.top,
    env: { CLAUDE_CODE_SESSION_ID: session },
    stdin: `${commits.join('\n')}\n`,
  }
  must(await seat.machine.run('sh', ['-c', script], options), 'the hook')
  const time = new Date(nowMs)
  for (const name of await waiting(seat)) {
    if (commits.some((commit) => name.startsWith(commit)))
      await utimes(path.join(store, 'queue', name), time, time)
  }
}

const away = (home: Home) => rename(home.remote, `${home.remote}.away`)
const back = (home: Home) => rename(`${home.remote}.away`, home.remote)

/** How often a worker that starts beside another one waits. */
async function secondWorker(seat: Seat, clock: Clock): Promise<number> {
  let waits = 0
  await runWorker(worldOf(seat.machine, { cwd: seat.top, now: clock.date }), {
    wait: async () => {
      waits += 1
    },
  })
  return waits
}

/** The user's own push, with our hook in it: it says and does what it would without. */
async function userPushes(t: ExecutionContext, seat: Seat): Promise<void> {
  const args = ['push', '--quiet', '--force', 'origin', 'HEAD:refs/heads/theirs']
  const ran = await seat.machine.run('git', args, { cwd: seat.top })
  t.deepEqual([ran.exitCode, ran.stdout, ran.stderr], [0, '', ''])
  const there = await seat.machine.git(seat.top, 'ls-remote', 'origin', 'refs/heads/theirs')
  t.is(there.split('\t')[0], await seat.machine.git(seat.top, 'rev-parse', 'HEAD'))
}

async function waiting(seat: Seat): Promise<readonly string[]> {
  return readdir(path.join(seat.top, '.git/teleport/queue'))
}

/** The links of the manifest that this machine sent last. */
async function remembered(seat: Seat): Promise<readonly CommitLink[]> {
  const states = path.join(seat.top, '.git/teleport/state')
  const [remote = ''] = await readdir(states).catch(() => [])
  const file = path.join(states, remote, `${session}.json`)
  const text = await readFile(file, 'utf8').catch(() => undefined)
  if (text === undefined) return []
  return parseSessionRecord(parseJson(text)).current?.manifest.links ?? []
}

async function status(seat: Seat, clock: Clock) {
  const told = await teleport(seat.machine, ['status', '--json'], { cwd: seat.top, now: clock.date })
  const automation: unknown = Object(parseJson(told.stdout))['automation']
  const count = (key: string) => Number(Object(automation)[key])
  return { stderr: told.stderr, failures: count('failures'), unsent: count('unsent') }
}

async function atMostOneAMinute(t: ExecutionContext, home: Home): Promise<void> {
  const ref = `refs/teleport/sessions/${session}`
  const context = { cwd: home.remote, environment: { PATH: process.env['PATH'] ?? '' } }
  const answer = await runGit(context, ['log', '--format=%ct', ref])
  const times = answer.stdout.toString().trim().split('\n').map(Number).reverse()
  t.true(times.length > 4, `${times.length} pushes`)
  for (const [at, time] of times.entries()) {
    if (at > 0)
      t.true(time - (times[at - 1] ?? 0) >= 60, `push ${at} came after ${time - (times[at - 1] ?? 0)} s`)
  }
}
