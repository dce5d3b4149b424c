/** Small files that two commands change at once keep what both said. */

import { readdir } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { consentFor, setConsent } from '../../src/core/auto-consent.ts'
import { addDetached, dropDetached, readDetached } from '../../src/core/detached-links.ts'
import { userFolder } from '../../src/core/user-folder.ts'
import { withWorkspace } from '../../src/core/workspace.ts'
import { isOid, type Oid, parseSessionId } from '../../src/model.ts'
import { worldOf } from '../support/in-process.ts'
import { checkout, makeSandbox } from '../support/sandbox.ts'

const sessions = ['1', '2', '3', '4'].map((digit) =>
  parseSessionId(`${digit.repeat(8)}-91c4-4d6f-9a37-0123456789ab`),
)

function oid(digit: string): Oid {
  const text = digit.repeat(40)
  if (!isOid(text)) throw new Error(text)
  return text
}

test('what several detach at once is detached', async (t) => {
  const sandbox = await makeSandbox(t)
  const ada = await sandbox.machine('ada')
  const cwd = await checkout(ada, await sandbox.bareRemote(), 'project')
  await withWorkspace(worldOf(ada, { cwd }), {}, async (ws) => {
    await Promise.all(sessions.map((session) => addDetached(ws, session, [oid('a'), oid('b')])))
    t.deepEqual([...(await readDetached(ws)).keys()].sort(), sessions)
    await Promise.all(sessions.map((session) => dropDetached(ws, session, [oid('a')])))
    for (const session of sessions)
      t.deepEqual([...((await readDetached(ws)).get(session) ?? [])], [oid('b')])
  })
})

test('what is said of several repositories at once is kept of each', async (t) => {
  const ada = await (await makeSandbox(t)).machine('ada')
  const world = worldOf(ada, { cwd: ada.home })
  const stores = ['a', 'b', 'c', 'd'].map((name) => path.join(ada.home, name, '.git/teleport'))
  const consent = { remote: 'origin', url: 'https://example.org/x.git', since: '2026-11-20T12:00:00Z' }
  await Promise.all(stores.map((store) => setConsent(world, store, consent)))
  for (const store of stores) t.deepEqual(await consentFor(world, store), { store, ...consent })
  await Promise.all(stores.slice(1).map((store) => setConsent(world, store, null)))
  for (const [at, store] of stores.entries()) t.is((await consentFor(world, store)) !== null, at === 0)
  t.deepEqual(await readdir(userFolder(world)), ['automatic.json'])
})
