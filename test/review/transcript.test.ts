import test from 'ava'
import fc from 'fast-check'
import { splitLines } from '../../src/review/lines.ts'
import { maxRowBytes } from '../../src/review/row.ts'
import { renderTranscript, type TextOptions } from '../../src/review/transcript.ts'

const plain: TextOptions = { color: false, columns: 60, full: false, thinking: false }

async function* linesOf(rows: readonly unknown[]): AsyncGenerator<Uint8Array> {
  for (const row of rows) yield Buffer.from(typeof row === 'string' ? row : JSON.stringify(row))
}

async function render(rows: readonly unknown[], options: Partial<TextOptions> = {}): Promise<string> {
  let text = ''
  for await (const piece of renderTranscript(linesOf(rows), { ...plain, ...options })) text += piece
  return text
}

const user = (content: unknown, more = {}) => ({ type: 'user', message: { role: 'user', content }, ...more })
const assistant = (...content: unknown[]) => ({ type: 'assistant', message: { role: 'assistant', content } })
const text = (words: string) => ({ type: 'text', text: words })
const call = (id: string, name: string, input: unknown) => ({ type: 'tool_use', id, name, input })
const result = (id: string, content: unknown, more = {}) =>
  user([{ type: 'tool_result', tool_use_id: id, content, ...more }])

const conversation = [
  { type: 'ai-title', title: 'Parser' },
  user('Fix the parser.\nIt fails on tabs.'),
  assistant({ type: 'thinking', thinking: 'Let me see.\nTabs.', signature: 'x' }),
  assistant(text('I will run the tests first.')),
  assistant(call('t1', 'Bash', { command: 'npm test', description: 'Run the tests' })),
  result('t1', 'not ok 1\nnot ok 2\n\nfailed'),
  assistant(text('Two fail:\n\n    indented code')),
]

test('prompts, answers and folded calls read as a conversation', async (t) => {
  t.is(
    await render(conversation),
    `> Fix the parser.
  It fails on tabs.

I will run the tests first.

  [Bash] npm test
      not ok 1 (+3 lines)

Two fail:

    indented code
`,
  )
})

test('in full, nothing of a call is folded', async (t) => {
  t.is(
    await render(
      [
        assistant(call('t1', 'Write', { file_path: 'a.ts', content: 'one\n  two\n', mode: { x: [1] } })),
        conversation[5],
      ],
      { full: true },
    ),
    `  [Write] a.ts
      file_path: a.ts
      content:
        one
          two
      mode: {"x":[1]}
      not ok 1
      not ok 2

      failed
`,
  )
})

test('thinking is shown on request', async (t) => {
  t.is(await render(conversation.slice(2, 3), { thinking: true }), '(thinking) Let me see.\n  Tabs.\n')
  t.is(await render(conversation.slice(2, 3)), '')
})

test('results of calls that ran side by side say whose they are', async (t) => {
  const rows = [
    assistant(call('a', 'Read', { file_path: 'a.ts' }), call('b', 'Read', { file_path: 'b.ts' })),
    result('b', [text('bee')]),
    result('a', [text('ay')], { is_error: true }),
    result('nobody', 'lost'),
  ]
  t.is(
    await render(rows),
    `  [Read] a.ts
  [Read] b.ts
      bee
      [Read] a.ts: failed: ay
      lost
`,
  )
})

test('a subagent is indented', async (t) => {
  const rows = [
    assistant(call('t', 'Task', { description: 'Explore', prompt: 'Look around' })),
    user('Look around', { isSidechain: true }),
    { ...assistant(text('Found\nit.')), isSidechain: true },
    result('t', 'Found it.'),
  ]
  t.is(
    await render(rows),
    `  [Task] Explore
  |
  | > Look around
  |
  | Found
  | it.

      [Task] Explore: Found it.
`,
  )
})

test('images and documents are named, wherever they are', async (t) => {
  const image = {
    type: 'image',
    source: { type: 'base64', media_type: 'image/png', data: 'A'.repeat(16_000) },
  }
  const document = {
    type: 'document',
    title: 'spec.pdf',
    source: { type: 'url', url: 'https://example.org/s' },
  }
  t.is(
    await render([
      user([text('See'), image, document]),
      assistant(call('r', 'Read', { file_path: 'a.png' })),
      result('r', [image]),
    ]),
    `> See

> [image: image/png, 12 kB]

> [document: spec.pdf, https://example.org/s]

  [Read] a.png
      [image: image/png, 12 kB]
`,
  )
})

test('slash commands look as they were typed', async (t) => {
  const command =
    '<command-name>/model</command-name>\n<command-message>model</command-message>\n<command-args>opus</command-args>'
  const output = '<local-command-stdout>Set model to \x1b[1mopus\x1b[22m\nDone</local-command-stdout>'
  t.is(await render([user(command), user(output)]), '> /model opus\n\n  Set model to opus (+1 line)\n')
})

test('what the client says in the name of the user is shown in full only', async (t) => {
  const rows = [
    user('Caveat', { isMeta: true }),
    user('Summary', { isCompactSummary: true }),
    user('<task-notification>', { promptSource: 'system' }),
  ]
  t.is(await render(rows), '')
  t.is(
    await render(rows, { full: true }),
    '> (client) Caveat\n\n> (client) Summary\n\n> (client) <task-notification>\n',
  )
})

