/** The record of a background session. */

import test from 'ava'
import { parseRunRecord, type RunRecord, waitingStep } from '../../src/bundle/run-record.ts'
import { failsWith, oid, saved, session, survivesDamage } from './support.ts'

const record: RunRecord = {
  format: 1,
  session,
  prompt: '-x\nand more',
  name: null,
  branch: 'run/5b1e3f2a',
  base: oid('a'),
  worktree: '/home/ada/.local/share/git-teleport/worktrees/app-1/5b1e3f2a',
  remote: null,
  push: true,
  to: ['me'],
  yes: false,
  program: '/usr/bin/claude',
  options: [['--permission-mode', 'acceptEdits']],
  resumes: false,
  phase: 'ended',
  supervisor: { pid: 4711, start: '123', host: 'laptop', boot: 'b' },
  client: null,
  started: '2026-11-20T12:00:00Z',
  ended: '2026-11-20T12:01:00Z',
  exitCode: 0,
  signal: null,
  stopped: false,
  problem: null,
  commit: waitingStep,
  tip: oid('b'),
  branchPush: { state: 'failed', problem: { message: 'no', hint: null } },
  sessionPush: { state: 'done', problem: null },
  readableBy: ['you'],
  pulled: null,
}

test('the record of a background session comes back as it was saved', (t) => {
  t.deepEqual(parseRunRecord(saved(record)), record)
})

for (const [what, change] of Object.entries({
  'a branch that is an option': { branch: '--upload-pack=x' },
  'a work tree that is not absolute': { worktree: '../x' },
  'an option that is none': { options: [['rm', '-rf']] },
  'an unknown phase': { phase: 'odd' },
  'a process without a number': { client: { ...record.supervisor, pid: 0 } },
  'no session': { session: '../../x' },
})) {
  test(`a record of a background session with ${what} is damaged`, (t) =>
    failsWith(t, 'store-damaged', () => parseRunRecord(saved({ ...record, ...change }))))
}

test('mutated records of background sessions are refused, never more', async (t) => {
  await survivesDamage(record, parseRunRecord)
  t.pass()
})
