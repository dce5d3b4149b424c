/** What a session remembers of the commits it was pushed at. */

import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { parseSessionRecord } from '../../src/bundle/state-record.ts'
import type { CommitLink } from '../../src/model.ts'
import { goOn, makeHome, type Seat, session, tell } from '../journeys/seat.ts'
import { parseJson } from '../support/json.ts'

test('pushes at one commit leave its first link and its newest, whatever their number', async (t) => {
  const laptop = await (await makeHome(t)).sit('laptop')
  const tale = await tell(laptop, { bytes: 30_000 })
  const first = await pushed(laptop)
  await goOn(tale, laptop, 3000)
  await pushed(laptop)
  await goOn(tale, laptop, 3000)
  const third = await pushed(laptop)
  t.deepEqual(third[0], first[0])
  t.is(third.length, 2)

  await laptop.machine.git(laptop.top, 'commit', '--quiet', '--allow-empty', '--message', 'next')
  await goOn(tale, laptop, 3000)
  const fourth = await pushed(laptop)
  t.deepEqual(fourth.slice(0, 2), third)
  t.is(fourth.length, 3)
  t.is(String(fourth[2]?.commit), await laptop.machine.git(laptop.top, 'rev-parse', 'HEAD'))
  t.is(new Set(fourth.map(({ message }) => message)).size, 3)
})

/** Pushes, and returns the links of the manifest that the remote then has. */
async function pushed(seat: Seat): Promise<readonly CommitLink[]> {
  await seat.run(['push', session])
  const states = path.join(seat.top, '.git/teleport/state')
  const [remote = ''] = await readdir(states)
  const text = await readFile(path.join(states, remote, `${session}.json`), 'utf8')
  return parseSessionRecord(parseJson(text)).current?.manifest.links ?? []
}
