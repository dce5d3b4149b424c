/** Sessions are chosen by looking, and read without being restored. */

import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { parseSessionId, type SessionId } from '../../src/model.ts'
import { cliDone, programFile } from '../support/cli.ts'
import { teleport, teleported } from '../support/in-process.ts'
import { dig, parseJson, recordsIn } from '../support/json.ts'
import { checkout, type Machine, makeSandbox } from '../support/sandbox.ts'
import { startOnScreen } from '../support/tmux.ts'
import { needTool } from '../support/tools.ts'

const upload = parseSessionId('aaaa1111-91c4-4d6f-9a37-0123456789ab')
const parser = parseSessionId('bbbb2222-91c4-4d6f-9a37-0123456789ab')
const release = parseSessionId('cccc3333-91c4-4d6f-9a37-0123456789ab')
const hostileTitle = 'Plan \u001b]0;owned\u0007the \u202erelease'

interface Told {
  readonly session: SessionId
  readonly title: string
  readonly first: string
  readonly last: string
  readonly file: string
}

const sessions: readonly Told[] = [
  {
    session: upload,
    title: 'Fix the upload',
    first: 'The upload breaks.',
    last: 'Thanks!',
    file: 'src/upload.ts',
  },
  {
    session: parser,
    title: 'Write the parser',
    first: 'We need a lexer.',
    last: 'Go on.',
    file: 'src/lexer.ts',
  },
  { session: release, title: hostileTitle, first: 'When do we ship?', last: 'Good.', file: 'docs/plan.md' },
]

/** A short conversation: a prompt, a change with its result, a subagent, a second prompt. */
async function tell(machine: Machine, top: string, told: Told, minute: number): Promise<string> {
  const folder = path.join(machine.config, 'projects', top.replace(/[^A-Za-z0-9]/g, '-'))
  await mkdir(folder, { recursive: true })
  const file = path.join(folder, `${told.session}.jsonl`)
  let parentUuid: string | null = null
  let at = 0
  const row = (type: string, message: object, more: object = {}) => {
    at += 1
    const uuid = `${told.session.slice(0, 8)}-0000-4000-8000-${String(at).padStart(12, '0')}`
    const timestamp = new Date(Date.UTC(2026, 10, 20, 10, minute, at)).toISOString()
    const common = { parentUuid, isSidechain: false, uuid, timestamp, cwd: top, sessionId: told.session }
    parentUuid = uuid
    return { ...common, version: '2.1.329', gitBranch: 'main', type, message, ...more }
  }
  const answer = (id: string, ...content: object[]) =>
    row('assistant', {
      ...{ id, type: 'message', role: 'assistant', model: 'claude-opus-5-5', content },
      usage: {
        input_tokens: 10,
        output_tokens: 100,
        cache_read_input_tokens: 1000,
        cache_creation_input_tokens: 5,
      },
    })
  const result = (id: string, content: string, more: object = {}) =>
    row('user', { role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content }] }, more)
  const filePath = path.join(top, told.file)
  const structuredPatch = [
    { oldStart: 1, oldLines: 1, newStart: 1, newLines: 2, lines: [' a', '-b', '+c', '+d'] },
  ]
  const rows = [
    row('user', { role: 'user', content: told.first }),
    answer('m1', { type: 'text', text: 'I will change it.' }),
    answer('m1', {
      type: 'tool_use',
      id: 't1',
      name: 'Edit',
      input: { file_path: filePath, old_string: 'b' },
    }),
    result('t1', 'The file has been updated.', { toolUseResult: { filePath, structuredPatch } }),
    answer('m2', {
      type: 'tool_use',
      id: 't2',
      name: 'Agent',
      input: { description: 'Look around', prompt: 'x' },
    }),
    result('t2', 'Nothing else is wrong.'),
    row('user', { role: 'user', content: told.last }),
    answer('m3', { type: 'text', text: 'Done.' }),
    { type: 'custom-title', customTitle: told.title, sessionId: told.session },
  ]
  await writeFile(file, rows.map((each) => `${JSON.stringify(each)}\n`).join(''))
  const agents = path.join(folder, told.session, 'subagents')
  await mkdir(agents, { recursive: true })
  const aside = {
    ...row('assistant', { role: 'assistant', content: [{ type: 'text', text: 'I looked.' }] }),
    isSidechain: true,
  }
  await writeFile(path.join(agents, 'agent-a1.jsonl'), `${JSON.stringify(aside)}\n`)
  await writeFile(
    path.join(agents, 'agent-a1.meta.json'),
    JSON.stringify({ agentType: 'x', toolUseId: 't2' }),
  )
  return file
}

