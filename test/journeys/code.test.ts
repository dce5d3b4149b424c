/** The code goes along: unpushed commits, index and work tree of the laptop, bit for bit on the desktop. */

import { appendFile, chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { dig } from '../support/json.ts'
import { snapshotRepo } from '../support/snapshot-repo.ts'
import { pictureOf } from '../support/work-tree.ts'
import { goOn, listed, makeHome, readTranscript, type Seat, seatAt, session, tell } from './seat.ts'

/** Two commits that were never pushed, and a change of every kind on top. */
async function work({ machine, top }: Seat): Promise<void> {
  const file = (name: string) => path.join(top, name)
  const git = (...args: string[]) => machine.git(top, ...args)
  await mkdir(file('src'))
  await writeFile(file('src/main.c'), 'int main() {\n')
  await writeFile(file('src/old name.c'), 'old\n')
  await writeFile(file('goes'), 'goes\n')
  await writeFile(file('tool'), '#!/bin/sh\n')
  await symlink('src/main.c', file('link'))
  await writeFile(file('.gitignore'), 'build/\n')
  await git('add', '.')
  await git('commit', '--quiet', '--message', 'one')
  await appendFile(file('src/main.c'), '}\n')
  await git('commit', '--quiet', '--all', '--message', 'two')
  await appendFile(file('src/main.c'), '/* staged */\n')
  await git('add', '.')
  await appendFile(file('src/main.c'), '/* not staged */\r\n')
  await git('mv', 'src/old name.c', 'src/new name.c')
  await rm(file('goes'))
  await chmod(file('tool'), 0o755)
  await rm(file('link'))
  await symlink('../nowhere', file('link'))
  await writeFile(file('picture.bin'), Buffer.from([0, 255, 13, 10, 0, 128]))
  await mkdir(file('new/deep'), { recursive: true })
  await writeFile(file('new/deep/a "b"\nc ü 💡.txt'), 'odd\n')
  await writeFile(file('meant'), 'to be added\n')
  await git('add', '--intent-to-add', 'meant')
  await mkdir(file('build'))
  await writeFile(file('build/out'), 'ignored\n')
}

test('code goes from laptop to desktop with commits that were never pushed, and the session goes on beside it', async (t) => {
  const home = await makeHome(t)
  const [laptop, desktop] = [await home.sit('laptop'), await home.sit('desktop')]
  const tale = await tell(laptop)
  await work(laptop)
  const before = await snapshotRepo(path.join(laptop.top, '.git'))
  const sent = await pictureOf(laptop.machine, laptop.top)

  const pushed = await laptop.run(['push', '--with-changes'])
  t.like(pushed['changes'], { branch: 'main', commits: 2, staged: 3, untracked: 2 })
  t.deepEqual(await snapshotRepo(path.join(laptop.top, '.git')), before, 'the repository is as it was')
  t.like(await laptop.run(['push', '--with-changes']), { state: 'same' })
  t.like(await laptop.run(['push']), { state: 'same' }, 'a push that has nothing to say takes nothing away')
  t.like(await listed(laptop, 'status'), { state: 'pushed', changes: true })

  t.deepEqual(dig(await desktop.run(['pull', session]), 'code'), { carried: true, restored: null })
  const there = path.join(desktop.machine.home, 'beside/the app')
  const pulled = await desktop.run(['pull', session, '--worktree', '../../beside/the app'])
  t.like(dig(pulled, 'code', 'restored'), { folder: there, branch: 'main-teleport-5b1e3f2a', commits: 2 })
  const { files, ...rest } = sent
  const { 'build/out': ignored, ...travelled } = files
  t.truthy(ignored)
  t.deepEqual(await pictureOf(desktop.machine, there), { ...rest, files: travelled })

  const beside = seatAt(desktop.machine, there)
  t.true((await readTranscript(beside)).includes(there), 'the session is filed for the new folder')
  await t.throwsAsync(readTranscript(desktop), { code: 'ENOENT' })
  await goOn(tale, beside)
  t.like(await beside.run(['push', session]), { state: 'pushed', seq: 2, changes: null })
  t.deepEqual(dig(await desktop.run(['pull', session]), 'code', 'carried'), false)
  t.like(await laptop.run(['pull', session]), { state: 'fast-forward', seq: 2 })
  t.like(await listed(laptop, 'status'), { state: 'pushed', changes: false })
})
