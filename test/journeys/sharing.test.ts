/** A conversation is handed to people outside of the team: as a file, without secrets, under a passphrase. */

import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import test, { type ExecutionContext } from 'ava'
import { parseSessionId } from '../../src/model.ts'
import { programFile } from '../support/cli.ts'
import { teleport, teleported } from '../support/in-process.ts'
import { checkout, type Machine, makeSandbox } from '../support/sandbox.ts'
import { startOnScreen } from '../support/tmux.ts'
import { needTool } from '../support/tools.ts'

const session = parseSessionId('dddd4444-91c4-4d6f-9a37-0123456789ab')
const token = `ghp_${'aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5'}`
const known = 'correct-horse-7-battery-staple'

async function desk(t: ExecutionContext) {
  const sandbox = await makeSandbox(t)
  const remote = await sandbox.bareRemote()
  const machine = await sandbox.machine('laptop')
  await machine.git(machine.home, 'config', '--global', 'user.email', 'ada@example.org')
  const cwd = await checkout(machine, remote, 'app')
  await teleported(machine, ['init'], { cwd })
  await writeFile(path.join(cwd, '.env'), `DATABASE_PASSWORD=${known}\n`)
  await tell(machine, cwd)
  await teleported(machine, ['push', session], { cwd })
  return { machine, cwd }
}

async function tell(machine: Machine, top: string): Promise<void> {
  const folder = path.join(machine.config, 'projects', top.replace(/[^A-Za-z0-9]/g, '-'))
  await mkdir(path.join(folder, session, 'subagents'), { recursive: true })
  let parentUuid: string | null = null
  let at = 0
  const row = (type: string, content: unknown, more: object = {}) => {
    at += 1
    const uuid = `dddd4444-0000-4000-8000-${String(at).padStart(12, '0')}`
    const timestamp = new Date(Date.UTC(2026, 10, 20, 10, 0, at)).toISOString()
    const message = { role: type, content, ...(type === 'assistant' ? { model: 'claude-opus-5-5' } : {}) }
    const common = { parentUuid, isSidechain: false, uuid, timestamp, cwd: top, sessionId: session }
    parentUuid = uuid
    return { ...common, version: '2.1.329', gitBranch: 'main', type, message, ...more }
  }
  const rows = [
    row('user', `Why does ${top}/deploy.sh fail? It has the token ${token}.`),
    row('assistant', [{ type: 'thinking', thinking: `Is ${known} the password?`, signature: 'x' }]),
    row('assistant', [
      { type: 'tool_use', id: 't1', name: 'Agent', input: { description: 'Look', prompt: 'x' } },
    ]),
    row('user', [{ type: 'tool_result', tool_use_id: 't1', content: `DATABASE_PASSWORD=${known}` }]),
    row('assistant', [{ type: 'text', text: 'The password was wrong. /home/mallory/notes says so.' }]),
    { type: 'custom-title', customTitle: `Deploy with ${token}`, sessionId: session },
  ]
  await writeFile(
    path.join(folder, `${session}.jsonl`),
    rows.map((each) => `${JSON.stringify(each)}\n`).join(''),
  )
  const aside = row('assistant', [{ type: 'text', text: `I saw ${token} too.` }], { isSidechain: true })
  await writeFile(path.join(folder, session, 'subagents/agent-a1.jsonl'), `${JSON.stringify(aside)}\n`)
  await writeFile(
    path.join(folder, session, 'subagents/agent-a1.meta.json'),
    JSON.stringify({ agentType: 'x', toolUseId: 't1' }),
  )
}