async function deskWithSessions(t: ExecutionContext) {
  const sandbox = await makeSandbox(t)
  const remote = await sandbox.bareRemote()
  const machine = await sandbox.machine('laptop')
  await machine.git(machine.home, 'config', '--global', 'user.email', 'ada@example.org')
  const cwd = await checkout(machine, remote, 'app')
  await teleported(machine, ['init'], { cwd })
  for (const [at, told] of sessions.entries()) await tell(machine, cwd, told, at)
  return { sandbox, remote, machine, cwd }
}

const program = (...argv: string[]) => [process.execPath, programFile, ...argv]

test('at a terminal a session is chosen by typing what one remembers of it', async (t) => {
  if (!needTool(t, 'tmux')) return
  const { machine, cwd } = await deskWithSessions(t)
  const pushAt = (session: string, minutesAgo: number) =>
    teleported(machine, ['push', session], { cwd, now: () => new Date(Date.now() - minutesAgo * 60_000) })
  await pushAt(upload, 3)
  await pushAt(parser, 2)
  const nothing = await teleport(machine, ['show'], { cwd })
  t.is(nothing.exitCode, 2)
  t.regex(nothing.stderr, /2 sessions are on origin/)
  t.regex(nothing.stderr, /git teleport list/)

  const screen = await startOnScreen(machine, program('show', '--no-pager'), { cwd, columns: 80, rows: 24 })
  t.teardown(screen.close)
  const all = await screen.waitFor(/Which session\? +3\/3[\s\S]*first {4}\w+[\s\S]*Enter choose/)
  t.regex(all, /^ *cccc3333 /m, 'one that only this machine has; its title comes when it was looked into')
  await screen.type('lexer')
  const shown = await screen.waitFor(/> lexer[\s\S]*1\/3|1\/3[\s\S]*> lexer/)
  t.regex(shown, /^▶ bbbb2222 .*Write the parser/m)
  await screen.waitFor(/files {4}src\/lexer\.ts/)
  await screen.press('Enter')
  await screen.waitForEnd()
  t.regex(await screen.readAll(), /title +Write the parser[\s\S]*> We need a lexer\./)

  await pushAt(release, 1)
  const wide = await startOnScreen(machine, program('pull', '--dry-run'), { cwd, columns: 200, rows: 60 })
  t.teardown(wide.close)
  await wide.waitFor(/Which session/)
  await wide.type('cccc')
  const beside = await wide.waitFor(/│ first +When do we ship/)
  t.regex(beside, /▶ cccc3333 .*Plan .*the release .*│ session {2}cccc3333/)
  await wide.press('Escape')
  await wide.waitFor(/3\/3/)
  await wide.press('Escape')
  t.is(await wide.waitForEnd(), 130)

  const plain = await startOnScreen(machine, program('expire', '--no-interactive'), { cwd })
  t.teardown(plain.close)
  t.regex(await plain.waitFor(/Number, 1 to 3:/), /^2 {2}bbbb2222 {2}Write the parser/m)
  await plain.type('2')
  await plain.press('Enter')
  await plain.waitFor(/Let session bbbb2222-.* expire now\?/)
  await plain.press('n')
  await plain.waitForEnd()
})

test('push lets one choose among the sessions of a work tree', async (t) => {
  if (!needTool(t, 'tmux')) return
  const { machine, cwd } = await deskWithSessions(t)
  const screen = await startOnScreen(machine, program('push'), { cwd, columns: 80, rows: 24 })
  t.teardown(screen.close)
  await screen.waitFor(/Which session\? +3\/3[\s\S]*not sent/)
  await screen.type('upload')
  await screen.waitFor(/^▶ aaaa1111 .*Fix the upload/m)
  await screen.press('Enter')
  t.is(await screen.waitForEnd(), 0)
  t.regex(await screen.read(), /git teleport pull aaaa1111/)
})

