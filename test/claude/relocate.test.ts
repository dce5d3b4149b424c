/** What relocation edits, and what it leaves alone. */

import { readFileSync } from 'node:fs'
import test from 'ava'
import fc from 'fast-check'
import { applyEdits } from '../../src/claude/edits.ts'
import { relocateContent } from '../../src/claude/relocate.ts'
import { backupHash, planRelocation } from '../../src/claude/relocation.ts'
import { lineBatches } from '../../src/json/line-batches.ts'
import {
  chunked,
  joined,
  lines,
  linuxHere,
  linuxOrigin,
  otherSession,
  relocated,
  sampleFile,
  session,
  toLinux,
  transcript,
  windowsHere,
  windowsOrigin,
} from './sample.ts'

const row = (value: unknown) => `${JSON.stringify(value)}\n`

test('every row with a path field is edited there and nowhere else', async (t) => {
  const before = lines(transcript('linux'))
  const after = lines(await relocated(transcript('linux'), toLinux))
  t.is(after.length, before.length)
  const text = after.join('\n')
  t.false(text.includes('"cwd":"/home/ann/app"'))
  t.false(/"(?:filePath|filename|realParentDir|persistedOutputPath|worktreePath)":"\/home\/ann/.test(text))
  t.true(text.includes('"persistedOutputPath":"/root/.claude/projects/-work-app/'))
  t.true(text.includes('"command":"node \\"/work/app/hooks/lint.js\\" --quiet"'))
  // Content, recorded environment, thinking, file contents.
  t.true(text.includes('Make /home/ann/app/src/app.js greet'))
  t.true(text.includes('"workingDirectory":"/home/ann/app"'))
  t.true(text.includes('"thinking":"The file is /home/ann/app/src/app.js."'))
  t.true(text.includes('// /home/ann/app stays in file contents'))
  t.true(text.includes('"big":1e400,"zero":-0,"twice":1,"twice":2'))
})

test('only the edited strings differ: reversing them gives back the bytes', async (t) => {
  const text = await relocated(transcript('linux'), toLinux)
  const back = planRelocation(
    { ...linuxOrigin, ...linuxHere, platform: 'posix', projectDir: '-work-app' },
    session,
    {
      ...linuxHere,
      home: '/home/ann',
      config: '/home/ann/.claude',
      root: '/home/ann/app',
      projectDir: '-home-ann-app',
    },
  )
  t.is(await relocated(text, back), transcript('linux').toString())
})

test('lines that cannot be parsed stay as they are', async (t) => {
  const broken = [
    '{"cwd":"/home/ann/app"',
    '{"cwd":"/home/ann/app",}',
    '"cwd" /home/ann/app',
    '',
    '   ',
    '{"cwd":"/home/ann/app"}}',
  ]
  t.deepEqual((await relocated(broken.join('\n'), toLinux)).split('\n'), broken)
})

test('CRLF line ends and a missing last line feed stay', async (t) => {
  const text = '{"cwd":"/home/ann/app"}\r\n{"cwd": "/home/ann/app" }\r\n{"cwd":"/home/ann/app"}'
  t.is(await relocated(text, toLinux), '{"cwd":"/work/app"}\r\n{"cwd": "/work/app" }\r\n{"cwd":"/work/app"}')
})

test('escapes in a path are decoded before it is compared, and written as JSON.stringify writes', async (t) => {
  t.is(
    await relocated('{"cwd":"\\/home\\/ann\\/\\u0061pp\\/\\ud83e\\udda6"}', toLinux),
    '{"cwd":"/work/app/🦦"}',
  )
})

test('a path that is no UTF-8 stays byte for byte', async (t) => {
  const bytes = Buffer.concat([
    Buffer.from('{"cwd":"/home/ann/app/'),
    Buffer.from([0xff]),
    Buffer.from('"}\n'),
  ])
  t.deepEqual(await joined(relocateContent('session.jsonl', chunked(bytes), toLinux)), bytes)
})

test('checkpoints get the names that this machine gives them', async (t) => {
  const text = await relocated(transcript('linux'), toLinux)
  const [from, to] = [backupHash('/home/ann/app/src/app.js'), backupHash('/work/app/src/app.js')]
  t.false(text.includes(from))
  t.true(text.includes(`"src/app.js":{"backupFileName":"${to}@v2"`))
  t.true(text.includes(`"trackingPath":"src/app.js","backup":{"backupFileName":"${to}@v1"`))
  t.true(text.includes('"notes.md":{"backupFileName":null'))
})

test('an absolute checkpoint key is mapped, and a name that is no hash of its path stays', async (t) => {
  const tracked = {
    '/home/ann/x.txt': { backupFileName: `${backupHash('/home/ann/x.txt')}@v1`, realParentDir: '/home/ann' },
    'y.txt': { backupFileName: '0000000000000000@v1', realParentDir: '/home/ann/app' },
  }
  const text = await relocated(
    row({ type: 'file-history-snapshot', snapshot: { trackedFileBackups: tracked } }),
    toLinux,
  )
  t.is(
    text,
    row({
      type: 'file-history-snapshot',
      snapshot: {
        trackedFileBackups: {
          '/root/x.txt': { backupFileName: `${backupHash('/root/x.txt')}@v1`, realParentDir: '/root' },
          'y.txt': { backupFileName: '0000000000000000@v1', realParentDir: '/work/app' },
        },
      },
    }),
  )
})

test('a Windows session comes to Linux', async (t) => {
  const text = await relocated(transcript('windows'), planRelocation(windowsOrigin, session, linuxHere))
  t.true(text.includes('"cwd":"/work/app"'))
  t.false(text.includes('"cwd":"C:\\\\Users\\\\Ann\\\\app"'))
  t.true(text.includes('"filePath":"/work/app/src/app.js"'))
  t.true(text.includes(`"src/app.js":{"backupFileName":"${backupHash('/work/app/src/app.js')}@v2"`))
  t.true(
    text.includes(
      `"persistedOutputPath":"/root/.claude/projects/-work-app/${session}/tool-results/b1x2y3.txt"`,
    ),
  )
  t.true(text.includes('Make C:\\\\Users\\\\Ann\\\\app\\\\src\\\\app.js greet'))
})

test('a Linux session comes to Windows', async (t) => {
  const text = await relocated(transcript('linux'), planRelocation(linuxOrigin, session, windowsHere))
  t.true(text.includes('"cwd":"D:\\\\src\\\\app"'))
  t.true(text.includes(`"src\\\\app.js":{"backupFileName":"${backupHash('D:\\src\\app\\src\\app.js')}@v2"`))
})

test('a fork gets its new id in every row, and keeps the id that it came from elsewhere', async (t) => {
  const fork = planRelocation(linuxOrigin, session, { ...linuxHere, session: otherSession })
  const options = { session: { from: session, to: otherSession } }
  const text = await relocated(transcript('linux'), fork, options)
  t.false(text.includes(`"sessionId":"${session}"`))
  t.true(
    text.includes(`"persistedOutputPath":"/root/.claude/projects/-work-app/${otherSession}/tool-results/`),
  )
  const sub = 'session-subdir/subagents/agent-a1b2c3d4.jsonl'
  const agent = await relocated(
    readFileSync(sampleFile('linux', `${session}/subagents/agent-a1b2c3d4.jsonl`)),
    fork,
    options,
    sub,
  )
  t.false(agent.includes(session))
  t.true(agent.includes(`"session_id":"${otherSession}"`))
  const kept = row({
    parentSessionId: session,
    forkedFrom: { sessionId: session },
    message: session,
    sessionId: 'x',
  })
  t.is(await relocated(kept, fork, options), kept)
})

test('prompt history, subagent notes and workflow states have fields of their own', async (t) => {
  const history = row({
    display: 'see /home/ann/app',
    project: '/home/ann/app',
    cwd: '/home/ann/app',
    sessionId: session,
  })
  t.is(
    await relocated(history, toLinux, {}, 'history.jsonl'),
    row({ display: 'see /home/ann/app', project: '/work/app', cwd: '/home/ann/app', sessionId: session }),
  )
  const meta = '{\n  "worktreePath": "/home/ann/app/w",\n  "description": "/home/ann/app"\n}\n'
  t.is(
    await relocated(meta, toLinux, {}, 'session-subdir/subagents/agent-1.meta.json'),
    meta.replace('/home/ann/app/w', '/work/app/w'),
  )
  t.is(
    await relocated('{"scriptPath":"/home/ann/app/s.js"}', toLinux, {}, 'session-subdir/workflows/wf_1.json'),
    '{"scriptPath":"/work/app/s.js"}',
  )
})

for (const name of [
  'session-subdir/tool-results/x.json',
  'tasks/1.json',
  'plans/x.md',
  'file-history/0123456789abcdef@v1',
]) {
  test(`${name} is left as it is`, async (t) => {
    t.is(await relocated('{"cwd":"/home/ann/app"}\n', toLinux, {}, name), '{"cwd":"/home/ann/app"}\n')
  })
}

const leaf = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('/home/ann/app/x', '/home/ann/app2', '/home/ann', '/etc/x', 'C:\\x', '\\/home/ann/app'),
  fc.integer(),
  fc.constant(null),
)
const anyRow = fc.dictionary(
  fc.constantFrom('cwd', 'type', 'message', 'planFilePath', 'x', 'uuid', 'projectPaths', 'toolUseResult'),
  fc.oneof(
    leaf,
    fc.array(leaf, { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('filePath', 'content'), leaf),
  ),
  { noNullPrototype: true },
)
const anyRows = fc.array(anyRow, { maxLength: 6 }).map((rows) => rows.map(row).join(''))

test('relocating twice is relocating once', async (t) => {
  await fc.assert(
    fc.asyncProperty(anyRows, async (text) => {
      const once = await relocated(text, toLinux)
      t.is(await relocated(once, toLinux), once)
    }),
    { numRuns: 100 },
  )
})

test('rows without a known folder come through byte for byte', async (t) => {
  const elsewhere = planRelocation(
    { ...linuxOrigin, home: '/no/where', config: '/no/where/.claude', root: '/no/where/app' },
    session,
    linuxHere,
  )
  await fc.assert(
    fc.asyncProperty(anyRows, fc.boolean(), async (text, deep) => {
      t.is(await relocated(text, elsewhere, { deep }), text)
    }),
    { numRuns: 100 },
  )
})

test('however a stream is cut into chunks, its lines are the same', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: fc.constantFrom('a', '\n', '€') }),
      fc.integer({ min: 1, max: 9 }),
      async (text, size) => {
        const bytes = Buffer.from(text)
        const pieces: Buffer[] = []
        for await (const batch of lineBatches(chunked(bytes, size))) {
          t.true(batch.whole)
          pieces.push(batch.bytes)
        }
        t.deepEqual(Buffer.concat(pieces), bytes)
        t.true(pieces.slice(0, -1).every((piece) => piece.at(-1) === 10))
      },
    ),
  )
})

