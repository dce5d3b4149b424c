/** Where each file of a bundle lies on this machine. */

import test from 'ava'
import { isPlainName, localPath } from '../../src/claude/local-name.ts'
import { backupHash } from '../../src/claude/relocation.ts'
import { linuxHere, otherSession, session, toLinux, windowsHere } from './sample.ts'

const claude = { home: '/root', config: '/root/.claude', platform: 'posix' } as const
const place = (name: string, path?: string, restoreEnv?: boolean) =>
  localPath(claude, linuxHere, name, toLinux, path, restoreEnv)

const lies = test.macro({
  exec: (t, name: string, target: string) => t.is(place(name), `/root/.claude/${target}`),
  title: (_, name: string) => `${name} has its place`,
})

test(lies, 'session.jsonl', `projects/-work-app/${session}.jsonl`)
test(lies, 'session-subdir/subagents/agent-1.jsonl', `projects/-work-app/${session}/subagents/agent-1.jsonl`)
test(
  lies,
  'session-subdir/subagents/workflows/wf/x.json',
  `projects/-work-app/${session}/subagents/workflows/wf/x.json`,
)
test(
  lies,
  'session-subdir/tool-results/pdf-1/page-01.jpg',
  `projects/-work-app/${session}/tool-results/pdf-1/page-01.jpg`,
)
test(lies, 'session-subdir/workflows/wf_1.json', `projects/-work-app/${session}/workflows/wf_1.json`)
test(lies, 'tasks/1.json', `tasks/${session}/1.json`)
test(lies, 'tasks/highwatermark', `tasks/${session}/.highwatermark`)
test(lies, 'todos/agent-1.json', `todos/${session}-agent-1.json`)
test(lies, 'plans/quiet-otter.md', 'plans/quiet-otter.md')
test(lies, 'uploads/x.png', `uploads/${session}/x.png`)
test(lies, 'paste-cache/0123456789abcdef.txt', 'paste-cache/0123456789abcdef.txt')
test(lies, 'file-history/0123456789abcdef@v1', `file-history/${session}/0123456789abcdef@v1`)

test('a checkpoint lies under the hash of its path here', (t) => {
  const name = `${backupHash('/home/ann/app/x')}@v2`
  t.is(
    place(`file-history/${name}`, '/home/ann/app/x'),
    `/root/.claude/file-history/${session}/${backupHash('/work/app/x')}@v2`,
  )
})

test('a fork and Windows have their own places', (t) => {
  const fork = localPath(claude, { ...linuxHere, session: otherSession }, 'tasks/1.json', toLinux, undefined)
  t.is(fork, `/root/.claude/tasks/${otherSession}/1.json`)
  const windows = { home: 'D:\\Home\\Bob', config: windowsHere.config, platform: 'win32' } as const
  t.is(
    localPath(windows, windowsHere, 'session.jsonl', toLinux, undefined),
    `D:\\Home\\Bob\\.claude\\projects\\D--src-app\\${session}.jsonl`,
  )
})

test('what runs code is placed only when asked for, and history rows never', (t) => {
  t.is(place('session-env/sessionstart-hook-0.sh'), null)
  t.is(place('shell-snapshots/snapshot-bash-1-a.sh'), null)
  t.is(place('session-env/x.sh', undefined, true), `/root/.claude/session-env/${session}/x.sh`)
  t.is(place('shell-snapshots/x.sh', undefined, true), '/root/.claude/shell-snapshots/x.sh')
  t.is(place('history.jsonl'), null)
})

for (const name of [
  '',
  '../x',
  'session.jsonl/x',
  'session-subdir/../../settings.json',
  'session-subdir/memory/x.md',
  'session-subdir/workflows/scripts/x.js',
  'plans/../settings.json',
  'plans/x/y.md',
  'plans/x.sh',
  'tasks/.lock',
  'todos/x.json',
  'uploads/.bashrc',
  'uploads/a b',
  'uploads/CON.txt',
  'file-history/x',
  'settings.json',
  'worktree/x',
  '/etc/passwd',
  'uploads/x\\y',
]) {
  test(`${JSON.stringify(name)} has no place`, (t) => t.is(place(name), null))
}

test('a plain name has no trick in it', (t) => {
  for (const good of ['a', 'agent-1.jsonl', '0123456789abcdef@v1', 'a_b-c.d']) t.true(isPlainName(good), good)
  for (const bad of [
    '',
    '.',
    '..',
    '.a',
    'a.',
    'a b',
    'nul',
    'Com1.txt',
    'a/b',
    'ä',
    'a\n',
    'x'.repeat(121),
  ]) {
    t.false(isPlainName(bad), bad)
  }
})