test('show tells a conversation whole, in part, and in figures', async (t) => {
  const { machine, cwd } = await deskWithSessions(t)
  await teleported(machine, ['push', upload], { cwd })
  const show = async (...argv: string[]) =>
    (await teleported(machine, ['show', upload, ...argv], { cwd })).stdout.split('\n\n').slice(1).join('\n\n')
  const whole = await show()
  t.is(
    whole,
    `#1  2026-11-20 10:00
> The upload breaks.

I will change it.

  [Edit] ${cwd}/src/upload.ts
      The file has been updated.
         a
        -b
        +c
        +d
  [Agent] Look around
  |
  | I looked.

      [Agent] Look around: Nothing else is wrong.

#7  2026-11-20 10:00
> Thanks!

Done.
`,
  )
  t.is(await show('--from', '7'), whole.slice(whole.indexOf('#7')))
  t.is(await show('--to', '2'), '#1  2026-11-20 10:00\n> The upload breaks.\n\nI will change it.\n')
  t.is(await show('--from', '2026-11-20T10:00:08', '--to', '2026-11-20'), 'Done.\n')
  const link = await teleported(machine, ['show', upload, '--json'], { cwd })
  const commits = dig(link.json(), 'codeCommits')
  const commit = Array.isArray(commits) ? String(commits[0]) : ''
  t.is(await show('--to', commit), whole)
  t.is(await show('--from', commit), '')
  t.is(
    await show('--stat', '--files'),
    `turns    2 prompts, 3 answers, 1 subagent
tools    Edit 1, Agent 1
models   claude-opus-5-5
tokens   30 in, 300 out, 3,000 from the cache, 15 into it
time     8 s, from 2026-11-20T10:00:01.000Z
changed  1 file, +2 -1

FILE           READ  WRITTEN  +  -
src/upload.ts  0     1        2  1
`,
  )
  const figures = (await teleported(machine, ['show', upload, '--stat', '--files', '--json'], { cwd })).json()
  t.like(dig(figures, 'stats'), { turns: 2, tokens: { output: 300 }, durationSeconds: 8 })
  t.deepEqual(dig(figures, 'touched'), [{ path: 'src/upload.ts', reads: 0, writes: 1, added: 2, removed: 1 }])
  t.is(dig(figures, 'conversation'), undefined)
  for (const [argv, code] of [
    [['--from', '9', '--to', '3'], 'usage'],
    [['--from', 'nonsense'], 'usage'],
    [['--to', '2026-13-77'], 'usage'],
  ] as const) {
    const told = await teleport(machine, ['show', upload, ...argv, '--json'], { cwd })
    t.is(dig(told.json(), 'error', 'code'), code, argv.join(' '))
  }
})

