/** Conversations that are sent by themselves: none holds up another, and what the worker waits for costs nothing. */

import { mkdir, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { runWorker } from '../../src/core/hook-worker.ts'
import { parseSessionId, type SessionId } from '../../src/model.ts'
import { answerOf, hook, sentTo } from '../journeys/client-hooks.ts'
import { installAs } from '../journeys/hook-travel.ts'
import { goOn, type Home, listed, makeHome, type Seat, session, type Tale, tell } from '../journeys/seat.ts'
import { worldOf } from '../support/in-process.ts'
import { dig, parseJson } from '../support/json.ts'
import { must } from '../support/sandbox.ts'

const second = parseSessionId('6c2f4a3b-0000-4000-8000-000000000002')
const third = parseSessionId('7d3a5b4c-0000-4000-8000-000000000003')

const minuteMs = 60_000

/** A clock of the worker's own. Whatever was noted by the real one has settled. */
function makeClock() {
  let now = Date.now() + 10_000
  return { now: () => now, set: (ms: number) => (now = ms), pass: (ms: number) => (now += ms) }
}

type Clock = ReturnType<typeof makeClock>

/** Runs a worker whose waits pass in no time; `during` is what happens before the wait of that number is over. */
async function work(
  seat: Seat,
  clock: Clock,
  during: (wait: number, end: () => void) => Promise<unknown> = async () => undefined,
): Promise<void> {
  const ended = new AbortController()
  let waits = 0
  const world = worldOf(seat.machine, {
    cwd: seat.top,
    now: () => new Date(clock.now()),
    signal: ended.signal,
  })
  await runWorker(world, {
    async wait(ms) {
      clock.pass(ms)
      waits += 1
      await during(waits, () => ended.abort())
      if (waits > 20_000) throw new Error('it never ends')
    },
  })
}

const inStore = (seat: Seat, ...parts: readonly string[]) => path.join(seat.top, '.git/teleport', ...parts)

const namesIn = async (seat: Seat, folder: string) =>
  (await readdir(inStore(seat, 'sending', folder)).catch(() => [])).sort()

/** As a hook leaves it, some seconds ago. */
async function ask(seat: Seat, clock: Clock, why: 'stop' | 'end', id: SessionId = session): Promise<void> {
  const file = inStore(seat, 'sending/asked', id)
  await writeFile(file, `${why} ${seat.top}\n`)
  const time = new Date(clock.now() - 5000)
  await utimes(file, time, time)
}

const away = (home: Home) => rename(home.remote, `${home.remote}.away`)
const back = (home: Home) => rename(`${home.remote}.away`, home.remote)

/** The remote dies of every push, which it notes; answers what undoes that. */
async function breakPushes(home: Home): Promise<() => Promise<void>> {
  const file = path.join(home.remote, 'hooks/pre-receive')
  await writeFile(file, '#!/bin/sh\ncat >>pushes\nkill -9 $PPID\n', { mode: 0o755 })
  return () => rm(file)
}

const brokenPushes = async (home: Home): Promise<readonly string[]> => {
  const text = await readFile(path.join(home.remote, 'pushes'), 'utf8').catch(() => '')
  return [...text.matchAll(/teleport\/sessions\/(\S+)/g)].map(([, id = '']) => id)
}

/** The conversation went on at another desk, which sent it. */
async function goOnElsewhere(home: Home, tale: Tale): Promise<Seat> {
  const desk = await home.sit('desk')
  await desk.run(['pull', tale.session])
  await goOn(tale, desk)
  await desk.run(['push', tale.session])
  return desk
}

test('a conversation that only a pull can help holds up no other, and is told', async (t) => {
  const home = await makeHome(t)
  const seat = await home.sit('laptop')
  const tale = await tell(seat)
  await tell(seat, { session: second })
  await tell(seat, { session: third })
  await seat.run(['push', session])
  await goOnElsewhere(home, tale)
  await seat.run(['auto', 'origin'])
  const clock = makeClock()
  await ask(seat, clock, 'end')
  clock.pass(1000)
  await ask(seat, clock, 'stop', second)
  const startMs = clock.now()
  let thirdMs = 0
  await work(seat, clock, async (wait) => {
    if (wait === 1) await ask(seat, clock, 'end', third)
    if (thirdMs === 0 && (await sentTo(seat, home.remote)).includes(third)) thirdMs = clock.now()
  })
  t.deepEqual((await sentTo(seat, home.remote)).toSorted(), [session, second, third].toSorted())
  t.true(thirdMs - startMs < 10_000, `what is urgent went after ${thirdMs - startMs} ms`)
  t.true(clock.now() - startMs < 4 * minuteMs, `all was done after ${clock.now() - startMs} ms`)
  t.deepEqual([await namesIn(seat, 'asked'), await namesIn(seat, 'taken')], [[], [session]])
  const { shown } = answerOf(await hook(seat, 'session-start', { session_id: second, source: 'startup' }))
  t.regex(shown, new RegExp(`desk has pushed more of session ${session}; try: git teleport pull`))
})

test('each that is urgent is tried at once, and all of that is no reason to wait longer', async (t) => {
  const home = await makeHome(t)
  const seat = await home.sit('laptop')
  const all: readonly SessionId[] = Array.from({ length: 10 }, (_, at) =>
    parseSessionId(`8e4b6c5d-0000-4000-8000-00000000000${at}`),
  )
  for (const id of all) await tell(seat, { session: id, bytes: 4000 })
  await seat.run(['auto', 'origin'])
  const mend = await breakPushes(home)
  const clock = makeClock()
  for (const id of all) await ask(seat, clock, 'end', id)
  await work(seat, clock, async (_, end) => end())
  t.deepEqual((await brokenPushes(home)).toSorted(), all.toSorted(), 'each once')
  const state = (await readdir(inStore(seat, 'worker'))).find((name) => /^[0-9a-f]+\.json$/.test(name)) ?? ''
  t.is(dig(parseJson(await readFile(inStore(seat, 'worker', state), 'utf8')), 'failures'), 1)
  await mend()
  await work(seat, clock)
  t.deepEqual((await sentTo(seat, home.remote)).toSorted(), all.toSorted())
})

test('while what failed waits for its next try, nothing is opened to look for more', async (t) => {
  const home = await makeHome(t)
  const seat = await home.sit('laptop')
  await tell(seat)
  await seat.run(['auto', 'origin'])
  await away(home)
  const clock = makeClock()
  await ask(seat, clock, 'end')
  const startMs = clock.now()
  let turns = 0
  await work(seat, clock, async (_, end) => {
    if (clock.now() - startMs > 20 * minuteMs) end()
    // The worker makes it anew in each turn of its loop.
    const running = inStore(seat, 'worker/running')
    const wasThere = await rm(running).then(
      () => true,
      () => false,
    )
    if (wasThere) turns += 1
  })
  const minutes = (clock.now() - startMs) / minuteMs
  t.true(turns > 5 && turns < 2 * minutes, `${turns} turns in ${minutes} minutes`)
})

test('a clock that was set back holds up nothing', async (t) => {
  const home = await makeHome(t)
  const seat = await home.sit('laptop')
  const tale = await tell(seat)
  await seat.run(['auto', 'origin'])
  const clock = makeClock()
  const startMs = clock.now()
  clock.set(startMs + 30 * 24 * 60 * minuteMs)
  await ask(seat, clock, 'stop')
  await away(home)
  await work(seat, clock, async (_, end) => end())
  await back(home)
  clock.set(startMs)
  for (const why of ['stop', 'end'] as const) {
    await goOn(tale, seat)
    await ask(seat, clock, why)
    await work(seat, clock)
    t.true(clock.now() - startMs < 2 * minuteMs, why)
  }
  t.like(await listed(seat, 'status'), { seq: 2 })
})

test('what a person has mended is tried at its next turn, while another one still waits', async (t) => {
  const home = await makeHome(t)
  const seat = await home.sit('laptop')
  const tale = await tell(seat)
  await tell(seat, { session: second })
  await seat.run(['push', session])
  const before = tale.cursor
  await goOnElsewhere(home, tale)
  tale.cursor = before
  await goOn(tale, seat, 6000)
  await seat.run(['auto', 'origin'])
  const clock = makeClock()
  await ask(seat, clock, 'end')
  await ask(seat, clock, 'stop', second)
  let mend: (() => Promise<void>) | undefined
  await work(seat, clock, async (wait) => {
    if (wait === 1) {
      t.deepEqual(await namesIn(seat, 'taken'), [session], 'it is in two places')
      mend = await breakPushes(home)
    }
    if (mend && (await brokenPushes(home)).includes(second)) {
      await mend()
      mend = undefined
      await seat.run(['push', session, '--force'])
      await goOn(tale, seat)
      await ask(seat, clock, 'stop')
    }
  })
  t.deepEqual((await sentTo(seat, home.remote)).toSorted(), [session, second].toSorted())
  t.like(await listed(seat, 'status'), { seq: 4 })
  t.deepEqual([await namesIn(seat, 'asked'), await namesIn(seat, 'taken')], [[], []])
})

/** A commit of `session`, noted as its hook does where the test is the worker. */
async function commit(seat: Seat, clock: Clock): Promise<void> {
  await writeFile(inStore(seat, 'hooks/auto'), 'attach\n')
  const options = { cwd: seat.top, env: { CLAUDE_CODE_SESSION_ID: session } }
  must(
    await seat.machine.run('git', ['commit', '--quiet', '--allow-empty', '--message', 'x'], options),
    'commit',
  )
  const time = new Date(clock.now() - 5000)
  for (const name of await readdir(inStore(seat, 'queue')))
    await utimes(inStore(seat, 'queue', name), time, time)
}

test('what is turned on or off while a worker runs holds for that worker', async (t) => {
  const home = await makeHome(t)
  const seat = await home.sit('laptop')
  const tale = await tell(seat)
  await tell(seat, { session: second })
  await tell(seat, { session: third })
  await installAs(seat, 'files')
  await seat.run(['config', 'auto', 'push'])
  const clock = makeClock()
  await commit(seat, clock)
  await away(home)
  let isOn = false
  await work(seat, clock, async (wait) => {
    if (wait !== 1) return
    await back(home)
    await seat.run(['auto', 'origin'])
    await ask(seat, clock, 'stop', second)
    isOn = true
  })
  t.true(isOn)
  t.deepEqual((await sentTo(seat, home.remote)).toSorted(), [session, second].toSorted())

  await seat.run(['config', 'auto', 'attach'])
  await goOn(tale, seat)
  await ask(seat, clock, 'stop')
  await work(seat, clock, async (wait) => {
    if (wait !== 1) return
    await seat.run(['auto', 'off'])
    await seat.run(['config', 'auto', 'push'])
    await mkdir(inStore(seat, 'sending/asked'), { recursive: true })
    await ask(seat, clock, 'stop', third)
    await commit(seat, clock)
  })
  t.false((await sentTo(seat, home.remote)).includes(third), 'it was turned off')
  t.deepEqual(await readdir(inStore(seat, 'queue')), [], 'commits were turned on')
  t.like(await listed(seat, 'status'), { seq: 2 })
})

/** As the start of a conversation leaves it. */
async function askToLook(seat: Seat): Promise<void> {
  await mkdir(inStore(seat, 'sending/look'), { recursive: true })
  await writeFile(inStore(seat, 'sending/look', session), '')
}

test('a version elsewhere is told although the remote did not answer at the start', async (t) => {
  const home = await makeHome(t)
  const seat = await home.sit('laptop')
  const tale = await tell(seat)
  await seat.run(['push', session])
  await seat.run(['auto', 'origin'])
  await goOnElsewhere(home, tale)
  const clock = makeClock()
  await askToLook(seat)
  await away(home)
  await work(seat, clock, async (wait) => {
    if (wait !== 1) return
    t.deepEqual(await namesIn(seat, 'look'), [session])
    await back(home)
  })
  t.deepEqual(await namesIn(seat, 'look'), [])
  const prompt = async () => answerOf(await hook(seat, 'prompt', { prompt: 'go on' })).shown
  t.regex(await prompt(), /a newer version of this conversation is on origin/)

  await askToLook(seat)
  await away(home)
  const startMs = clock.now()
  await work(seat, clock)
  const minutes = (clock.now() - startMs) / minuteMs
  t.true(minutes > 60 && minutes < 300, `it asked for ${minutes} minutes`)
  t.deepEqual(await namesIn(seat, 'look'), [session], 'the next start asks again')
  await back(home)
  await work(seat, clock)
  t.regex(await prompt(), /a newer version of this conversation is on origin/)

  // What only a person can mend is not asked again and again.
  const key = path.join(seat.machine.home, '.config/git-teleport/id_ed25519')
  await rename(key, `${key}.away`)
  await askToLook(seat)
  await work(seat, clock)
  t.deepEqual(await namesIn(seat, 'look'), [])
})

test('a look at the remote that fails again and again holds up no conversation', async (t) => {
  const home = await makeHome(t)
  const seat = await home.sit('laptop')
  const tale = await tell(seat)
  await tell(seat, { session: second })
  await seat.run(['push', session])
  await seat.run(['auto', 'origin'])
  await goOnElsewhere(home, tale)
  const clock = makeClock()
  // Nothing can be left for the next prompt.
  await writeFile(inStore(seat, 'sending/tell'), '')
  await askToLook(seat)
  await ask(seat, clock, 'stop', second)
  const askedMs = clock.now()
  await work(seat, clock, async (_, end) => {
    if (clock.now() - askedMs > 3 * minuteMs) end()
  })
  t.deepEqual((await sentTo(seat, home.remote)).toSorted(), [session, second].toSorted())
  t.deepEqual(await namesIn(seat, 'look'), [session])
})
