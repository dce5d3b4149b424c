/** A session goes from one member to another and back: whose bytes stay, what is left out, and what is said. */

import { existsSync } from 'node:fs'
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { runWorker } from '../../src/core/hook-worker.ts'
import { teleport, worldOf } from '../support/in-process.ts'
import { dig, isRecord, parseRows } from '../support/json.ts'
import { must } from '../support/sandbox.ts'
import { pictureOf } from '../support/work-tree.ts'
import { backups, forget, goOn, readTranscript, session, tell, transcriptOf } from './seat.ts'
import { makeTeam } from './team.ts'

test('ada hands a session to ben and takes it back: her bytes stay, his are sanitised wherever she goes', async (t) => {
  const team = await makeTeam(t)
  const ada = await team.sit('ada')
  const ben = await team.sit('ben')
  const tablet = await team.sit('ada-tablet', ada)
  await team.admit(ada, [
    { seat: ada, principal: 'ada@example.org' },
    { seat: ben, principal: 'ben@example.org' },
  ])
  const tale = await tell(ada)
  t.like(await ada.run(['push', '--to', 'team', '--yes']), { state: 'pushed' })
  const told = await readTranscript(ada)

  const first = await ben.run(['pull', session])
  t.like(first, { state: 'new', tier: 'sanitised', writers: ['ada@example.org'] })
  t.like(first['signer'], { kind: 'member', own: false, principal: 'ada@example.org' })
  t.like(first['from'], { principal: 'ada@example.org' })
  t.true(isRecord(first['dropped']) && Number(first['dropped']['prompt-history']) > 0)
  const atBen = await readTranscript(ben)
  t.true(atBen.length < told.length)
  const kinds = new Set(parseRows(atBen.toString()).map((row) => row['type']))
  t.false(['mode', 'permission-mode', 'worktree-state'].some((kind) => kinds.has(kind)))

  await goOn(tale, ben, 9000)
  await appendFile(
    transcriptOf(ben),
    `${JSON.stringify({ type: 'permission-mode', permissionMode: 'bypassPermissions', sessionId: session })}\n`,
  )
  t.like(await ben.run(['push', session, '--yes']), { state: 'pushed', seq: 2 })

  const back = await ada.run(['pull', session])
  t.like(back, { state: 'fast-forward', tier: 'sanitised', writers: ['ben@example.org'] })
  t.true(isRecord(back['dropped']) && Number(back['dropped']['permission-mode']) > 1)
  const after = await readTranscript(ada)
  t.true(after.subarray(0, told.length).equals(told), 'her own bytes are as they were')
  t.true(after.length > told.length)
  t.false(after.includes('bypassPermissions'))
  t.like(await ada.run(['pull', session]), { state: 'same' })

  await goOn(tale, ada, 6000)
  const third = await ada.run(['push', session])
  t.like(third, { state: 'pushed', seq: 3 })
  t.true(Number(third['bytesAdded']) < 60_000)
  const atAda = await readTranscript(ada)

  const carried = await tablet.run(['pull', session])
  t.like(carried, { state: 'new', tier: 'sanitised', writers: ['ben@example.org'] })
  t.like(carried['signer'], { kind: 'own', own: true })
  t.deepEqual(carried['dropped'], back['dropped'])
  t.false((await readTranscript(tablet)).includes('bypassPermissions'), 'carried on by her, it is still his')
  t.is(linesOf(await readTranscript(tablet)), linesOf(atAda))

  t.like(await ben.run(['pull', session]), { state: 'fast-forward', writers: ['ada@example.org'] })
  await goOn(tale, ben, 5000)
  await ben.run(['push', session, '--yes'])
  t.like(await ada.run(['pull', session]), { state: 'fast-forward' })
  const last = await readTranscript(ada)
  t.true(last.subarray(0, atAda.length).equals(atAda))
  // A machine without a record knows her segments by her commits below his: had it not, rows would be missing.
  await forget(tablet)
  t.like(await tablet.run(['pull', session, '--force']), { tier: 'sanitised', writers: ['ben@example.org'] })
  t.is(linesOf(await readTranscript(tablet)), linesOf(last))
})