test('a session that was never pushed is shown as it lies here', async (t) => {
  const { machine, cwd } = await deskWithSessions(t)
  const show = async (...argv: string[]) => (await teleported(machine, ['show', ...argv], { cwd })).stdout
  const never = await show('cccc3333')
  t.regex(never, /^NOT PUSHED: as it lies here, signed by nobody\.\n\nsession {2}cccc3333-/)
  t.regex(never, /\n\n#1 {2}2026-11-20 10:02\n> When do we ship\?\n[\s\S]*\n {2}\| I looked\.\n/)
  const facts = parseJson(await show('cccc3333', '--json'))
  t.like(facts, { session: release, here: true, messages: 8, agents: 1, pushed: null, branch: 'main' })
  t.is(dig(facts, 'conversation'), never.slice(never.indexOf('#1')))
  const commit = (await machine.git(cwd, 'rev-parse', 'HEAD')).trim()
  t.regex(
    (await teleport(machine, ['show', 'cccc3333', '--from', commit], { cwd })).stderr,
    /no message for commit/,
  )
  await teleported(machine, ['attach', 'cccc3333', commit], { cwd })
  t.regex(await show('cccc3333', '--to', commit), /> Good\.\n/)
  t.regex(await show('cccc3333', '--format', 'md'), /\*\*signed\*\* by nobody: as it lies on a machine/)
  t.is((await teleport(machine, ['show', 'dddd4444'], { cwd })).exitCode, 3)
  t.regex((await teleport(machine, ['show', '--here', 'dddd4444'], { cwd })).stderr, /pull dddd4444/)

  // Once it is there too, the verified one is shown; what is said after that is not in it.
  await teleported(machine, ['push', release], { cwd })
  const [transcript = ''] = await transcriptsOf(machine, release)
  const more = { type: 'user', uuid: 'more', message: { role: 'user', content: 'One more thing.' } }
  await writeFile(transcript, `${JSON.stringify(more)}\n{"type":"user","mess`, { flag: 'a' })
  t.regex(await show('cccc3333'), /^session[\s\S]*signed {3}by one of your devices/)
  t.notRegex(await show('cccc3333'), /One more thing/)
  const here = await show('cccc3333', '--here')
  t.regex(here, /^AS IT LIES HERE, signed by nobody\. What was last pushed or pulled is push 1\.\n/)
  t.regex(here, /> One more thing\.\n$/, 'up to the last whole row')
  await teleported(machine, ['rm', release, '--yes'], { cwd })
  t.regex(await show('cccc3333', '--to', '1'), /AS IT LIES HERE/)
})

async function transcriptsOf(machine: Machine, session: SessionId): Promise<readonly string[]> {
  const projects = path.join(machine.config, 'projects')
  const names = await readdir(projects, { recursive: true })
  return names.filter((name) => name.endsWith(`${session}.jsonl`)).map((name) => path.join(projects, name))
}

test('what is long goes through the pager of the user, on a terminal only', async (t) => {
  if (!needTool(t, 'script')) return
  const { machine, cwd } = await deskWithSessions(t)
  await teleported(machine, ['push', upload], { cwd })
  const tty = async (argv: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    (await cliDone(machine, argv, { cwd, tty: true, env: { TERM: 'xterm', NO_COLOR: '1', ...env } })).stdout
      .replaceAll('\r', '')
      // A bar, where it took long.
      .replace(/^.*\u001b\[K/gm, '')
  await machine.git(cwd, 'config', 'core.pager', "sed 's/^/core: /'")
  t.regex(await tty(['show', upload]), /^core: session {2}aaaa1111[\s\S]*^core: Done\.$/m)
  t.regex(await tty(['log', '-n', '1']), /^core: [0-9a-f]{10} /m)
  t.regex(await tty(['show', upload], { GIT_PAGER: "sed 's/^/own: /'" }), /^own: session/m)
  for (const argv of [
    ['show', upload, '--no-pager'],
    ['show', upload, '--json'],
    ['log', '--no-pager'],
  ])
    t.notRegex(await tty(argv), /core:/, argv.join(' '))
  t.notRegex((await cliDone(machine, ['show', upload], { cwd })).stdout, /core:/)
  // A pager that is not there is none; one that leaves early is no failure.
  t.regex(await tty(['show', upload], { GIT_PAGER: 'no-such-pager-anywhere' }), /^session {2}aaaa1111/m)
  const file = path.join(machine.home, 'first')
  await tty(['show', upload], { GIT_PAGER: `head -n 1 >'${file}'` })
  t.is(await readFile(file, 'utf8'), `session  ${upload}\n`)
})

test('search finds words here and in what was fetched, and remembers them for the owner only', async (t) => {
  const { sandbox, remote, machine, cwd } = await deskWithSessions(t)
  await teleported(machine, ['push', upload], { cwd })
  await teleported(machine, ['push', parser], { cwd })
  const here = await teleported(machine, ['search', 'LEXER', 'need'], { cwd })
  t.regex(
    here.stdout,
    /^bbbb2222 {2}Write the parser \(ada@example\.org, now\)\n {2}#1 {4}> We need a lexer\.\n$/,
  )
  const unsent = await teleported(machine, ['search', 'ship', '--json'], { cwd })
  t.like(recordsIn(dig(unsent.json(), 'sessions'))[0], { session: release, where: 'here', total: 1 })
  const none = await teleport(machine, ['search', 'nowhere to be found'], { cwd })
  t.is(none.exitCode, 3)
  t.is(none.stdout, '')
  t.regex(none.stderr, /none of 3 sessions says that/)

  const second = await sandbox.machine('second')
  await second.run('cp', ['-r', path.join(machine.home, '.config'), second.home])
  const there = await checkout(second, remote, 'app')
  await teleported(second, ['list'], { cwd: there })
  await teleported(second, ['fetch', parser], { cwd: there })
  const fetched = await teleported(second, ['search', 'lexer', '--json'], { cwd: there })
  t.like(recordsIn(dig(fetched.json(), 'sessions'))[0], {
    session: parser,
    title: 'Write the parser',
    where: 'fetched',
  })
  t.deepEqual(dig(fetched.json(), 'unread'), [upload])
  const offline = await teleported(second, ['show', '--offline', 'bbbb2222'], { cwd: there })
  t.regex(offline.stdout, /^session {2}bbbb2222-[\s\S]*> We need a lexer\./)
  const folder = path.join(there, '.git/teleport/cache/reading')
  const [name = '', ...others] = await readdir(folder)
  t.deepEqual(others, [])
  t.is((await stat(path.join(folder, name))).mode & 0o777, 0o600)
  t.is((await stat(folder)).mode & 0o777, 0o700)
  // Asked again, what was remembered is read and not the bundle.
  const file = path.join(folder, name)
  await writeFile(file, (await readFile(file, 'utf8')).replaceAll('We need a lexer', 'We need a tokeniser'))
  t.regex((await teleported(second, ['search', 'tokeniser'], { cwd: there })).stdout, /We need a tokeniser/)
})

test('what was read is handed on as Markdown, as JSON and as an agent trace', async (t) => {
  const { machine, cwd } = await deskWithSessions(t)
  await mkdir(path.join(cwd, 'src'), { recursive: true })
  await machine.git(cwd, 'checkout', '-q', '-b', 'fix')
  await writeFile(path.join(cwd, 'src/upload.ts'), 'one\ntwo\n')
  await writeFile(path.join(cwd, 'src/it "is" odd.ts'), 'three\n')
  await machine.git(cwd, 'add', '-A')
  await machine.git(cwd, 'commit', '-q', '-m', 'Fix <b>it</b> for @ada')
  const commit = (await machine.git(cwd, 'rev-parse', 'HEAD')).trim()
  await teleported(machine, ['attach', upload, commit], { cwd })
  await teleported(machine, ['push', upload], { cwd })
  const told = async (...argv: string[]) => (await teleported(machine, argv, { cwd })).stdout

  const markdown = await told('show', upload, '--format', 'md')
  t.regex(markdown, /^## Fix the upload\n\n- \*\*session\*\* aaaa1111-/)
  t.regex(markdown, /\*\*Asked\*\* \(message 7, 2026-11-20 10:00 UTC\)\n\n> Thanks\\!\n/)
  t.regex(markdown, /> ```diff\n> {2}a\n> -b\n> \+c\n/)
  const short = await told('show', upload, '--format', 'md', '--limit', '1000')
  t.regex(short, /> Thanks\\![\s\S]*\n_Shortened to 1000 characters: without tool \w+/)
  t.false(markdown.includes(machine.home), 'no path of a machine in a pull request')
  t.true(short.length <= 1000)

  const lines = (await told('show', upload, '--format', 'jsonl', '--from', '7'))
    .trimEnd()
    .split('\n')
    .map(parseJson)
  t.like(lines[0], { version: 1, type: 'session', session: upload, messages: 8 })
  t.like(lines[1], {
    type: 'message',
    number: 7,
    kind: 'prompt',
    blocks: [{ kind: 'text', text: 'Thanks!' }],
  })
  t.is(lines.length, 3)
  const json = parseJson(await told('show', commit, '--format', 'json'))
  const [conversation] = recordsIn(dig(json, 'conversations'))
  t.like(conversation, { type: 'commit', session: upload, commit })
  t.is(recordsIn(dig(conversation, 'messages')).length, 9, 'the subagent too')
  t.is(dig(parseJson(await told('show', upload, '--format', 'json', '--from', '400')), 'version'), 1)

  const review = await told('review', '--format', 'md')
  t.regex(review, /^## Sessions behind this branch\n\n1 commit, 1 session, 2 files, \+3 -0\n/)
  t.regex(review, /Fix &lt;b&gt;it&lt;\/b&gt; for @&#8203;ada \(exact\)/)
  t.regex(review, /<details><summary>2 prompts<\/summary>/)

  const trace = parseJson(await told('show', commit, '--format', 'agent-trace'))
  const conversations = (ends: number, text: string) => [
    {
      url: `urn:uuid:${upload}`,
      contributor: { type: 'ai', model_id: 'anthropic/claude-opus-5-5' },
      ranges: [{ start_line: 1, end_line: ends, content_hash: `sha256:${sha256(text)}` }],
    },
  ]
  t.like(trace, { version: '0.1.0', vcs: { type: 'git', revision: commit }, tool: { name: 'claude-code' } })
  t.deepEqual(dig(trace, 'files'), [
    { path: 'src/it "is" odd.ts', conversations: conversations(1, 'three') },
    { path: 'src/upload.ts', conversations: conversations(2, 'one\ntwo') },
  ])
  t.regex(String(dig(trace, 'id')), /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/)
  t.deepEqual(parseJson(await told('review', '--format', 'agent-trace')), trace)
  for (const argv of [
    ['show', upload, '--format', 'agent-trace'],
    ['show', upload, '--format', 'pdf'],
    ['show', upload, '--format', 'md', '--json'],
    ['show', upload, '--limit', '5000'],
    ['review', '--format', 'md', '--limit', 'x'],
  ])
    t.is(
      dig((await teleport(machine, [...argv, '--json'], { cwd })).json(), 'error', 'code'),
      'usage',
      argv.join(' '),
    )
})

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