test('a prompt typed while the model was busy is a prompt, and a compaction is told', async (t) => {
  const rows = [
    { type: 'attachment', attachment: { type: 'queued_command', prompt: 'Also the docs' } },
    { type: 'system', subtype: 'compact_boundary', content: 'Conversation compacted' },
    { type: 'system', subtype: 'turn_duration', durationMs: 5 },
  ]
  t.is(await render(rows), '> Also the docs\n\n-- Conversation compacted --\n')
})

test('unknown rows are left out, broken ones are told', async (t) => {
  const rows = [
    '',
    '[]',
    'null',
    '7',
    { type: 'cost-state' },
    { type: 'user' },
    {
      type: 'assistant',
      message: { content: [null, 3, { type: 'novelty' }, [], { type: 'text', text: 7 }] },
    },
    '{"type":"user","mess',
    Buffer.from([0xff, 0xfe]).toString('latin1'),
  ]
  t.is(
    await render(rows),
    '-- a row that cannot be read is left out --\n\n-- a row that cannot be read is left out --\n',
  )
})

test('a row that is too large is told and not parsed', async (t) => {
  async function* flood(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('{"type":"user","message":{"content":"')
    const chunk = Buffer.alloc(1024 * 1024, 0x61)
    for (let at = 0; at < 60; at += 1) yield chunk
    yield Buffer.from('"}}\n{"type":"user","message":{"content":"after"}}\n')
  }
  let largest = 0
  for await (const line of splitLines(flood())) largest = Math.max(largest, line.byteLength)
  t.is(largest, maxRowBytes + 1)
  let printed = ''
  for await (const piece of renderTranscript(splitLines(flood()), plain)) printed += piece
  t.is(printed, '-- a row that is too large to show is left out --\n\n> after\n')
})

test('deep nesting does not end the program', async (t) => {
  t.is(await render(['['.repeat(1_000_000) + ']'.repeat(1_000_000)]), '')
  const deepCall = (depth: number) => {
    const input = `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
    return `{"type":"assistant","message":{"content":[{"type":"tool_use","id":"d","name":"X","input":${input}}]}}`
  }
  t.regex(await render([deepCall(100)]), /^ {2}\[X\] \{"a"/)
  t.is(await render([deepCall(200_000)]), '  [X] (nested too deeply to show)\n')
  t.is(
    await render([deepCall(200_000)], { full: true }),
    '  [X] (nested too deeply to show)\n      a: (nested too deeply to show)\n',
  )
})

test('a result inside a result inside a result is left out', async (t) => {
  const nested = {
    type: 'tool_result',
    tool_use_id: 'x',
    content: [{ type: 'tool_result', content: 'deep' }],
  }
  t.is(await render([result('r', [nested, text('top')])]), '      top\n')
})

test('an own __proto__ key changes nothing', async (t) => {
  t.is(await render(['{"__proto__":{"type":"user","message":{"content":"forged"}},"type":"mode"}']), '')
})

test('text comes out before the next row is read', async (t) => {
  let read = 0
  async function* counted(): AsyncGenerator<Uint8Array> {
    for (const row of [user('one'), user('two')]) {
      read += 1
      yield Buffer.from(JSON.stringify(row))
    }
  }
  const pieces = renderTranscript(counted(), plain)
  t.is((await pieces.next()).value, '> one\n')
  t.is(read, 1)
})

test('colour only adds to the text', async (t) => {
  const painted = await render(conversation, { color: true })
  t.true(painted.includes('\x1b[1m> Fix the parser.\x1b[22m\n'))
  t.is(painted.replace(/\x1b\[\d+m/g, ''), await render(conversation))
})

test('nothing hostile reaches the terminal, whatever field it hides in', async (t) => {
  const hostile = fc
    .string({ unit: 'binary' })
    .map((words) => `\x1b]0;x\x07\u202e${words}\x1b[2J\x9b1m\u2028`)
  const media = fc.record({
    type: fc.constant('image'),
    title: hostile,
    source: fc.record({ media_type: hostile, data: hostile }),
  })
  const block = fc.oneof(
    fc.record({ type: fc.constantFrom('text', 'thinking'), text: hostile, thinking: hostile }),
    fc.record({
      type: fc.constant('tool_use'),
      id: hostile,
      name: hostile,
      input: fc.oneof(hostile, fc.dictionary(hostile, hostile)),
    }),
    fc.record({
      type: fc.constant('tool_result'),
      tool_use_id: hostile,
      content: hostile,
      is_error: fc.boolean(),
    }),
    media,
  )
  const row = fc.record({
    type: fc.constantFrom('user', 'assistant', 'system', 'attachment'),
    subtype: fc.constant('informational'),
    content: hostile,
    isSidechain: fc.boolean(),
    message: fc.record({ content: fc.oneof(hostile, fc.array(block)) }),
    attachment: fc.record({ type: fc.constant('queued_command'), prompt: hostile }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(row), fc.boolean(), async (rows, full) => {
      const printed = await render(rows, { full, thinking: full })
      t.notRegex(printed.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\u2028\u2029]/u)
      t.notRegex(printed, /[ ]\n/)
      t.true(printed === '' || printed.endsWith('\n'))
    }),
  )
})

test('folded lines fit the terminal', async (t) => {
  const long = 'word '.repeat(100)
  const rows = [
    assistant(call('a', 'Bash', { command: long })),
    result('a', `${long}\n${long}`),
    result('b', long),
  ]
  for (const line of (await render(rows, { columns: 40 })).split('\n')) t.true(line.length <= 40, line)
})