/** All that the file says, unpacked. */
function wordsOf(html: string): string {
  const blocks = [...html.matchAll(/data-block>([^<]*)</g)].map(([, data = '']) =>
    gunzipSync(Buffer.from(data, 'base64')).toString(),
  )
  // Markdown says the same with escaped signs.
  return [html, ...blocks].join('\n').replace(/\\(?=[_~])|&#8203;/g, '')
}

test('--redact takes secrets, people, machines and homes out of every format, and says what', async (t) => {
  const { machine, cwd } = await desk(t)
  await machine.git(cwd, 'commit', '-q', '--allow-empty', '-m', `Roll out with ${token}`)
  await teleported(machine, ['attach', session, 'HEAD'], { cwd })
  const secrets = [token, known, machine.home, '/home/mallory', 'ada@example.org', 'laptop']
  const ways = [...['html', 'md', 'json', 'jsonl', 'text'].map((form) => ['--format', form]), ['--json']]
  for (const [what, way] of [session, 'HEAD'].flatMap((each) => ways.map((way) => [each, way] as const))) {
    const argv = ['show', what, ...way, '--thinking', '--full']
    const title = argv.join(' ')
    const asIs = wordsOf((await teleported(machine, argv, { cwd })).stdout)
    const shared = await teleported(machine, [...argv, '--redact'], { cwd })
    const words = wordsOf(shared.stdout)
    for (const secret of secrets) {
      // The line above a part is cut before it comes to the address.
      const isCut = secret.includes('@') && what === 'HEAD' && ['md', 'text'].includes(way[1] ?? '')
      if (!isCut) t.true(asIs.includes(secret), `${title} lacks ${secret}`)
      t.false(words.includes(secret), `${title} --redact holds ${secret}`)
    }
    if (what === 'HEAD') {
      t.true(asIs.includes(`Roll out with ${token}`), title)
      t.regex(words, /Roll out with \S/, title)
    }
    t.regex(words, /The password was wrong\. ~\/notes/, title)
    t.regex(words, /redacted/i, title)
    t.regex(
      shared.stderr,
      /things taken out: .*\bgithub[\w-]*.*; this is best effort, so read it before/,
      title,
    )
  }
  const here = ['show', session, '--here', '--full']
  const asIs = await teleported(machine, here, { cwd })
  const shared = await teleported(machine, [...here, '--redact'], { cwd })
  for (const secret of [token, known, machine.home]) {
    t.true(asIs.stdout.includes(secret), secret)
    t.false(shared.stdout.includes(secret), secret)
  }
  const facts = (text: string) => text.split('\n\n')[1]?.match(/^\w+/gm)
  t.deepEqual(facts(asIs.stdout), ['session', 'title', 'in', 'branch', 'changed', 'commits', 'size'])
  t.deepEqual(facts(shared.stdout), ['session', 'title', 'signed', 'changed', 'commits', 'messages'])
})

test('--redact does not go with a record of commits, which says whose work they are', async (t) => {
  const { machine, cwd } = await desk(t)
  await machine.git(cwd, 'commit', '-q', '--allow-empty', '-m', 'Roll out')
  await teleported(machine, ['attach', session, 'HEAD'], { cwd })
  const argv = ['show', 'HEAD', '--format', 'agent-trace']
  await teleported(machine, argv, { cwd })
  const refused = await teleport(machine, [...argv, '--redact'], { cwd })
  t.is(refused.exitCode, 2)
  t.regex(refused.stderr, /--redact does not go with --format agent-trace/)
  const ofSession = await teleport(machine, ['show', session, '--redact', '--format', 'agent-trace'], { cwd })
  t.is(ofSession.exitCode, 2)
})

test('a document goes into a file, whole or not at all', async (t) => {
  const { machine, cwd } = await desk(t)
  const file = path.join(cwd, 'session.html')
  const told = await teleported(machine, ['show', session, '--format', 'html', '-o', 'session.html'], { cwd })
  t.is(told.stdout, 'wrote session.html\n')
  const html = await readFile(file, 'utf8')
  t.true(html.startsWith('<!doctype html>') && html.endsWith('</html>\n'))
  t.is((await stat(file)).mode & 0o777, 0o600)
  t.is((await teleported(machine, ['show', session, '--format', 'html'], { cwd })).stdout, html)

  const late = await teleport(
    machine,
    ['show', session, '--format', 'md', '--from', '4', '--to', 'nonsense', '-o', 'session.html'],
    { cwd },
  )
  t.is(late.exitCode, 2)
  t.is(await readFile(file, 'utf8'), html)
  t.deepEqual(
    (await readdir(cwd)).filter((name) => name.endsWith('.tmp')),
    [],
  )
  for (const argv of [
    ['-o', 'x'],
    ['--format', 'md', '--password'],
    ['--format', 'text', '-o', 'x'],
  ])
    t.is((await teleport(machine, ['show', session, ...argv], { cwd })).exitCode, 2, argv.join(' '))
})

test('of a commit the part that led to it is written, and a passphrase is asked for twice', async (t) => {
  if (!needTool(t, 'tmux')) return
  const { machine, cwd } = await desk(t)
  await machine.git(cwd, 'commit', '-q', '--allow-empty', '-m', 'Fix <b>it</b>')
  await teleported(machine, ['attach', session, 'HEAD'], { cwd })
  const html = (await teleported(machine, ['show', 'HEAD', '--format', 'html'], { cwd })).stdout
  t.regex(html, /<h1 class="title">[0-9a-f]{10} Fix &#60;b&#62;it&#60;\/b&#62;<\/h1>/)
  t.regex(html, /<dt>session<\/dt><dd>dddd4444-[\s\S]*The password was wrong/)

  const argv = [
    process.execPath,
    programFile,
    'show',
    session,
    '--format',
    'html',
    '--password',
    '-o',
    'asked.html',
  ]
  for (const [again, code] of [
    ['four random words hear', 4],
    ['four random words here', 0],
  ] as const) {
    const screen = await startOnScreen(machine, argv, { cwd })
    t.teardown(screen.close)
    await screen.waitFor(/Passphrase for the HTML file/)
    await screen.type('four random words here')
    await screen.press('Enter')
    await screen.waitFor(/the HTML file, once more/)
    await screen.type(again)
    await screen.press('Enter')
    t.is(await screen.waitForEnd(), code)
    t.notRegex(await screen.readAll(), /four random/)
    if (code === 4) t.regex(await screen.read(), /the two passphrases differ/)
  }
  t.regex(await readFile(path.join(cwd, 'asked.html'), 'utf8'), /data-sealed>/)
})

test('--password makes a file that age opens with the passphrase, and that says nothing else', async (t) => {
  const { machine, cwd } = await desk(t)
  const show = ['show', session, '--format', 'html', '-o', 'locked.html']
  const unasked = await teleport(machine, [...show, '--password'], { cwd })
  t.is(unasked.exitCode, 4)
  t.regex(unasked.stderr, /--passphrase-file/)
  const short = await teleport(machine, [...show, '--passphrase-file', '-'], { cwd, stdin: 'hunter2\n' })
  t.is(short.exitCode, 4)
  t.deepEqual(
    (await readdir(cwd)).filter((name) => name.startsWith('locked')),
    [],
  )

  await teleported(machine, [...show, '--passphrase-file', '-'], { cwd, stdin: 'four random words here\n' })
  const html = await readFile(path.join(cwd, 'locked.html'), 'utf8')
  for (const word of ['Deploy', session.slice(0, 8), 'ada@example.org', 'password was wrong'])
    t.false(html.includes(word), word)
  if (!needTool(t, 'age') || !needTool(t, 'script')) return
  const sealed = Buffer.concat(
    [...html.matchAll(/data-sealed>([^<]*)</g)].map(([, data = '']) => Buffer.from(data, 'base64')),
  )
  await writeFile(path.join(cwd, 'locked.age'), sealed)
  // age asks on a terminal only.
  const opened = await machine.run('script', ['-qec', 'age -d -o opened locked.age', '/dev/null'], {
    cwd,
    stdin: 'four random words here\n',
  })
  t.is(opened.exitCode, 0, opened.stdout)
  const bytes = await readFile(path.join(cwd, 'opened'))
  const first = gunzipSync(bytes.subarray(4, 4 + bytes.readUInt32BE(0))).toString()
  t.true(first.includes('The password was wrong.'))
})
