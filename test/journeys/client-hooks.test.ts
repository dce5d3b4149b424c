/** What the hooks of the Claude Code plugin do by themselves: nothing, until somebody turned it on; then nothing is lost. */

import { mkdir, readdir, readFile, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { parseSessionId } from '../../src/model.ts'
import { type InProcessOptions, teleport } from '../support/in-process.ts'
import { dig, recordsIn } from '../support/json.ts'
import { answerOf, type Event, eventually, hook, sentTo, work } from './client-hooks.ts'
import { goOn, makeHome, type Seat, session, tell } from './seat.ts'

const other = parseSessionId('6c2f4a3b-0000-4000-8000-000000000002')

/** What the hooks start is written down instead. */
async function recordStarts(seat: Seat): Promise<() => Promise<readonly string[]>> {
  const folder = path.join(seat.machine.home, '.config/git-teleport')
  const recorder = path.join(seat.machine.folder, 'recorder')
  const started = path.join(seat.machine.folder, 'started')
  await mkdir(folder, { recursive: true })
  await writeFile(recorder, `cat >/dev/null\nprintf '%s\\n' "$*" >>'${started}'\n`)
  await writeFile(path.join(folder, 'program'), `/bin/sh\n${recorder}\n`)
  return async () =>
    (await readFile(started, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '')
}

/** An event of the client, answered in this process. */
async function answered(
  seat: Seat,
  what: 'command' | 'prompt' | 'start',
  event: Event,
  more: Partial<InProcessOptions> = {},
) {
  const stdin = JSON.stringify({ session_id: session, cwd: seat.top, ...event })
  const told = await teleport(seat.machine, ['hook', 'claude', what], { cwd: seat.top, stdin, ...more })
  return answerOf({ ...told, signal: null })
}

const start = (seat: Seat, event: Event = { source: 'startup' }) => answered(seat, 'start', event)

const sending = (seat: Seat, ...parts: string[]) => path.join(seat.top, '.git/teleport/sending', ...parts)

async function namesIn(folder: string): Promise<readonly string[]> {
  return (await readdir(folder).catch(() => [])).sort()
}

test('no hook sends, notes or says anything until somebody turned it on', async (t) => {
  const home = await makeHome(t)
  const seat = await home.sit('laptop')
  await tell(seat)
  const starts = await recordStarts(seat)
  await seat.run(['push', '--remote', 'origin', '--dry-run'])
  for (const name of ['session-start', 'prompt', 'stop', 'session-end'] as const) {
    const ran = await hook(seat, name, { prompt: 'hello', source: 'startup', reason: 'prompt_input_exit' })
    t.deepEqual([ran.exitCode, ran.stdout, ran.stderr], [0, '', ''], name)
  }
  t.deepEqual(await starts(), [])
  t.deepEqual(await namesIn(sending(seat)), [])
  // A store that came with the repository says that it is on; its user does not.
  await mkdir(sending(seat, 'asked'), { recursive: true })
  await writeFile(sending(seat, 'on'), '')
  await hook(seat, 'stop')
  t.deepEqual(await namesIn(sending(seat, 'asked')), [session])
  await work(seat)
  t.deepEqual(await sentTo(seat, home.remote), [])
  t.like(await start(seat), { shown: '', blocked: false })
})

test('an agent does not turn it on; a person does, and is told where it goes and for whom', async (t) => {
  const home = await makeHome(t)
  const seat = await home.sit('laptop')
  await tell(seat)
  const refused = await seat.refused(['auto', 'origin'], { env: { CLAUDECODE: '1' } })
  t.is(refused.code, 'not-allowed')
  t.is((await seat.refused(['auto', 'elsewhere'])).code, 'no-remote')
  const on = await answered(
    seat,
    'command',
    { command_name: 'git-teleport:gtp', command_args: 'auto origin' },
    { env: { CLAUDECODE: '1' } },
  )
  t.true(on.blocked)
  t.regex(on.shown, /the conversations of this repository go to origin by themselves/)
  t.true(on.shown.includes(home.remote))
  t.regex(on.shown, /^whom {5}you /m)
  const { shown, blocked } = await start(seat)
  t.false(blocked)
  t.is(
    shown,
    `git-teleport: this conversation goes to origin (${home.remote}) after each turn, encrypted for you. Off: git teleport auto off`,
  )
  t.is((await start(seat, { source: 'compact' })).shown, '', 'said once')

  // The name leads elsewhere now, and nobody agreed to that.
  const elsewhere = await home.sandbox.bareRemote('elsewhere')
  await seat.machine.git(seat.top, 'remote', 'set-url', 'origin', elsewhere)
  await hook(seat, 'stop')
  await work(seat)
  t.deepEqual(await sentTo(seat, elsewhere), [])
  t.regex(
    (await start(seat)).shown,
    /automatic transfer waits: origin is .*elsewhere.git now, and was .*remote.git/,
  )
  await seat.run(['auto', 'off'])
  t.is((await start(seat)).shown, '')
})

test('turns are sent together, at most once a minute; an end is sent at once', async (t) => {
  const home = await makeHome(t)
  const seat = await home.sit('laptop')
  const tale = await tell(seat)
  await seat.run(['auto', 'origin'])
  const starts = await recordStarts(seat)
  for (let turn = 0; turn < 3; turn += 1) t.is(answerOf(await hook(seat, 'stop')).shown, '')
  t.deepEqual(await namesIn(sending(seat, 'asked')), [session])
  const startedBy = (count: number) =>
    eventually(`start ${count} of a worker`, async () => (await starts()).length === count)
  await startedBy(3)
  t.deepEqual(await starts(), ['hook run', 'hook run', 'hook run'])
  // One hour on, by the clock of the worker.
  const startMs = Date.now() + 3600_000
  t.is(await work(seat, { startMs }), 0, 'the first goes at once')
  t.deepEqual(await sentTo(seat, home.remote), [session])
  t.deepEqual([await namesIn(sending(seat, 'asked')), await namesIn(sending(seat, 'taken'))], [[], []])

  await mkdir(path.join(seat.top, '.git/teleport/worker'), { recursive: true })
  const running = path.join(seat.top, '.git/teleport/worker/running')
  await writeFile(running, `${process.pid}\n`)
  await goOn(tale, seat)
  await hook(seat, 'stop')
  await hook(seat, 'stop', '', { CLAUDE_CODE_SESSION_ID: session })
  t.is((await starts()).length, 3, 'a worker that runs takes it along')
  // One that was killed does not.
  await writeFile(running, '4194304\n')
  await hook(seat, 'stop')
  await startedBy(4)
  t.true((await work(seat, { startMs: startMs + 2000 })) > 50, 'it waited for the minute to pass')
  t.is(await seqOf(seat), 2)

  await goOn(tale, seat)
  await hook(seat, 'session-end', { reason: 'prompt_input_exit' })
  // Whoever runs by then may be about to leave.
  await startedBy(5)
  await workLater(seat)
  t.is(await seqOf(seat), 3)
})

/** What was asked for just now, in the time of the worker, which has waited; it goes at once or not at all. */
async function workLater(seat: Seat): Promise<void> {
  const later = new Date(Date.now() + 24 * 3600_000)
  await utimes(sending(seat, 'asked', session), later, later)
  await work(seat, { startMs: later.getTime() + 5000, mostWaits: 1 })
}

async function seqOf(seat: Seat): Promise<unknown> {
  return dig(recordsIn((await seat.run(['status']))['sessions'])[0], 'seq')
}

test('the remote is away: nothing is lost, and the next start says what waits and sends it', async (t) => {
  const home = await makeHome(t)
  const seat = await home.sit('laptop')
  await tell(seat)
  await seat.run(['auto', 'origin'])
  await recordStarts(seat)
  await rename(home.remote, `${home.remote}.away`)
  await hook(seat, 'session-end', { reason: 'prompt_input_exit' })
  await work(seat, { mostWaits: 400 })
  const waiting = await start(seat, { session_id: other, source: 'startup' })
  t.regex(waiting.shown, /1 conversation waits to be sent; at .*Z: git cannot reach the remote origin/)
  t.deepEqual(await seat.run(['auto']).then((said) => said['waiting']), [session])
  await rename(`${home.remote}.away`, home.remote)
  await workLater(seat)
  t.deepEqual(await sentTo(seat, home.remote), [session])
  t.notRegex((await start(seat)).shown, /waits/)
})

test('a client that was killed said no word: the next start asks for what it left', async (t) => {
  const home = await makeHome(t)
  const seat = await home.sit('laptop')
  await tell(seat)
  await seat.run(['auto', 'origin'])
  await recordStarts(seat)
  await start(seat)
  t.deepEqual(await namesIn(sending(seat, 'open')), [session])
  const next = await start(seat, { session_id: other, source: 'startup' })
  t.regex(next.shown, /1 conversation waits to be sent/)
  await work(seat)
  t.deepEqual(await sentTo(seat, home.remote), [session])
  // Nobody said anything in the other one.
  await hook(seat, 'session-end', { session_id: other, reason: 'other' })
  await work(seat)
  t.deepEqual([await namesIn(sending(seat, 'asked')), await namesIn(sending(seat, 'taken'))], [[], []])
  t.deepEqual(await namesIn(sending(seat, 'open')), [])
})

test('the key is gone: the next start names the command that mends it, and then it is sent', async (t) => {
  const home = await makeHome(t)
  const seat = await home.sit('laptop')
  await tell(seat)
  await seat.run(['auto', 'origin'])
  await recordStarts(seat)
  const key = path.join(seat.machine.home, '.config/git-teleport/id_ed25519')
  await rename(key, `${key}.away`)
  await hook(seat, 'stop')
  await work(seat)
  const { shown } = await start(seat, { session_id: other, source: 'startup' })
  t.regex(shown, /encrypted for nobody yet: git teleport init/)
  t.regex(shown, /1 conversation waits to be sent; at .*key.*; try: git teleport init/)
  await rename(`${key}.away`, key)
  await work(seat)
  t.deepEqual(await sentTo(seat, home.remote), [session])
})

test('a second client on a conversation is told, and so is whoever goes on with an old version', async (t) => {
  const home = await makeHome(t)
  const seat = await home.sit('laptop')
  const tale = await tell(seat)
  await seat.run(['push'])
  const register = async () => {
    await mkdir(path.join(seat.machine.config, 'sessions'), { recursive: true })
    const file = path.join(seat.machine.config, 'sessions', `${process.pid}.json`)
    await writeFile(file, JSON.stringify({ pid: process.pid, sessionId: session, cwd: seat.top }))
    return file
  }
  const file = await register()
  const mine = { env: { CLAUDE_PID: String(process.pid) } }
  const theirs = { env: { CLAUDE_PID: '1' } }
  const resumed = { source: 'resume' }
  t.is((await answered(seat, 'start', resumed, mine)).shown, '')
  t.is((await start(seat, resumed)).shown, '', 'nobody said which one it is')
  t.regex(
    (await answered(seat, 'start', resumed, theirs)).shown,
    new RegExp(`open in another client \\(process ${process.pid}\\).*--fork-session`),
  )
  await rm(file)

  const desk = await home.sit('desk')
  await desk.run(['pull', session])
  const moved = await start(desk, resumed)
  t.is(moved.shown, '')
  const commit = (await seat.machine.git(seat.top, 'rev-parse', 'HEAD')).slice(0, 12)
  t.is(
    moved.context,
    `git-teleport brought this conversation here from laptop (laptop@example.org). Earlier messages name its folders: ${seat.top} is ${desk.top} here, ${seat.machine.config} is ${desk.machine.config} here, ${seat.machine.home} is ${desk.machine.home} here. It was last sent at commit ${commit}; this checkout is at the same.`,
  )
  t.is((await start(seat, resumed)).context, '', 'it was here all the time')

  await desk.run(['auto', 'origin'])
  await recordStarts(desk)
  t.notRegex((await start(desk, resumed)).shown, /newer/, 'nobody knows yet')
  await goOn(tale, seat)
  await seat.run(['push'])
  await work(desk)
  const told = answerOf(await hook(desk, 'prompt', { prompt: 'go on' }))
  t.regex(
    told.shown,
    /a newer version of this conversation is on origin \(push 2 of laptop@example.org on laptop, .*git teleport pull 5b1e3f2a/,
  )
  t.is(answerOf(await hook(desk, 'prompt', { prompt: 'go on' })).shown, '', 'told once')
  t.regex((await start(desk, resumed)).shown, /a newer version of this conversation is on origin/)
})

test('an event that nobody should have sent does nothing', async (t) => {
  const home = await makeHome(t)
  const seat = await home.sit('laptop')
  await seat.run(['auto', 'origin'])
  const starts = await recordStarts(seat)
  const forged = `"session_id":"${other}"`
  const texts = [
    '',
    'null',
    '[]',
    '{"session_id":"../../../../../../tmp/x"}',
    '{"session_id":"$(touch planted)"}',
    `{"session_id":"${session}x"}`,
    `{"session_id":{"a":1},"prompt":"x"}`,
    `{"session_id":"${'a/'.repeat(18)}"}`,
    `{"prompt":${JSON.stringify(`"session_id":"${other}"`)}}`,
  ]
  for (const text of texts) {
    for (const name of ['session-start', 'prompt', 'stop', 'session-end'] as const) {
      const ran = await hook(seat, name, text)
      t.deepEqual([ran.exitCode, ran.stdout, ran.stderr], [0, '', ''], `${name} ${text}`)
    }
    for (const what of ['command', 'prompt', 'start']) {
      const told = await teleport(seat.machine, ['hook', 'claude', what], { cwd: seat.top, stdin: text })
      t.is(told.exitCode, 0, `${what} ${text}`)
    }
  }
  t.deepEqual(await namesIn(sending(seat, 'asked')), [])
  t.deepEqual(await starts(), [])
  t.false((await namesIn(seat.top)).includes('planted'))
  // Words in a message are no fields of the event.
  await hook(seat, 'stop', { last_assistant_message: `x ${forged} y` })
  t.deepEqual(await namesIn(sending(seat, 'asked')), [session])
  const large = JSON.stringify({ session_id: session, prompt: `& ${'x'.repeat(9_000_000)}` })
  t.is(
    (await teleport(seat.machine, ['hook', 'claude', 'prompt'], { cwd: seat.top, stdin: large })).stdout,
    '',
  )
})

test('a slash command runs the program as it was typed, and shows what that says', async (t) => {
  const home = await makeHome(t)
  const seat = await home.sit('laptop')
  await tell(seat, { bytes: 200_000 })
  const type = async (command: string, args = '', at = seat) => {
    const event = { command_name: `git-teleport:${command}`, command_args: args }
    const answer = await answered(at, 'command', event)
    t.true(answer.blocked, `/${command} never comes to the model`)
    return answer
  }
  await tell(seat, { session: other })
  t.regex((await type('push')).shown, /^sent 5b1e3f2a .*\n.*\n\n {2}git teleport pull 5b1e3f2a$/s)
  t.deepEqual(await sentTo(seat, home.remote), [session], 'this one, not the newest')
  t.regex((await type('gtp')).shown, /^ID .*\n5b1e3f2a /)
  t.regex((await type('show', '--stat')).shown, new RegExp(`^session {2}${session}$`, 'm'))
  const whole = (await type('show', '--full')).shown
  t.true(whole.length <= 10_000)
  t.regex(whole, /… cut here, \d+ lines more: git teleport show --full 5b1e3f2a-.* {3}\(in a terminal\)$/)
  const odd = await type('pull', '"$(touch planted)" `x` ;y')
  t.regex(odd.shown, /^git-teleport: error: /)
  t.false((await namesIn(seat.top)).includes('planted'))
  t.regex((await type('uninstall')).shown, /no command that works in here/)
  t.regex((await type('hand-off', 'nobody@example.org')).shown, /nobody@example.org/)

  const desk = await home.sit('desk')
  const pulled = await type('pull', '5b1e', desk)
  t.regex(pulled.shown, new RegExp(`^restored 5b1e3f2a .*claude --resume ${session}`, 's'))
  t.regex((await type('expire', '--yes')).shown, /5b1e3f2a/)

  const bare = path.join(seat.machine.folder, 'bare')
  await mkdir(bare)
  for (const name of ['sh', 'cat']) await symlink(`/bin/${name}`, path.join(bare, name))
  const ran = await hook({ ...seat, top: seat.machine.home }, 'command', {}, { PATH: bare })
  t.regex(answerOf(ran).shown, /^git-teleport is not installed/)
  t.true(answerOf(ran).blocked, 'it never comes to the model')
})

test('a prompt with & stays a prompt where nobody typed it, or nobody wants it', async (t) => {
  const home = await makeHome(t)
  const seat = await home.sit('laptop')
  const answer = (event: Event, env: Readonly<Record<string, string>> = {}) =>
    answered(seat, 'prompt', event, { env })
  const nothing = { shown: '', context: '', blocked: false }
  t.deepEqual(await answer({ prompt: '& x', source: 'sdk' }), nothing)
  t.deepEqual(await answer({ prompt: '& x' }, { CLAUDE_CODE_REMOTE: 'true' }), nothing)
  t.deepEqual(await answer({ prompt: '& x' }, { CLAUDE_CODE_ENTRYPOINT: 'sdk-cli' }), nothing)
  t.deepEqual(await answer({ prompt: '&& x' }), nothing)
  t.deepEqual(await answer({ prompt: 'x & y' }), nothing)
  t.deepEqual(await answer({ prompt: '&   ' }), nothing)
  const one = await answer({ prompt: '& x' }, { PATH: '/usr/bin:/bin' })
  t.regex(one.shown, /claude is not on the PATH[\s\S]*Ctrl-U clears/, 'it is one')
  t.true(one.blocked)
  await seat.run(['config', 'ampersand', 'off'])
  t.deepEqual(await answer({ prompt: '& x' }), nothing)
  t.is((await seat.refused(['config', 'ampersand', 'perhaps'])).code, 'usage')
})
