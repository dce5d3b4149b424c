/** Our hooks beside the real husky, lefthook, git-lfs and pre-commit, and what else may share a folder of hooks. */

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { hookTools, installHookTools } from '../support/hook-tools.ts'
import { must } from '../support/sandbox.ts'
import { needTool, skip } from '../support/tools.ts'
import {
  body,
  installAs,
  linksOf,
  hookNames as names,
  pictureOf,
  statesIn,
  travel,
  type Way,
  writeHook,
} from './hook-travel.ts'
import { filesBelow, makeHome, type Seat, seatAt, session, tell } from './seat.ts'

for (const tool of ['husky', 'lefthook'] as const) {
  test(`commits are noted beside ${tool}`, async (t) => {
    const programs = await installHookTools().catch((error: unknown) => {
      skip(t, `${hookTools.join(', ')} cannot be had: ${String(error).slice(0, 300)}`)
    })
    if (programs === undefined) return
    await travel(t, tool === 'husky' ? huskyWay(programs) : lefthookWay(programs))
  })
}

function huskyWay(programs: string): Way {
  return {
    theirs: names,
    async prepare(seat) {
      must(await seat.machine.run(path.join(programs, 'husky'), [], { cwd: seat.top }), 'husky')
      for (const name of names) await writeHook(path.join(seat.top, '.husky', name), body(name), 0o644)
      return seat
    },
  }
}

function lefthookWay(programs: string): Way {
  return {
    theirs: names,
    async prepare(seat) {
      const yaml = names.map((name) => {
        const stdin = name === 'post-commit' ? '' : '\n      use_stdin: true'
        return `${name}:\n  scripts:\n    "${name}.sh":\n      runner: sh${stdin}\n`
      })
      await writeFile(path.join(seat.top, 'lefthook.yml'), yaml.join(''))
      for (const name of names) {
        await writeHook(path.join(seat.top, '.lefthook', name, `${name}.sh`), body(name), 0o755)
      }
      const options = { cwd: seat.top }
      must(await seat.machine.run(path.join(programs, 'lefthook'), ['install'], options), 'lefthook install')
      return seat
    },
  }
}

test('commits are noted beside git-lfs, which still sends what it keeps', async (t) => {
  if (!needTool(t, 'git-lfs')) return
  await travel(t, {
    theirs: [],
    async prepare(seat) {
      await seat.machine.git(seat.top, 'lfs', 'install', '--local')
      await seat.machine.git(seat.top, 'lfs', 'track', '* one')
      await seat.machine.git(seat.top, 'add', '.gitattributes')
      await seat.machine.git(seat.top, 'commit', '--quiet', '--message', 'track')
      return seat
    },
    async worked(tt, home, word) {
      const kept = path.join(home.remote, 'lfs/objects')
      tt.deepEqual(
        [...(await filesBelow(kept)).values()].map((bytes) => bytes.toString()),
        [`${word} one`],
        'its pre-push was told what is pushed',
      )
      await rm(kept, { recursive: true })
    },
  })
})

const preCommitConfig = `repos:
  - repo: local
    hooks:
      - id: witness
        name: witness
        language: system
        always_run: true
        pass_filenames: false
        stages: [post-commit, post-rewrite, push]
        entry: sh -c 'echo "\${PRE_COMMIT_REWRITE_COMMAND:+post-rewrite }\${PRE_COMMIT_REMOTE_NAME:+pre-push }by pre-commit" >>"$HOME/ran"'
`

async function preCommit({ machine, top }: Seat): Promise<void> {
  await writeFile(path.join(top, '.pre-commit-config.yaml'), preCommitConfig)
  const types = names.flatMap((name) => ['--hook-type', name])
  must(await machine.run('pre-commit', ['install', ...types], { cwd: top }), 'pre-commit install')
}

test('commits are noted beside pre-commit', async (t) => {
  if (!needTool(t, 'pre-commit')) return
  await travel(t, {
    theirs: ['by', 'post-rewrite', 'pre-push'],
    async prepare(seat) {
      await preCommit(seat)
      return seat
    },
  })
})

