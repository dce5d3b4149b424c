/** Power cuts and races: whatever the moment, both sides are as before or as after, and the next command goes on. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { parseSessionId } from '../../src/model.ts'
import { programFile } from '../support/cli.ts'
import { must } from '../support/sandbox.ts'
import { killedAt } from './killed-at.ts'
import {
  goOn,
  type Home,
  listed,
  makeHome,
  readTranscript,
  type Seat,
  sameSession,
  session,
  tell,
} from './seat.ts'

const ref = `refs/teleport/sessions/${session}`

test('a pull that is killed leaves the old transcript or the new one, and the next puts all in order', async (t) => {
  const home = await makeHome(t)
  const [laptop, desktop] = [await home.sit('laptop'), await home.sit('desktop')]
  const tale = await tell(laptop)
  await laptop.run(['push'])
  await killedAt(t, home, desktop, ['pull', session], 4, async (about) => {
    const left = await readTranscript(desktop).catch(() => null)
    t.regex(String((await desktop.run(['pull', session]))['state']), /^(new|same)$/, about)
    await inOrder(t, laptop, desktop)
    if (left) t.true(left.equals(await readTranscript(desktop)), about)
  })

  await desktop.run(['pull', session])
  const old = await readTranscript(desktop)
  await goOn(tale, laptop)
  await laptop.run(['push'])
  await killedAt(t, home, desktop, ['pull', session], 8, async (about) => {
    const left = await readTranscript(desktop)
    t.regex(String((await desktop.run(['pull', session]))['state']), /^(fast-forward|same)$/, about)
    await inOrder(t, laptop, desktop)
    t.true(left.equals(old) || left.equals(await readTranscript(desktop)), about)
    await desktop.run(['undo'])
    t.true((await readTranscript(desktop)).equals(old), about)
  })
})

test('a push that is killed has happened or not, and the next one finds out', async (t) => {
  const home = await makeHome(t)
  const [laptop, desktop] = [await home.sit('laptop'), await home.sit('desktop')]
  const tale = await tell(laptop)
  await laptop.run(['push'])
  await desktop.run(['pull', session])
  await goOn(tale, laptop)
  const tip = () => laptop.machine.git(home.remote, 'rev-list', '--count', ref)
  await killedAt(t, home, laptop, ['push', session], 6, async (about) => {
    const landed = (await tip()) === '2'
    const expected = landed ? { state: 'same', seq: 2 } : { state: 'pushed', seq: 2 }
    t.like(await laptop.run(['push', session]), expected, about)
    t.like(await desktop.run(['pull', session]), { state: 'fast-forward', seq: 2 }, about)
    await inOrder(t, laptop, desktop)
    await goOn({ ...tale }, laptop)
    t.like(await laptop.run(['push', session]), { state: 'pushed', seq: 3 }, about)
  })
})

test('a push that is cut off before its answer: it landed, or it did not', async (t) => {
  const home = await makeHome(t)
  const [laptop, desktop] = [await home.sit('laptop'), await home.sit('desktop')]
  const tale = await tell(laptop)
  await laptop.run(['push'])
  await desktop.run(['pull', session])
  const gate = await makeGate(home, laptop)
  const cutOff = async (landed: boolean) => {
    await goOn(tale, laptop)
    await gate.close()
    const child = spawn(process.execPath, [programFile, 'push', session], {
      cwd: laptop.top,
      env: laptop.machine.env,
      stdio: 'ignore',
    })
    const ended = once(child, 'exit')
    await gate.reached()
    child.kill('SIGKILL')
    t.deepEqual(await ended, [null, 'SIGKILL'])
    t.like(await listed(laptop, 'status'), { state: 'unsure' })
    await (landed ? gate.take() : gate.refuse())
  }

  await cutOff(false)
  t.like(await laptop.run(['push', session]), { state: 'pushed', seq: 2 })
  await cutOff(true)
  t.like(await laptop.run(['push', session]), { state: 'same', seq: 3 })
  t.like(await listed(laptop, 'status'), { state: 'pushed' })
  t.like(await desktop.run(['pull', session]), { state: 'fast-forward', seq: 3 })
  await inOrder(t, laptop, desktop)

  // It landed, and the other machine has gone on before this one asks.
  await cutOff(true)
  await desktop.run(['pull', session])
  await goOn(tale, desktop)
  await desktop.run(['push', session])
  const failure = await laptop.refused(['push', session])
  t.like(failure, { exitCode: 5, code: 'remote-moved', hint: `git teleport pull ${session}` })
  t.like(await laptop.run(['pull', session]), { state: 'fast-forward', seq: 5 })
  await sameSession(t, desktop, laptop)
})

test('two commands at once in one clone take turns', async (t) => {
  const home = await makeHome(t)
  const [laptop, desktop] = [await home.sit('laptop'), await home.sit('desktop')]
  await tell(laptop)
  const results = await Promise.all([
    laptop.run(['push']),
    laptop.run(['push']),
    laptop.run(['push', '--all']),
  ])
  const states = results.map((result) => JSON.stringify(result).match(/"state":"(\w+)"/)?.[1])
  t.deepEqual(states.sort(), ['pushed', 'same', 'same'])
  const pulls = await Promise.all([desktop.run(['pull', session]), desktop.run(['pull', session])])
  t.deepEqual(pulls.map((pull) => pull['state']).sort(), ['new', 'same'])
  await inOrder(t, laptop, desktop)
})

test('two clones of one device push at once: different sessions both land, of one session the first', async (t) => {
  const home = await makeHome(t)
  const [laptop, desktop] = [await home.sit('laptop'), await home.sit('desktop')]
  const other = parseSessionId('00000000-1111-4222-8333-444444444444')
  const tale = await tell(laptop)
  await tell(desktop, { session: other })
  await laptop.run(['push'])
  await desktop.run(['list'])
  const gate = await makeGate(home, laptop)
  /** The laptop's push is held up at the server until the desktop's has landed. */
  const overtaken = async <T>(slow: () => Promise<T>, fast: () => Promise<unknown>) => {
    await gate.close()
    const waiting = slow()
    await gate.reached()
    await fast()
    await gate.open()
    return waiting
  }

  await goOn(tale, laptop)
  const pushed = await overtaken(
    () => laptop.run(['push', session]),
    () => desktop.run(['push', other]),
  )
  t.like(pushed, { state: 'pushed', seq: 2 })
  for (const seat of [laptop, desktop]) {
    t.like(await listed(seat, 'list', session), { onRemote: 'live', seq: 2 })
    t.like(await listed(seat, 'list', other), { onRemote: 'live', seq: 1 })
  }

  await desktop.run(['pull', session])
  await goOn({ ...tale }, desktop, 9000)
  await goOn(tale, laptop)
  const before = await readTranscript(laptop)
  const failure = await overtaken(
    () => laptop.refused(['push', session]),
    () => desktop.run(['push', session]),
  )
  t.like(failure, { exitCode: 5, code: 'diverged' })
  t.true((await readTranscript(laptop)).equals(before))
  t.like(await listed(laptop, 'list'), { state: 'diverged', seq: 3 })
  t.like(await laptop.run(['push', session, '--fork']), { state: 'pushed', seq: 1 })
  t.like(await laptop.run(['pull', session]), { state: 'new', seq: 3 })
  await sameConversation(t, laptop, desktop)
})

