/** The allow-list of logical names. */

import test from 'ava'
import fc from 'fast-check'
import { findCaseCollision, isLogicalName, isTranscript } from '../../src/bundle/names.ts'
import { logicalNames } from './support.ts'

for (const name of [
  ...logicalNames,
  'session-subdir/subagents/workflows/wf_1.json',
  'session-subdir/workflows/wf_1.json',
  'tasks/highwatermark',
  'plans/calm-river-agent-a1.md',
  'shell-snapshots/snapshot-zsh-1-abc.sh',
  'worktree/changes.patch',
]) {
  test(`a bundle may hold ${name.slice(0, 60)}`, (t) => t.true(isLogicalName(name)))
}

for (const name of [
  '',
  '/session.jsonl',
  'session.jsonl/',
  './session.jsonl',
  '../session.jsonl',
  'Session.jsonl',
  'session.jsonl\n',
  'settings.json',
  '.credentials.json',
  '.git/hooks/post-commit',
  'memory/MEMORY.md',
  'session-subdir/../session.jsonl',
  'session-subdir/subagents/../../x.jsonl',
  'session-subdir/subagents/agent-a1.sh',
  'session-subdir/subagents/a/b/c/d.jsonl',
  'session-subdir/workflows/scripts/run.js',
  'session-subdir/workflows/a/b.json',
  'session-subdir/tool-results/a/b/c/d/e.txt',
  'session-subdir/tool-results/',
  'session-subdir/tool-results/.hidden',
  'session-subdir/tool-results/trailing.',
  'session-subdir/tool-results/with space.txt',
  'session-subdir/tool-results/back\\slash.txt',
  'session-subdir/tool-results/stream:ads',
  'session-subdir/tool-results/git~1',
  'session-subdir/tool-results/‮txt.exe',
  `session-subdir/tool-results/${'n'.repeat(121)}`,
  'file-history/0123456789ABCDEF@v1',
  'file-history/0123456789abcdef',
  'file-history/0123456789abcdef@v1/x',
  'paste-cache/0123456789abcdef.sh',
  'uploads/NUL',
  'uploads/con.txt',
  'uploads/Com1.tar.gz',
  'uploads/lpt9',
  'tasks/.lock',
  'tasks/a.json',
  'session-env/a.txt',
  'worktree/a/b',
]) {
  test(`a bundle may not hold ${JSON.stringify(name).slice(0, 60)}`, (t) => t.false(isLogicalName(name)))
}

test('no legal name has a segment that climbs, hides or is absolute', (t) => {
  const part = fc.constantFrom(
    'session-subdir',
    'tool-results',
    'subagents',
    '..',
    '.',
    '',
    'a',
    'CON',
    'x.jsonl',
    '.git',
  )
  fc.assert(
    fc.property(fc.array(part, { maxLength: 5 }), (parts) => {
      const name = parts.join('/')
      return (
        !isLogicalName(name) ||
        !parts.some((segment) => segment === '' || segment.startsWith('.') || segment === 'CON')
      )
    }),
  )
  t.pass()
})

test('transcripts are the session and its subagents', (t) => {
  t.deepEqual(
    logicalNames.filter((name) => isTranscript(name)),
    [
      'session.jsonl',
      'session-subdir/subagents/agent-a1.jsonl',
      'session-subdir/subagents/workflows/wf_1/journal.jsonl',
    ],
  )
})

test('names that differ in case only are found', (t) => {
  t.deepEqual(findCaseCollision(['uploads/a', 'uploads/b', 'uploads/A']), ['uploads/a', 'uploads/A'])
  t.is(findCaseCollision(['uploads/a', 'uploads/a', 'uploads/b']), undefined)
})
