/** Links of commits that a person makes in a terminal, and the way of links to the remotes. */

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { patchIds } from '../../src/git-store/patch-ids.ts'
import { openUserRepo } from '../../src/git-store/user-repo.ts'
import { isOid, parseSessionId } from '../../src/model.ts'
import { makeHome, type Seat, session, tell } from '../journeys/seat.ts'
import { dig, parseJson, recordsIn, stringAt } from '../support/json.ts'
import { must } from '../support/sandbox.ts'

const other = parseSessionId('00000000-91c4-4d6f-9a37-0123456789ab')
const minuteMs = 60_000

test('a commit in a terminal belongs to the session at work here, and to none when nothing was', async (t) => {
  const home = await makeHome(t)
  const seat = await home.sit('laptop')
  await seat.run(['hook', 'install'])
  await commit(seat, 'before any session')
  t.is(await unsent(seat), 0)

  await tell(seat, { bytes: 3000, startTime: Date.now() - 600 * minuteMs })
  await seat.run(['config', 'window', '1m'])
  await commit(seat, 'long after its last word')
  t.is(await unsent(seat), 0)

  // The client that has the session open is this very process.
  const clients = path.join(seat.machine.config, 'sessions')
  await mkdir(clients, { recursive: true })
  const client = path.join(clients, `${process.pid}.json`)
  await writeFile(client, JSON.stringify({ pid: process.pid, sessionId: session, cwd: seat.top }))
  const inClient = await commit(seat, 'beside the open client')
  t.is(await unsent(seat), 1)
  t.deepEqual(
    (await linksOf(seat, session)).map(([id]) => id),
    [inClient],
  )
  await rm(client)

  await seat.run(['config', 'window', '1d'])
  await tell(seat, { session: other, bytes: 3000, startTime: Date.now() - 300 * minuteMs })
  const later = await commit(seat, 'after the newer one')
  t.is(await unsent(seat), 2)
  t.deepEqual(
    (await linksOf(seat, other)).map(([id]) => id),
    [later],
  )
  t.true((await linksOf(seat, other)).every(([, message]) => message !== undefined))
})

test('a link is reason enough to push, and each remote gets it once', async (t) => {
  const home = await makeHome(t)
  const seat = await home.sit('laptop')
  await seat.run(['hook', 'install'])
  await tell(seat, { bytes: 3000 })
  await seat.machine.git(seat.top, 'remote', 'add', 'second', await home.sandbox.bareRemote('second'))
  await seat.run(['config', 'remote', 'origin'])
  t.is((await seat.run(['push']))['state'], 'pushed')
  t.is((await seat.run(['push']))['state'], 'same')
  await commit(seat, 'by the session', { CLAUDE_CODE_SESSION_ID: session })
  t.is((await seat.run(['push', '--dry-run']))['state'], 'dry-run')
  t.is(await unsent(seat), 1)
  t.is((await seat.run(['push']))['state'], 'pushed')
  t.is((await seat.run(['push']))['state'], 'same')
  t.is(await unsent(seat), 0)
  t.is(await unsent(seat, '--remote', 'second'), 1)
  t.is((await seat.run(['push', '--remote', 'second']))['state'], 'pushed')
  t.is(await unsent(seat, '--remote', 'second'), 0)
})

test('a patch id fetches nothing in a partial clone, and is left out where it would', async (t) => {
  const home = await makeHome(t)
  const seat = await home.sit('laptop')
  const { machine, top } = seat
  await writeFile(path.join(top, 'file'), 'one\n')
  await machine.git(top, 'add', 'file')
  const whole = await commit(seat, 'changes a file')
  await machine.git(top, 'push', '--quiet', 'origin', 'HEAD')
  await machine.git(home.remote, 'config', 'uploadpack.allowFilter', 'true')
  const partial = path.join(machine.home, 'partial')
  const url = `file://${home.remote}`
  await machine.git(machine.home, 'clone', '--quiet', '--no-checkout', '--filter=blob:none', url, partial)
  if (!isOid(whole)) throw new Error(whole)
  const ids = async (folder: string) => [
    ...(await patchIds(await openUserRepo(folder, machine.env), [whole])),
  ]
  const said = must(
    await machine.run('sh', ['-c', 'git show HEAD | git patch-id --stable'], { cwd: top }),
    'git patch-id',
  ).stdout
  t.deepEqual(await ids(top), [[whole, said.split(' ')[0]]] as never)
  t.deepEqual(await ids(partial), [])
  const missing = await machine.git(partial, 'rev-list', '--objects', '--missing=print', 'HEAD')
  t.regex(missing, /^\?/m, 'the blobs are still not there')
})

async function commit(seat: Seat, message: string, env: Record<string, string> = {}): Promise<string> {
  const args = ['commit', '--quiet', '--allow-empty', '--message', message]
  must(await seat.machine.run('git', args, { cwd: seat.top, env }), 'git commit')
  return seat.machine.git(seat.top, 'rev-parse', 'HEAD')
}

async function unsent(seat: Seat, ...more: readonly string[]): Promise<unknown> {
  return dig(await seat.run(['status', ...more]), 'automation', 'unsent')
}

async function linksOf(
  seat: Seat,
  id: string,
): Promise<readonly (readonly [string | undefined, string | undefined])[]> {
  const file = path.join(seat.top, '.git/teleport/links', `${id}.json`)
  const links = recordsIn(dig(parseJson(await readFile(file, 'utf8')), 'links'))
  return links.map((each) => [stringAt(each, 'link', 'commit'), stringAt(each, 'link', 'message')])
}