/** Both agree, by what they say and by what lies there, and nothing unfinished lies about. */
async function inOrder(t: ExecutionContext, from: Seat, to: Seat): Promise<void> {
  await sameSession(t, from, to)
  for (const seat of [from, to]) t.like(await listed(seat, 'list'), { state: 'same' })
  t.false((await readdir(to.machine.config)).includes('.git-teleport'))
  const store = await readdir(path.join(to.top, '.git/teleport'))
  t.deepEqual(
    store.filter((name) => name.startsWith('lock') || name.endsWith('.tmp')),
    [],
  )
}

async function sameConversation(t: ExecutionContext, one: Seat, other: Seat): Promise<void> {
  const uuids = async (seat: Seat) => (await readTranscript(seat)).toString().match(/"uuid":"[^"]*"/g)
  t.deepEqual(await uuids(one), await uuids(other))
}

/** A hook on the remote that holds up the first push that comes, until it is told how to answer. */
async function makeGate(home: Home, seat: Seat) {
  const at = (name: string) => path.join(home.sandbox.folder, `gate-${name}`)
  for (const name of ['reached', 'answer', 'done'])
    must(await seat.machine.run('mkfifo', [at(name)]), 'mkfifo')
  const hook = (name: string, lines: readonly string[]) =>
    writeFile(path.join(home.remote, 'hooks', name), ['#!/bin/sh', ...lines, ''].join('\n'), { mode: 0o755 })
  await hook('pre-receive', [
    `rm '${at('closed')}' 2>/dev/null || exit 0`,
    `echo >'${at('reached')}'`,
    `read answer watch <'${at('answer')}'`,
    `[ -z "$watch" ] || touch '${at('watched')}'`,
    'exit "$answer"',
  ])
  await hook('post-receive', [`rm '${at('watched')}' 2>/dev/null && echo >'${at('done')}'`, 'exit 0'])
  return {
    close: () => writeFile(at('closed'), ''),
    reached: () => readFile(at('reached')),
    /** Lets the push go on; what becomes of it is its own affair. */
    open: () => writeFile(at('answer'), '0\n'),
    refuse: () => writeFile(at('answer'), '1\n'),
    /** Resolves when the remote has taken it. */
    async take() {
      await writeFile(at('answer'), '0 watch\n')
      await readFile(at('done'))
    },
  }
}
