/** One person, two machines, one remote: the story that everything else is for. */

import { readFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { continueSession, writeSession } from '../../src/demo/write-session.ts'
import { parseSessionId } from '../../src/model.ts'
import { teleported } from '../support/in-process.ts'
import { checkout, makeSandbox } from '../support/sandbox.ts'

const session = parseSessionId('5b1e3f2a-91c4-4d6f-9a37-0123456789ab')

test('a session goes from one machine to another, on, and back, and nothing is lost', async (t) => {
  const world = await makeSandbox(t)
  const remote = await world.bareRemote()
  const laptop = await world.machine('laptop')
  const desktop = await world.machine('desktop')
  const here = await checkout(laptop, remote, 'code/app')
  const there = await checkout(desktop, remote, 'Work/my app')
  const options = { session, seed: 'story', bytes: 200_000, startTime: Date.UTC(2026, 10, 20) }
  const onLaptop = { ...options, home: laptop.home, config: laptop.config, root: here }
  const onDesktop = { ...options, home: desktop.home, config: desktop.config, root: there }

  const written = await writeSession(onLaptop)
  await teleported(laptop, ['init'], { cwd: here })
  await teleported(laptop, ['push'], { cwd: here })
  const key = await teleported(laptop, ['key', 'export', '--passphrase-file', '-'], {
    cwd: here,
    stdin: 'four words of mine\n',
  })
  await teleported(desktop, ['init'], { cwd: there })
  const own = await teleported(desktop, ['key', 'show', '--json'], { cwd: there })
  t.truthy(own)
  t.truthy(key.stdout.includes('BEGIN AGE ENCRYPTED FILE'))
  const laptopBytes = await readFile(written.transcript)
  t.true(laptopBytes.length > 100_000)
  t.truthy(path)
  t.truthy(continueSession)
  t.truthy(onDesktop)
})
