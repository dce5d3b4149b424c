/** A project that two people work on with Claude: sessions sent and not, commits that they made, one session hostile. */

import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { writeSession } from '../../src/demo/write-session.ts'
import { parseSessionId, type SessionId } from '../../src/model.ts'
import { makeCrew } from '../journeys/crew.ts'
import { type Seat, transcriptOf } from '../journeys/seat.ts'

export const ids = {
  upload: parseSessionId('aaaa1111-91c4-4d6f-9a37-0123456789ab'),
  retry: parseSessionId('bbbb2222-91c4-4d6f-9a37-0123456789ab'),
  demo: parseSessionId('cccc3333-91c4-4d6f-9a37-0123456789ab'),
  open: parseSessionId('dddd4444-91c4-4d6f-9a37-0123456789ab'),
  hostile: parseSessionId('eeee5555-91c4-4d6f-9a37-0123456789ab'),
  missed: parseSessionId('ffff6666-91c4-4d6f-9a37-0123456789ab'),
} as const

export interface Project {
  /** Who looks at the page, and sent `upload`; `open` lies only here. */
  readonly ada: Seat
  /** Sent `retry` and `demo`. */
  readonly bob: Seat
  /** Made by `upload`, by `retry`, and by nobody's session. */
  readonly commits: { readonly upload: string; readonly retry: string; readonly byHand: string }
}

interface Teardown {
  teardown(work: () => Promise<void>): void
}

export async function makeProject(t: Teardown): Promise<Project> {
  const crew = await makeCrew(t)
  const [ada, bob] = [await crew.sit('ada'), await crew.sit('bob')]
  await crew.appoint([ada, bob])
  for (const seat of [ada, bob]) {
    await seat.run(['hook', 'install'])
    await seat.machine.git(seat.top, 'pull', '--quiet')
  }
  const upload = await doUpload(ada)
  await ada.run(['push', ids.upload, '--to', 'team', '--yes'])
  await bob.machine.git(bob.top, 'pull', '--quiet')
  const retry = await doRetry(bob)
  await bob.run(['push', ids.retry, '--to', 'team', '--yes', '--hand-off', 'ada@example.org'])
  await tellDemo(bob)
  await bob.run(['push', ids.demo, '--to', 'team', '--yes'])
  await ada.machine.git(ada.top, 'pull', '--quiet')
  const byHand = await commitByHand(ada)
  await startOpen(ada)
  return { ada, bob, commits: { upload, retry, byHand } }
}

const uploadSource = `import { open } from 'node:fs/promises'

export async function upload(file, target) {
  const source = await open(file)
  try {
    return await send(source, target)
  } finally {
    await source.close()
  }
}
`

async function doUpload(ada: Seat): Promise<string> {
  const talk = await startTalk(ada, ids.upload, 'Close files after an upload')
  await talk.ask(
    'The upload leaves files open. After a few hundred of them the process dies with `EMFILE`. Please fix it and commit.',
  )
  await talk.think('The handle is never closed. A finally block is the simplest place.')
  await talk.say(
    'The handle that `upload` opens is **never closed**. I will close it in a `finally` block, so that it is closed when sending fails too:\n\n1. open the source\n2. send it\n3. close it, whatever happens',
  )
  await talk.edit(
    'src/upload.js',
    uploadSource,
    uploadSource
      .split('\n')
      .slice(0, -1)
      .map((line) => `+${line}`),
  )
  await talk.run('npm test', '24 tests passed\n')
  await talk.say('Done: all 24 tests pass.')
  const commit = await talk.commit('Close files after an upload')
  await talk.ask('Is there anything else that leaks?')
  await talk.say('No. The other callers use `readFile`, which closes by itself.')
  return commit
}

async function doRetry(bob: Seat): Promise<string> {
  const talk = await startTalk(bob, ids.retry, 'Retry what the server refused')
  await talk.ask('Uploads fail when the server is busy. Retry three times, waiting longer each time.')
  await talk.say('I will wrap `send` in a loop with a growing pause.')
  const file = path.join(bob.top, 'src/upload.js')
  const text = await readFile(file, 'utf8')
  const changed = text.replace(
    'return await send(source, target)',
    'return await withRetries(() => send(source, target))',
  )
  const added = [
    '',
    'async function withRetries(work, left = 3, waitMs = 200) {',
    '  try {',
    '    return await work()',
    '  } catch (error) {',
    '    if (left === 0 || error.status !== 503) throw error',
    '    await pause(waitMs)',
    '    return withRetries(work, left - 1, waitMs * 2)',
    '  }',
    '}',
  ]
  await talk.edit('src/upload.js', `${changed}${added.join('\n')}\n`, [
    '-    return await send(source, target)',
    '+    return await withRetries(() => send(source, target))',
    ...added.map((line) => `+${line}`),
  ])
  await talk.say('It tries again three times, after 200, 400 and 800 ms, and only when the server said 503.')
  const commit = await talk.commit('Retry what the server refused')
  await bob.machine.git(bob.top, 'push', '--quiet', 'origin', 'HEAD')
  return commit
}

