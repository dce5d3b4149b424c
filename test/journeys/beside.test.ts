/** What else lies on the machine: a running client, second copies, another checkout of the same project. */

import { access, appendFile, copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { checkout } from '../support/sandbox.ts'
import { openClient } from './open-client.ts'
import {
  backups,
  filesBelow,
  goOn,
  listed,
  makeHome,
  readTranscript,
  seatAt,
  session,
  tell,
  transcriptOf,
} from './seat.ts'

test('a session that is open in a client is pushed as it is and never replaced', async (t) => {
  const home = await makeHome(t)
  const [laptop, desktop] = [await home.sit('laptop'), await home.sit('desktop')]
  const tale = await tell(laptop)
  await openClient(t, laptop)
  t.like(await laptop.run(['push']), { state: 'pushed', seq: 1 })
  t.like(await listed(laptop, 'status'), { live: true, state: 'pushed' })
  await desktop.run(['pull', session])
  const apart = { ...tale }
  await goOn(tale, laptop)
  await laptop.run(['push'])

  const client = await openClient(t, desktop)
  const before = await filesBelow(desktop.machine.config)
  t.like(await listed(desktop, 'list'), { live: true, state: 'fast-forward' })
  const isRefused = async (argv: readonly string[], again: string) => {
    const failure = await desktop.refused(argv)
    t.like(failure, { exitCode: 6, code: 'session-live' }, argv.join(' '))
    t.is(failure.message, `session ${session} is open in a running client (process ${client.pid})`)
    t.is(failure.hint, `close it there, then run: ${again}`)
    sameFiles(t, await filesBelow(desktop.machine.config), before)
  }
  await isRefused(['pull', session], `git teleport pull ${session}`)
  await isRefused(['pull', session, '--force'], `git teleport pull ${session}`)
  await isRefused(['push', session, '--fork'], `git teleport push --fork ${session}`)
  await isRefused(['undo'], 'git teleport undo')
  t.like(await desktop.run(['pull', session, '--dry-run']), { state: 'fast-forward', install: null })
  sameFiles(t, await filesBelow(desktop.machine.config), before)
  t.like(await desktop.run(['pull', session, '--fork']), { state: 'new' })

  await goOn(apart, desktop, 9000)
  t.like(await desktop.refused(['pull', session]), { exitCode: 5, code: 'diverged' })
  // A client that was killed leaves its file; the number of its process may be somebody else's by now.
  await client.kill()
  t.like(await desktop.run(['pull', session, '--force']), { state: 'diverged' })
  const file = path.join(desktop.machine.config, 'sessions', `${process.pid}.json`)
  await writeFile(file, JSON.stringify({ pid: process.pid, sessionId: session, procStart: '1' }))
  await desktop.run(['undo'])
})

test('of several copies one is left, and none that holds more is thrown away', async (t) => {
  const home = await makeHome(t)
  const [laptop, desktop] = [await home.sit('laptop'), await home.sit('desktop')]
  const tale = await tell(laptop)
  await laptop.run(['push'])
  await desktop.run(['pull', session])
  const second = path.join(desktop.machine.config, 'projects', '-somewhere-else', `${session}.jsonl`)
  await mkdir(path.dirname(second))
  const copy = async (more = '') => {
    await copyFile(transcriptOf(desktop), second)
    await appendFile(second, more)
  }

  await copy()
  const client = await openClient(t, desktop)
  t.like(await desktop.refused(['pull', session]), { code: 'session-live' })
  await client.exit()
  t.like(await desktop.run(['pull', session]), { state: 'same' })
  await t.throwsAsync(access(second), { code: 'ENOENT' })
  await desktop.run(['undo'])
  await access(second)

  await goOn(tale, laptop)
  await laptop.run(['push'])
  t.like(await desktop.run(['pull', session]), { state: 'fast-forward' })
  await t.throwsAsync(access(second), { code: 'ENOENT' })

  await copy('{"type":"user","message":{"role":"user","content":"only here"}}\n')
  const longer = await readFile(second)
  const failure = await desktop.refused(['pull', session])
  t.like(failure, { exitCode: 6, code: 'foreign-file' })
  t.is(failure.message, `session ${session} lies in two project folders with different content`)
  t.is(failure.hint, `git teleport pull --force ${session}   (moves ${second} to the backup)`)
  t.true((await readFile(second)).equals(longer))
  t.like(await desktop.run(['pull', session, '--force']), { state: 'same' })
  await t.throwsAsync(access(second), { code: 'ENOENT' })
  t.true((await backups(desktop)).some((bytes) => bytes.equals(longer)))
})

test('two checkouts of one project on one machine share one copy, which stays where it began', async (t) => {
  const home = await makeHome(t)
  const laptop = await home.sit('laptop')
  const desktop = await home.sit('desktop', 'first/app')
  const clone = seatAt(desktop.machine, await checkout(desktop.machine, home.remote, 'second/app'))
  const worktree = seatAt(desktop.machine, path.join(desktop.machine.home, 'third'))
  await desktop.machine.git(desktop.top, 'worktree', 'add', '--quiet', worktree.top)
  const tale = await tell(laptop)
  await laptop.run(['push'])
  await desktop.run(['pull', session])
  const onlyCopy = async () => {
    const files = [...(await filesBelow(desktop.machine.config)).keys()]
    t.deepEqual(
      files.filter((name) => name.endsWith(`${session}.jsonl`)),
      [path.relative(desktop.machine.config, transcriptOf(desktop))],
    )
    const text = (await readTranscript(desktop)).toString()
    for (const other of [clone, worktree]) t.false(text.includes(other.top), other.top)
  }

  for (const other of [clone, worktree]) {
    t.like(await other.run(['pull', session]), { state: 'same', transcript: transcriptOf(desktop) })
    await onlyCopy()
    await goOn(tale, laptop)
    await laptop.run(['push'])
    t.like(await other.run(['pull', session]), { state: 'fast-forward', transcript: transcriptOf(desktop) })
    await onlyCopy()
    t.like(await desktop.run(['pull', session]), { state: 'same' })
    t.like(await other.run(['push', session]), { state: 'same' })
  }
  await goOn(tale, desktop)
  t.like(await clone.run(['push', session]), { state: 'pushed', seq: 4 })
  t.like(await laptop.run(['pull', session]), { state: 'fast-forward' })
  t.like(await desktop.run(['push', session]), { state: 'same', seq: 4 })
  const text = (await readTranscript(laptop)).toString()
  for (const row of text.matchAll(/"cwd":"([^"]*)"/g)) t.is(row[1], laptop.top)
})

function sameFiles(
  t: ExecutionContext,
  found: ReadonlyMap<string, Buffer>,
  expected: ReadonlyMap<string, Buffer>,
): void {
  t.deepEqual([...found.keys()], [...expected.keys()])
  for (const [name, bytes] of expected) t.true(found.get(name)?.equals(bytes), name)
}
