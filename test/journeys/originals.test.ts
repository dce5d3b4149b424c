/** The commits behind a squash: asked of the remote again when they may have come there since. */

import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import type { InProcessOptions } from '../support/in-process.ts'
import { recordsIn, stringAt } from '../support/json.ts'
import { idOf, work } from './coder.ts'
import { type Home, makeHome, type Seat } from './seat.ts'

const minuteMs = 60_000
const at = (ms: number) => ({ now: () => new Date(ms) })

/** Two commits of one session on a branch that is not pushed; the session is. */
async function pushSessionAlone(seat: Seat): Promise<void> {
  await seat.run(['hook', 'install'])
  await seat.machine.git(seat.top, 'checkout', '--quiet', '-b', 'feature')
  await work(seat, 1, 'step 1', 'a.txt', ['one', 'two'])
  await work(seat, 1, 'step 2', 'b.txt', ['three', 'four'])
  await seat.run(['push', idOf(1)])
}

/** The branch is pushed, squash-merged and deleted; what the remote had of it stays there for a while. */
async function squash({ machine, top }: Seat): Promise<void> {
  await machine.git(top, 'push', '--quiet', 'origin', 'feature')
  await machine.git(top, 'checkout', '--quiet', 'main')
  await machine.git(top, 'merge', '--quiet', '--squash', 'feature')
  await machine.git(top, 'commit', '--quiet', '--no-verify', '--message', 'all of it')
  await machine.git(top, 'push', '--quiet', 'origin', 'main', ':feature')
}

async function sessionsOf(seat: Seat, more?: Partial<InProcessOptions>): Promise<readonly string[]> {
  await seat.machine.git(seat.top, 'pull', '--quiet')
  const { commits } = await seat.run(['log', '-n', '1'], more)
  const [newest] = recordsIn(commits)
  return recordsIn(newest?.['sessions']).map((each) => stringAt(each, 'session') ?? '')
}

async function notThere({ top }: Seat): Promise<string> {
  const caches = path.join(top, '.git/teleport/cache')
  const [remote = ''] = await readdir(caches)
  return path.join(caches, remote, 'not-there.json')
}

async function sitTwo(home: Home): Promise<readonly [Seat, Seat]> {
  const ada = await home.sit('ada')
  const bob = await home.sit('bob')
  await pushSessionAlone(ada)
  return [ada, bob]
}

test('a commit that was asked for before it was pushed is asked for again an hour later', async (t) => {
  const [ada, bob] = await sitTwo(await makeHome(t))
  const start = Date.now()
  t.deepEqual(await sessionsOf(bob, at(start)), [])
  const file = await notThere(bob)
  const known = await readFile(file, 'utf8')
  await squash(ada)
  t.deepEqual(await sessionsOf(bob, at(start + 50 * minuteMs)), [])
  t.is(await readFile(file, 'utf8'), known)
  t.deepEqual(await sessionsOf(bob, at(start + 61 * minuteMs)), [idOf(1)])
})

test('what an older version wrote down of commits that are not there says nothing', async (t) => {
  const [ada, bob] = await sitTwo(await makeHome(t))
  await sessionsOf(bob)
  const commits = (await ada.machine.git(ada.top, 'rev-list', 'main..feature')).split('\n')
  await writeFile(await notThere(bob), JSON.stringify({ format: 1, absent: commits }))
  await squash(ada)
  t.deepEqual(await sessionsOf(bob), [idOf(1)])
})

test('a remote that does not answer lacks nothing', async (t) => {
  const [ada, bob] = await sitTwo(await makeHome(t))
  await squash(ada)
  const bin = path.join(bob.machine.folder, 'bin')
  const cut = path.join(bob.machine.folder, 'cut')
  const asked = path.join(bob.machine.folder, 'asked')
  const real = (await bob.machine.run('sh', ['-c', 'command -v git'])).stdout.trim()
  // The network goes when commits are asked for by their ids.
  const script = `#!/bin/sh
case "$GIT_DIR $* " in *"/history fetch "*" --stdin "*) touch "${cut}"; echo >>"${asked}" ;; esac
if [ -e "${cut}" ]; then
  case " $* " in *" fetch "* | *" ls-remote "*) exit 128 ;; esac
fi
exec "${real}" "$@"
`
  await mkdir(bin)
  await writeFile(path.join(bin, 'git'), script, { mode: 0o755 })
  const env = { PATH: `${bin}:${bob.machine.env['PATH'] ?? ''}` }
  t.deepEqual(await sessionsOf(bob, { env }), [])
  t.is(await readFile(asked, 'utf8'), '\n')
  await t.throwsAsync(readFile(await notThere(bob)), { code: 'ENOENT' })
  t.deepEqual(await sessionsOf(bob), [idOf(1)])
})