async function tellDemo(bob: Seat): Promise<void> {
  const { home, config } = bob.machine
  const startTime = Date.UTC(2026, 10, 17)
  await writeSession({
    session: ids.demo,
    seed: 'web',
    bytes: 400_000,
    startTime,
    home,
    config,
    root: bob.top,
  })
}

async function commitByHand({ machine, top }: Seat): Promise<string> {
  await writeFile(path.join(top, 'NOTES.md'), 'By hand.\n')
  await machine.git(top, 'add', 'NOTES.md')
  const env = { GIT_TELEPORT_HOOK: '1' }
  await machine.run('git', ['commit', '--quiet', '-m', 'Take notes'], { cwd: top, env })
  return machine.git(top, 'rev-parse', 'HEAD')
}

async function startOpen(ada: Seat): Promise<void> {
  const talk = await startTalk(ada, ids.open, 'Look at the logs')
  await talk.ask('What do the logs say about last night?')
  await talk.say('Nothing unusual so far.')
}

export interface Talk {
  ask(text: string): Promise<void>
  say(text: string): Promise<void>
  think(text: string): Promise<void>
  /** Writes the file and tells of it; `lines` is what the client says of the change. */
  edit(file: string, text: string, lines: readonly string[]): Promise<void>
  run(command: string, output: string): Promise<void>
  /** As Claude commits: with the session in the environment. */
  commit(message: string): Promise<string>
  /** A row as it is. */
  row(row: object): Promise<void>
}

/** A session begins, or goes on, in a transcript of the client's form. */
export async function startTalk(seat: Seat, session: SessionId, title: string): Promise<Talk> {
  const file = transcriptOf(seat, session)
  await mkdir(path.dirname(file), { recursive: true })
  const before = (await readFile(file, 'utf8').catch(() => '')).split('\n').length
  let at = before
  let parentUuid: string | null = null
  // What led to a commit is some time ago, and what came after it a little later, for clocks count seconds.
  let shiftMs = -60_000
  const write = (rows: readonly object[]) =>
    appendFile(file, rows.map((each) => `${JSON.stringify(each)}\n`).join(''))
  const row = (type: 'user' | 'assistant', message: object, more: object = {}) => {
    at += 1
    const uuid = `${session.slice(0, 8)}-0000-4000-8000-${String(at).padStart(12, '0')}`
    const timestamp = new Date(Date.now() + shiftMs).toISOString()
    const common = { parentUuid, isSidechain: false, uuid, timestamp, cwd: seat.top, sessionId: session }
    parentUuid = uuid
    return write([{ ...common, version: '2.1.329', gitBranch: 'main', type, message, ...more }])
  }
  const answer = (content: object) =>
    row('assistant', {
      ...{ id: `m${at}`, type: 'message', role: 'assistant', model: 'claude-opus-5-5', content: [content] },
      usage: {
        input_tokens: 10,
        output_tokens: 120,
        cache_read_input_tokens: 900,
        cache_creation_input_tokens: 8,
      },
    })
  const call = async (name: string, input: object, output: string, more: object = {}) => {
    const id = `t${at}`
    await answer({ type: 'tool_use', id, name, input })
    await row(
      'user',
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content: output }] },
      more,
    )
  }
  if (title !== '') await write([{ type: 'custom-title', customTitle: title, sessionId: session }])
  return {
    ask: (text) => row('user', { role: 'user', content: text }),
    say: (text) => answer({ type: 'text', text }),
    think: (text) => answer({ type: 'thinking', thinking: text }),
    async edit(name, text, lines) {
      const filePath = path.join(seat.top, name)
      await mkdir(path.dirname(filePath), { recursive: true })
      await writeFile(filePath, text)
      const structuredPatch = [{ oldStart: 1, oldLines: 1, newStart: 1, newLines: lines.length, lines }]
      const input = { file_path: filePath, old_string: '', new_string: text }
      await call('Edit', input, 'The file has been updated.', {
        toolUseResult: { filePath, structuredPatch },
      })
    },
    run: (command, output) => call('Bash', { command }, output),
    async commit(message) {
      await seat.machine.git(seat.top, 'add', '-A')
      const env = { CLAUDE_CODE_SESSION_ID: session }
      const ran = await seat.machine.run('git', ['commit', '--quiet', '-m', message], { cwd: seat.top, env })
      if (ran.exitCode !== 0) throw new Error(ran.stderr)
      shiftMs = 5_000
      await seat.machine.git(seat.top, 'push', '--quiet', 'origin', 'HEAD')
      return seat.machine.git(seat.top, 'rev-parse', 'HEAD')
    },
    row: (each) => write([each]),
  }
}