test('a line over the cap passes through in pieces, and the lines around it are whole', async (t) => {
  const text = `a\n${'b'.repeat(50)}\nc\n`
  const batches: string[] = []
  for await (const { bytes, whole } of lineBatches(chunked(Buffer.from(text), 7), 20)) {
    batches.push(`${whole ? 'whole' : 'piece'} ${bytes}`)
  }
  t.is(batches.map((batch) => batch.slice(6)).join(''), text)
  t.is(batches[0], 'whole a\n')
  t.is(batches.at(-1), 'whole c\n')
  t.true(batches.slice(1, -1).every((batch) => batch.startsWith('piece b') || batch === 'piece \n'))
})

test('a line of 60 MB is edited', async (t) => {
  const size = 60 * 1024 * 1024
  const head = Buffer.from('{"message":{"content":"')
  const tail = Buffer.from('"},"cwd":"/home/ann/app"}\n')
  const filler = Buffer.alloc(1024 * 1024, 'x')
  async function* content() {
    yield head
    for (let sent = 0; sent < size; sent += filler.length) yield filler
    yield tail
  }
  let received = 0
  let last = Buffer.alloc(0)
  for await (const piece of relocateContent('session.jsonl', content(), toLinux)) {
    received += piece.length
    last = Buffer.concat([last, piece.subarray(-64)]).subarray(-64)
  }
  t.is(received, head.length + size + tail.length - '/home/ann/app'.length + '/work/app'.length)
  t.true(last.toString().endsWith('xx"},"cwd":"/work/app"}\n'))
})

test('edits that overlap: the one that begins first counts', (t) => {
  const text = Buffer.from('0123456789')
  const edits = {
    list: [
      { start: 4, end: 5, text: Buffer.from('x') },
      { start: 2, end: 6, text: Buffer.from('_') },
      { start: 8, end: 8, text: Buffer.from('+') },
    ],
  }
  t.is(Buffer.concat(applyEdits(text, edits)).toString(), '01_67+89')
})