test('pre-commit that comes after us moves our hooks aside and runs them, and uninstall finds them there', async (t) => {
  if (!needTool(t, 'pre-commit')) return
  const home = await makeHome(t)
  const seat = await home.sit('laptop')
  await tell(seat, { bytes: 3000 })
  await writeHook(path.join(seat.top, '.git/hooks/post-commit'), `#!/bin/sh\n${body('post-commit')}`, 0o755)
  await installAs(seat, 'files')
  await preCommit(seat)
  t.deepEqual(new Set(statesIn((await seat.run(['hook', 'status']))['hooks'])), new Set(['chained']))
  t.is((await seat.run(['hook', 'status']))['installed'], 'yes')
  const made = await commit(seat, 'beside both')
  t.deepEqual(
    (await notedAt(seat)).map((link) => link.commit),
    [made],
  )
  const ran = async () => (await readFile(path.join(seat.machine.home, 'ran'), 'utf8')).split('\n').sort()
  t.deepEqual(await ran(), ['', 'by pre-commit', 'post-commit 0:'])

  await seat.run(['hook', 'uninstall'])
  const hooks = path.join(seat.top, '.git/hooks')
  const legacy = [...(await filesBelow(hooks)).keys()].filter((name) => name.endsWith('.legacy'))
  t.deepEqual(legacy, ['post-commit.legacy'], 'what was only ours is gone')
  t.is(await readFile(path.join(hooks, 'post-commit.legacy'), 'utf8'), `#!/bin/sh\n${body('post-commit')}`)
  await commit(seat, 'beside pre-commit alone')
  t.is((await notedAt(seat)).length, 1)
  t.deepEqual(await ran(), ['', 'by pre-commit', 'by pre-commit', 'post-commit 0:', 'post-commit 0:'])
})

test('a folder of hooks that several repositories share keeps the lines until the last one lets go', async (t) => {
  const home = await makeHome(t)
  const one = await home.sit('laptop')
  const { machine } = one
  const other = seatAt(machine, path.join(machine.home, 'other'))
  const third = seatAt(machine, path.join(machine.home, 'third'))
  for (const { top } of [other, third]) await machine.git(machine.home, 'clone', '--quiet', home.remote, top)
  const shared = path.join(machine.home, 'my hooks')
  await writeHook(path.join(shared, 'post-commit'), `#!/bin/sh\n${body('post-commit')}`, 0o755)
  await machine.git(machine.home, 'config', '--global', 'core.hooksPath', shared)
  const before = await filesBelow(shared)
  for (const seat of [one, other]) {
    await tell(seat, { bytes: 3000 })
    await installAs(seat, 'files')
  }
  for (const seat of [one, other, third]) await commit(seat, 'with both')
  t.is((await notedAt(one)).length, 1)
  t.is((await notedAt(other)).length, 1)
  await t.throwsAsync(notedAt(third), { code: 'ENOENT' }, 'where nobody asked for hooks nothing is noted')

  await one.run(['hook', 'uninstall'])
  t.is((await one.run(['hook', 'status']))['installed'], 'partly', 'the lines are there, for the other one')
  for (const seat of [one, other]) await commit(seat, 'with one')
  t.is((await notedAt(one)).length, 1)
  t.is((await notedAt(other)).length, 2)
  await other.run(['hook', 'uninstall'])
  t.deepEqual(await filesBelow(shared), before)
  for (const seat of [one, other]) t.is((await seat.run(['hook', 'status']))['installed'], 'no')
  const ran = await readFile(path.join(machine.home, 'ran'), 'utf8')
  t.is(ran, 'post-commit 0:\n'.repeat(5), 'their own hook ran every time')
})

test('uninstall takes the hooks out of every repository that has them', async (t) => {
  const home = await makeHome(t)
  const one = await home.sit('laptop')
  const { machine } = one
  const other = seatAt(machine, path.join(machine.home, 'other'))
  await machine.git(machine.home, 'clone', '--quiet', home.remote, other.top)
  await writeHook(path.join(other.top, '.git/hooks/pre-push'), `#!/bin/sh\n${body('pre-push')}`, 0o755)
  await other.machine.git(other.top, 'config', 'core.hooksPath', '.git/hooks')
  const before = [await pictureOf(one), await pictureOf(other)]
  for (const seat of [one, other]) await installAs(seat, 'files')
  await rm(path.join(one.top, '.git/hooks/post-rewrite'))
  const asked = await one.refused(['uninstall'])
  t.like(asked, { code: 'needs-confirmation' })
  t.is((await other.run(['hook', 'status']))['installed'], 'yes')
  // From elsewhere: neither of them is the repository that one is in.
  const nowhere = path.join(machine.home, 'nowhere')
  await mkdir(nowhere)
  const { removed } = await seatAt(machine, nowhere).run(['uninstall', '--yes'])
  t.true(Array.isArray(removed))
  const told = String(removed)
  t.true(told.includes(`post-commit, pre-push hook of ${path.join(one.top, '.git')}`), told)
  t.true(told.includes(`post-commit, post-rewrite, pre-push hook of ${path.join(other.top, '.git')}`), told)
  t.deepEqual([await pictureOf(one), await pictureOf(other)], before)
  await commit(one, 'with none')
})

async function notedAt(seat: Seat) {
  await seat.run(['status'])
  return linksOf(seat)
}

async function commit({ machine, top }: Seat, message: string): Promise<string> {
  const args = ['commit', '--quiet', '--allow-empty', '--message', message]
  const env = { CLAUDE_CODE_SESSION_ID: session }
  const ran = must(await machine.run('git', args, { cwd: top, env }), 'git commit')
  if (!/^$|Passed/.test(ran.stdout + ran.stderr)) throw new Error(ran.stdout + ran.stderr)
  return machine.git(top, 'rev-parse', 'HEAD')
}
