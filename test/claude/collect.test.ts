/** What belongs to a session, as files of a bundle. */

import { appendFileSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { type Collected, collectSession } from '../../src/claude/collect.ts'
import type { ClaudeHome } from '../../src/claude/home.ts'
import { findSession } from '../../src/claude/locate.ts'
import { isMaterial, tailIsMaterial } from '../../src/claude/material.ts'
import { readRange } from '../../src/claude/session-file.ts'
import { hasCode } from '../../src/errors.ts'
import { joined, session, temporary, temporaryHome, transcript } from './sample.ts'

async function collect(claude: ClaudeHome, previousScan: unknown = null): Promise<Collected> {
  const [file] = await findSession(claude, session)
  if (!file) throw new Error('no session')
  return collectSession(claude, file, { top: '/home/ann/app', previousScan })
}

const names = (collected: Collected) => collected.files.map((file) => file.name).sort()

async function contentOf(collected: Collected, name: string): Promise<string> {
  const file = collected.files.find((each) => each.name === name)
  return file ? (await joined(file.read(0, file.size))).toString() : '(none)'
}

const project = (claude: ClaudeHome) => path.join(claude.config, 'projects/-home-ann-app')

test('everything of the sample is collected, and nothing of other sessions', async (t) => {
  const claude = temporaryHome(t)
  const collected = await collect(claude)
  t.deepEqual(names(collected), [
    'file-history/72072de1c82dee5c@v1',
    'file-history/72072de1c82dee5c@v2',
    'history.jsonl',
    'paste-cache/0123456789abcdef.txt',
    'plans/quiet-otter.md',
    'session-env/sessionstart-hook-0.sh',
    'session-subdir/subagents/agent-a1b2c3d4.jsonl',
    'session-subdir/subagents/agent-a1b2c3d4.meta.json',
    'session-subdir/tool-results/b1x2y3.txt',
    'session-subdir/workflows/wf_01.json',
    'session.jsonl',
    'tasks/1.json',
    'tasks/highwatermark',
    `todos/agent-${session}.json`,
    'uploads/sketch.txt',
  ])
  t.deepEqual(collected.origin, {
    platform: 'posix',
    home: claude.home,
    config: claude.config,
    root: '/home/ann/app',
    cwd: '/home/ann/app',
    projectDir: '-home-ann-app',
  })
  t.false(collected.live)
  t.is(await contentOf(collected, 'session.jsonl'), transcript('linux').toString())
  const backup = collected.files.find((file) => file.name.endsWith('@v1'))
  t.is(backup?.path, '/home/ann/app/src/app.js')
})

test('history rows are this session’s only, as they are', async (t) => {
  const text = await contentOf(await collect(temporaryHome(t)), 'history.jsonl')
  t.is(text.split('\n').length, 3)
  t.true(text.includes('Make it greet') && text.includes('What is in notes.md?'))
})

test('what a bundle cannot carry is skipped and named', async (t) => {
  const claude = temporaryHome(t)
  const results = path.join(project(claude), session, 'tool-results')
  symlinkSync('/etc/passwd', path.join(results, 'link.txt'))
  symlinkSync('/etc', path.join(results, 'folder'))
  writeFileSync(path.join(results, 'CON.txt'), '')
  symlinkSync('/etc/passwd', path.join(claude.config, 'file-history', session, '0123456789abcdef@v1'))
  const collected = await collect(claude)
  t.deepEqual(collected.skipped.map((file) => path.basename(file)).sort(), [
    '0123456789abcdef@v1',
    'CON.txt',
    'folder',
    'link.txt',
    'name with spaces.txt',
    'wf_01.js',
  ])
  t.false(names(collected).some((name) => name.includes('passwd') || name.includes('link')))
})

test('a file that is being written is cut at its last line feed', async (t) => {
  const claude = temporaryHome(t)
  const agent = path.join(project(claude), session, 'subagents/agent-a1b2c3d4.jsonl')
  const before = readFileSync(agent, 'utf8')
  appendFileSync(agent, '{"type":"assist')
  appendFileSync(path.join(project(claude), `${session}.jsonl`), `{"x":"${'y'.repeat(200_000)}`)
  const collected = await collect(claude)
  t.is(await contentOf(collected, 'session.jsonl'), transcript('linux').toString())
  t.is(await contentOf(collected, 'session-subdir/subagents/agent-a1b2c3d4.jsonl'), before)
})

test('collecting again goes on from the scan before', async (t) => {
  const claude = temporaryHome(t)
  const first = await collect(claude)
  appendFileSync(
    path.join(project(claude), `${session}.jsonl`),
    '{"type":"user","uuid":"z","message":{"content":"more"}}\n',
  )
  const second = await collect(claude, JSON.parse(JSON.stringify(first.scan)))
  t.is(second.scan.messages, first.scan.messages + 1)
  t.is(second.scan.lastPrompt, 'more')
  t.is(second.scan.title, first.scan.title)
  t.deepEqual((await collect(claude, 'nonsense')).scan, second.scan)
})

test('a session without a message is empty, and one that vanished is gone', async (t) => {
  const claude = temporaryHome(t)
  writeFileSync(path.join(project(claude), `${session}.jsonl`), '{"type":"mode"}\n')
  const empty = await t.throwsAsync(collect(claude))
  t.true(hasCode(empty, 'empty-session'))
  const [file] = await findSession(claude, session)
  rmSync(path.join(project(claude), `${session}.jsonl`))
  const gone = await t.throwsAsync(
    async () => file && collectSession(claude, file, { top: '/x', previousScan: null }),
  )
  t.true(hasCode(gone, 'no-session'))
})

function withPlan(t: ExecutionContext, planFilePath: string): ClaudeHome {
  const claude = temporaryHome(t)
  const row = { type: 'user', slug: 'quiet-otter', attachment: { planFilePath } }
  appendFileSync(path.join(project(claude), `${session}.jsonl`), `${JSON.stringify(row)}\n`)
  return claude
}

test('a plan outside of the plans folder travels only from inside the work tree, under the session’s own name', async (t) => {
  const folder = temporary(t)
  mkdirSync(path.join(folder, 'top'))
  for (const name of ['top/quiet-otter.md', 'quiet-otter.md', 'top/secret.md', 'top/id_rsa']) {
    writeFileSync(path.join(folder, name), name)
  }
  const planOf = async (name: string) => {
    const claude = withPlan(t, `${folder}/${name}`)
    rmSync(path.join(claude.config, 'plans/quiet-otter.md'))
    const [file] = await findSession(claude, session)
    if (!file) throw new Error('no session')
    const collected = await collectSession(claude, file, {
      top: path.join(folder, 'top'),
      previousScan: null,
    })
    return collected.files.filter((each) => each.name.startsWith('plans/')).map((each) => each.localPath)
  }
  t.deepEqual(await planOf('top/quiet-otter.md'), [path.join(folder, 'top/quiet-otter.md')])
  t.deepEqual(await planOf('quiet-otter.md'), [])
  t.deepEqual(await planOf('top/../quiet-otter.md'), [])
  t.deepEqual(await planOf('top/secret.md'), [])
  t.deepEqual(await planOf('top/id_rsa'), [])
})

test('a running client makes the session live, and its shell snapshot goes along', async (t) => {
  const claude = temporaryHome(t)
  mkdirSync(path.join(claude.config, 'sessions'))
  mkdirSync(path.join(claude.config, 'shell-snapshots'))
  writeFileSync(
    path.join(claude.config, `sessions/${process.pid}.json`),
    JSON.stringify({ sessionId: session, cwd: '/x' }),
  )
  for (const name of [
    'snapshot-bash-1000000000000-abc123.sh',
    'snapshot-zsh-9000000000000-abc123.sh',
    'other.sh',
  ]) {
    writeFileSync(path.join(claude.config, 'shell-snapshots', name), '')
  }
  const collected = await collect(claude)
  t.true(collected.live)
  const snapshots = names(collected).filter((name) => name.startsWith('shell-snapshots/'))
  const expected =
    process.platform === 'linux' ? ['shell-snapshots/snapshot-zsh-9000000000000-abc123.sh'] : []
  t.deepEqual(snapshots, expected)
})

test('a file that shrinks while it is read is an error', async (t) => {
  const file = path.join(temporary(t), 'x')
  writeFileSync(file, 'short')
  const error = await t.throwsAsync(joined(readRange(file, 0, 10)))
  t.true(hasCode(error, 'failed'))
  symlinkSync('x', `${file}-link`)
  await t.throwsAsync(joined(readRange(`${file}-link`, 0, 5)))
})

test('client state at the end of a transcript is no material change, and everything else is', async (t) => {
  const file = path.join(temporary(t), 'x.jsonl')
  const material = async (text: string) => {
    writeFileSync(file, `first line\n${text}`)
    return tailIsMaterial(file, 11, 11 + Buffer.byteLength(text), 'A title')
  }
  const state =
    '{"type":"mode","mode":"x"}\n{"type":"last-prompt"}\n{"type":"cost-state"}\n{"type":"permission-mode"}\n'
  t.false(await material(''))
  t.false(await material(state))
  t.false(await material(`${state}{"type":"file-history-snapshot","snapshot":{}}\n`))
  t.false(await material('{"type":"custom-title","customTitle":"A title"}\n{"type":"agent-name"}\n'))
  t.true(await material('{"type":"custom-title","customTitle":"Another"}\n'))
  t.true(await material('{"type":"custom-title","customTitle":"A title","customTitle":"Another"}\n'))
  for (const type of ['user', 'assistant', 'custom-title', 'tag', 'pr-link', 'surprise']) {
    t.true(await material(`${state}{"type":"${type}"}\n`), type)
  }
  const noticed = (type: string, hookEvent = 'SessionStart') =>
    `{"type":"attachment","attachment":{"type":"${type}","hookEvent":"${hookEvent}"},"uuid":"x"}\n`
  t.false(await material(`${noticed('hook_success')}${noticed('hook_system_message')}`))
  t.false(await material('{"type":"system","subtype":"informational","content":"blocked by hook"}\n'))
  t.true(await material(noticed('file')))
  t.true(await material(noticed('hook_success', 'PostToolUse')))
  t.true(await material('{"type":"system","subtype":"compact_boundary"}\n'))
  t.true(await material('{"type":"system","subtype":"informational","subtype":"compact_boundary"}\n'))
  t.true(await material('{"type":"mode"\n'))
  t.true(await material('{"x":1}\n'))
})

test('files that come and go by themselves are no material change', (t) => {
  t.true(isMaterial('session.jsonl') && isMaterial('plans/x.md') && isMaterial('tasks/1.json'))
  for (const name of ['history.jsonl', 'paste-cache/x.txt', 'session-env/x.sh', 'shell-snapshots/x.sh']) {
    t.false(isMaterial(name))
  }
})