test('both go on at once: the second is told what each side has, and every way out keeps both', async (t) => {
  const team = await makeTeam(t)
  const ada = await team.sit('ada')
  const ben = await team.sit('ben')
  await team.admit(ada, [
    { seat: ada, principal: 'ada@example.org' },
    { seat: ben, principal: 'ben@example.org' },
  ])
  const tale = await tell(ada, { bytes: 30_000 })
  await ada.run(['push', '--to', 'team', '--yes'])
  await ben.run(['pull', session])
  const before = tale.cursor
  await goOn(tale, ada)
  tale.cursor = before
  await goOn(tale, ben, 6000)
  await ada.run(['push', session])
  const mine = await readTranscript(ben)
  const theirs = await readTranscript(ada)
  for (const argv of [
    ['push', session, '--yes'],
    ['pull', session],
  ]) {
    const failure = await ben.refused(argv)
    t.like(failure, { exitCode: 5, code: 'diverged' })
    t.regex(
      failure.message,
      /here \(\d+ messages, last written \S+Z\) and by ada@example\.org on ada \(push 2, \S+Z, \d+ messages\)$/,
    )
    for (const way of ['pull --fork', 'push --fork', 'pull --force', 'push --force'])
      t.true(failure.hint.includes(`git teleport ${way} ${session}`))
  }
  t.true((await readTranscript(ben)).equals(mine), 'nothing of his is touched')
  const forked = await ben.run(['pull', session, '--fork'])
  t.like(forked, { state: 'new', tier: 'sanitised' })
  t.true((await readTranscript(ben)).equals(mine))
  t.true((await readTranscript(ada)).equals(theirs))
  const fork = await readFile(String(forked['transcript']), 'utf8')
  t.true(linesOf(fork) > 10 && !fork.includes(`"sessionId":"${session}"`))
  t.like(await ben.run(['push', session, '--force', '--yes']), { state: 'pushed', seq: 3 })
  t.like(await ada.run(['pull', session]), { state: 'fast-forward', tier: 'sanitised' })
  t.true(
    (await backups(ada)).some((kept) => kept.equals(theirs)),
    'hers is in the backup',
  )
})

test('the code of another member is shown and asked about before it is put anywhere, and then it is theirs bit for bit', async (t) => {
  const team = await makeTeam(t)
  const ada = await team.sit('ada')
  const ben = await team.sit('ben')
  await team.admit(ada, [
    { seat: ada, principal: 'ada@example.org' },
    { seat: ben, principal: 'ben@example.org' },
  ])
  await ben.machine.git(ben.top, 'pull', '--quiet')
  await tell(ada)
  await writeFile(path.join(ada.top, 'never pushed.c'), 'int main() {}\n')
  await ada.machine.git(ada.top, 'add', '.')
  await ada.machine.git(ada.top, 'commit', '--quiet', '--message', 'never pushed')
  await writeFile(path.join(ada.top, 'staged.sh'), '#!/bin/sh\n', { mode: 0o755 })
  await ada.machine.git(ada.top, 'add', '.')
  await appendFile(path.join(ada.top, 'README.md'), Buffer.from([0, 13, 10, 255]))
  await writeFile(path.join(ada.top, 'untracked'), 'new\n')
  const sent = await pictureOf(ada.machine, ada.top)
  t.like(await ada.run(['push', '--to', 'team', '--yes', '--with-changes']), { state: 'pushed' })

  const before = await pictureOf(ben.machine, ben.top)
  const there = path.join(ben.machine.home, 'beside')
  const stat = [
    / README\.md +\| /,
    / never pushed\.c +\| +1 \+\n/,
    / staged\.sh +\| +1 \+\n/,
    / untracked +\| +1 \+\n/,
    / 4 files changed/,
  ]
  const pull = (...more: string[]) =>
    teleport(ben.machine, ['pull', session, ...more, '--json'], { cwd: ben.top, ...team.managed })
  for (const how of [['--checkout'], ['--worktree', there]]) {
    const told = await pull(...how)
    t.is(told.exitCode, 2)
    t.is(dig(told.json(), 'error', 'code'), 'needs-confirmation')
    for (const line of stat) t.regex(told.stderr, line)
  }
  t.deepEqual(await pictureOf(ben.machine, ben.top), before)
  t.false(existsSync(there))
  await t.throwsAsync(readTranscript(ben), { code: 'ENOENT' }, 'nor is the conversation')
  const looked = await pull('--worktree', there, '--dry-run')
  t.is(looked.exitCode, 0)
  for (const line of stat) t.regex(looked.stderr, line)

  const done = await pull('--worktree', there, '--yes')
  t.is(done.exitCode, 0, done.stderr)
  for (const line of stat) t.regex(done.stderr, line)
  t.like(done.json(), { tier: 'sanitised', code: { restored: { folder: there, commits: 1 } } })
  t.deepEqual(await pictureOf(ben.machine, there), sent)
  t.deepEqual(await pictureOf(ben.machine, ben.top), before)
})

