/** The code goes along: unpushed commits, index and work tree of the laptop, bit for bit on the desktop. */

import { existsSync } from 'node:fs'
import { appendFile, chmod, mkdir, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import { teleport } from '../support/in-process.ts'
import { dig } from '../support/json.ts'
import { step, take } from '../support/random-work.ts'
import { must } from '../support/sandbox.ts'
import { snapshotRepo } from '../support/snapshot-repo.ts'
import { pictureOf } from '../support/work-tree.ts'
import { killedAt } from './killed-at.ts'
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

test('random work goes through a push and a pull bit for bit, index included', async (t) => {
  const home = await makeHome(t)
  const [laptop, desktop] = [await home.sit('laptop'), await home.sit('desktop')]
  const { machine, top } = laptop
  const tale = await tell(laptop, { bytes: 3000 })
  const start = await machine.git(top, 'rev-parse', 'HEAD')
  let run = 0
  const work = fc.array(step, { minLength: 1, maxLength: 10 })
  await fc.assert(
    fc.asyncProperty(work, fc.boolean(), async (steps, branch) => {
      run += 1
      await machine.git(
        top,
        'checkout',
        '--quiet',
        '--force',
        ...(branch ? ['-B', 'work'] : ['--detach']),
        start,
      )
      await machine.git(top, 'clean', '--quiet', '-ffdx')
      for (const each of steps) await take(laptop, each).catch(() => undefined)
      await goOn(tale, laptop, 500)
      const sent = await pictureOf(machine, top)
      await laptop.run(['push', session, '--with-changes'])
      const there = path.join(desktop.machine.home, `copy-${run}`)
      await desktop.run(['pull', session, '--worktree', there, '--force'])
      t.deepEqual(await pictureOf(desktop.machine, there), sent)
    }),
    { numRuns: 8 },
  )
})

test('a checkout takes the place of a clean work tree only, moves its branch forward, and can be taken back', async (t) => {
  const home = await makeHome(t)
  const [laptop, desktop] = [await home.sit('laptop'), await home.sit('desktop')]
  const { machine, top } = desktop
  await tell(laptop)
  await work(laptop)
  await laptop.run(['push', '--with-changes'])
  const clean = await pictureOf(machine, top)
  await writeFile(path.join(top, 'README.md'), 'mine\n')
  await writeFile(path.join(top, 'mine'), 'mine\n')
  const mine = await pictureOf(machine, top)
  const pull = ['pull', session, '--checkout']
  const refused = await desktop.refused(pull)
  t.like(refused, { exitCode: 7, code: 'not-clean' })
  t.regex(refused.message, /2 paths changed or untracked/)
  t.regex(refused.hint, /^git stash push/)
  t.deepEqual(await pictureOf(machine, top), mine)
  await t.throwsAsync(readTranscript(desktop), { code: 'ENOENT' }, 'the session is not here either')

  const done = await desktop.run([...pull, '--yes'])
  t.like(dig(done, 'code', 'restored'), { folder: top, branch: 'main', from: 'main', isNew: false })
  const { files, ...rest } = await pictureOf(laptop.machine, laptop.top)
  const { 'build/out': _, ...travelled } = files
  t.deepEqual(await pictureOf(machine, top), { ...rest, files: travelled })
  t.is(await machine.git(top, 'symbolic-ref', 'HEAD'), 'refs/heads/main')
  t.true((await readTranscript(desktop)).includes(top))

  const commands = dig(done, 'code', 'restored', 'wayBack')
  if (!Array.isArray(commands)) return t.fail()
  const [apart, aside, back, ...mineAgain] = commands
  for (const line of [apart, aside, back])
    must(await machine.run('sh', ['-c', String(line)], { cwd: top }), String(line))
  t.deepEqual(await pictureOf(machine, top), clean)
  for (const line of mineAgain)
    must(await machine.run('sh', ['-c', String(line)], { cwd: top }), String(line))
  t.deepEqual(await pictureOf(machine, top), mine)
})

test('a branch that went another way is left alone, and what is ignored here is not overwritten', async (t) => {
  const home = await makeHome(t)
  const [laptop, desktop] = [await home.sit('laptop'), await home.sit('desktop')]
  const { machine, top } = desktop
  await tell(laptop)
  await work(laptop)
  await laptop.run(['push', '--with-changes'])
  await writeFile(path.join(top, 'own'), 'own\n')
  await machine.git(top, 'add', '.')
  await machine.git(top, 'commit', '--quiet', '--message', 'own')
  const own = await machine.git(top, 'rev-parse', 'main')
  await writeFile(path.join(top, '.git/info/exclude'), 'picture.bin\n')
  await writeFile(path.join(top, 'picture.bin'), 'mine\n')
  const before = await pictureOf(machine, top)
  const inTheWay = await desktop.refused(['pull', session, '--checkout'])
  t.like(inTheWay, { exitCode: 7, code: 'not-clean' })
  t.regex(inTheWay.message, /^picture\.bin is in the way/)
  t.deepEqual(await pictureOf(machine, top), before)
  await rm(path.join(top, 'picture.bin'))
  await writeFile(path.join(top, '.git/info/exclude'), '')

  const told = await teleport(machine, ['pull', session, '--checkout'], { cwd: top })
  t.is(told.exitCode, 0, told.stderr)
  t.regex(
    told.stderr,
    /branch main went another way here and is left as it is; the commits are on main-teleport-5b1e3f2a/,
  )
  t.regex(
    told.stdout,
    /put the code at .* on branch main-teleport-5b1e3f2a in .*: 2 commits that the remote does not have/,
  )
  t.is(await machine.git(top, 'rev-parse', 'main'), own)
  t.is(await machine.git(top, 'symbolic-ref', '--short', 'HEAD'), 'main-teleport-5b1e3f2a')
  const { files, ...rest } = await pictureOf(laptop.machine, laptop.top)
  const { 'build/out': _, ...travelled } = files
  t.deepEqual(await pictureOf(machine, top), { ...rest, files: travelled })
})

test('each check has its own message: the folder, the commit, the project', async (t) => {
  const home = await makeHome(t)
  const [laptop, desktop] = [await home.sit('laptop'), await home.sit('desktop')]
  await tell(laptop)
  // The remote is thought to have a commit that it has lost.
  await laptop.machine.git(laptop.top, 'commit', '--quiet', '--allow-empty', '--message', 'lost')
  await laptop.machine.git(laptop.top, 'update-ref', 'refs/remotes/origin/main', 'HEAD')
  await laptop.run(['push', '--with-changes'])
  const lost = await desktop.refused(['pull', session, '--worktree', '../new'])
  t.like(lost, { exitCode: 3, code: 'commit-missing' })
  t.regex(lost.message, /^commit [0-9a-f]{40}, on branch main is neither here nor on origin/)
  const there = await desktop.refused(['pull', session, '--worktree', '.'])
  t.like(there, { exitCode: 7, code: 'folder-exists' })

  await laptop.machine.git(laptop.top, 'push', '--quiet', '--force', 'origin', 'HEAD:main')
  const { machine, top } = desktop
  t.like(await desktop.refused(['pull', session, '--worktree', '../new', '--dry-run']), {
    code: 'commit-missing',
  })
  await machine.git(top, 'fetch', '--quiet')
  t.like(dig(await desktop.run(['pull', session, '--worktree', '../new', '--dry-run']), 'code', 'restored'), {
    branch: 'main-teleport-5b1e3f2a',
  })
  const other = path.join(machine.home, 'other')
  await machine.git(machine.home, 'init', '--quiet', 'other')
  await machine.git(other, 'commit', '--quiet', '--allow-empty', '--message', 'another project')
  await machine.git(other, 'remote', 'add', 'origin', home.remote)
  const elsewhere = seatAt(machine, other)
  const wrong = await elsewhere.refused(['pull', session, '--worktree', '../forced'])
  t.like(wrong, { exitCode: 6, code: 'wrong-binding' })
  t.like(await elsewhere.refused(['pull', session, '--force']), { code: 'wrong-binding' })
  const forced = await elsewhere.run(['pull', session, '--worktree', '../forced', '--force'])
  t.like(dig(forced, 'code', 'restored'), { branch: 'main-teleport-5b1e3f2a' })
})

/** Where the code's journal, the user's work trees and their refs change. */
const codeSteps =
  /code\.json|gitdir|rename .*\.git-teleport-|worktree,add|read-tree|add,--intent|update-ref|symbolic-ref/

test('a pull of code that is killed leaves no half work tree, and the next command puts all in order', async (t) => {
  const home = await makeHome(t)
  const [laptop, desktop] = [await home.sit('laptop'), await home.sit('desktop')]
  const { machine, top } = desktop
  await tell(laptop)
  await work(laptop)
  await laptop.run(['push', '--with-changes'])
  const { files, ...rest } = await pictureOf(laptop.machine, laptop.top)
  const { 'build/out': _, ...travelled } = files
  const sent = { ...rest, files: travelled }
  const clean = await pictureOf(machine, top)
  const there = path.join(machine.home, 'beside/new')
  const worktrees = async () => (await machine.git(top, 'worktree', 'list')).split('\n').length
  const seen = new Set<string>()

  const beside = ['pull', session, '--worktree', there]
  const afterWorktree = async (about: string) => {
    await desktop.run(['pull', session])
    const whole = existsSync(there)
    seen.add(`worktree ${whole}`)
    if (whole) t.deepEqual(await pictureOf(machine, there), sent, about)
    t.is(await worktrees(), whole ? 2 : 1, about)
    t.false(
      (await readdir(machine.home, { recursive: true })).some((name) => name.includes('.git-teleport-')),
      about,
    )
    t.deepEqual(await pictureOf(machine, top), clean, about)
  }
  await killedAt(t, home, desktop, beside, 4, afterWorktree, codeSteps)

  const afterCheckout = async (about: string) => {
    await desktop.run(['pull', session])
    const now = await pictureOf(machine, top)
    seen.add(`checkout ${now.head === sent.head}`)
    t.deepEqual(now, now.head === sent.head ? sent : clean, about)
    t.is(await machine.git(top, 'symbolic-ref', 'HEAD'), 'refs/heads/main', about)
  }
  await killedAt(t, home, desktop, ['pull', session, '--checkout'], 4, afterCheckout, codeSteps)
  t.deepEqual([...seen].sort(), ['checkout false', 'checkout true', 'worktree false', 'worktree true'])
})