test('a policy keeps code at home, and stops what nobody asked for', async (t) => {
  const team = await makeTeam(t)
  const ada = await team.sit('ada')
  await mkdir(path.join(ada.top, '.teleport'))
  const rules = '[teleport]\n\tallowChanges = false\n\tallowAutomation = false\n'
  await writeFile(path.join(ada.top, '.teleport/config'), rules)
  await team.admit(ada, [{ seat: ada, principal: 'ada@example.org' }])
  await tell(ada)
  await writeFile(path.join(ada.top, 'mine'), 'mine\n')
  const refused = await ada.refused(['push', '--with-changes'])
  t.like(refused, { exitCode: 6, code: 'not-allowed' })
  t.regex(refused.message, /^teleport\.allowChanges in the policy of the repository keeps /)
  t.is(await ada.machine.git(ada.top, 'ls-remote', 'origin', 'refs/teleport/*'), '', 'nothing was sent')
  t.like(await ada.run(['push']), { state: 'pushed', seq: 1 })

  await ada.run(['hook', 'install'])
  await ada.run(['config', 'auto', 'push'])
  const commit = async () => {
    const args = ['commit', '--quiet', '--allow-empty', '--message', 'x']
    // The program that the hook would start is none, since the test is the worker.
    const env = { CLAUDE_CODE_SESSION_ID: session, PATH: '/usr/bin:/bin' }
    must(await ada.machine.run('git', args, { cwd: ada.top, env }), 'git commit')
  }
  const work = async () => {
    let now = Date.now()
    const options = { cwd: ada.top, ...team.managed, now: () => new Date(now) }
    await runWorker(worldOf(ada.machine, options), {
      wait: async (ms) => {
        now += ms
      },
    })
  }
  await commit()
  await work()
  const unsent = async () => dig(await ada.run(['status']), 'automation', 'unsent')
  t.is(await unsent(), 1)
  t.like(await ada.run(['push', '--dry-run']), { seq: 2 })
  // The policy that this machine accepted last is what counts, so it has to see the new one first.
  await writeFile(path.join(ada.top, '.teleport/config'), '[teleport]\n\tallowChanges = true\n')
  await team.admit(ada, [{ seat: ada, principal: 'ada@example.org' }])
  await work()
  t.is(await unsent(), 1)
  await ada.run(['policy'])
  await work()
  t.is(await unsent(), 0)
  t.like(await ada.run(['push', '--with-changes']), { state: 'pushed', seq: 3, changes: { untracked: 1 } })
})

const linesOf = (text: string | Buffer) => text.toString().split('\n').length
