import test from 'ava'
import fc from 'fast-check'
import { readConversation } from '../../src/review/conversation.ts'
import { safeText } from '../../src/review/safe-text.ts'
import { createViewer, type ViewMessage } from '../../src/review/view.ts'
import { joinResults } from '../../src/review/view-join.ts'

async function* linesOf(rows: readonly unknown[]): AsyncGenerator<Uint8Array> {
  for (const row of rows) yield Buffer.from(typeof row === 'string' ? row : JSON.stringify(row))
}

async function view(rows: readonly unknown[], options = {}): Promise<readonly ViewMessage[]> {
  const viewed: ViewMessage[] = []
  const viewer = createViewer({ roots: ['/home/ann/shop'], images: true, thinking: true, ...options })
  for await (const conversed of readConversation(linesOf(rows), {})) {
    const message = viewer(conversed)
    if (message) viewed.push(message)
  }
  return viewed
}

const user = (content: unknown, more = {}) => ({ type: 'user', message: { role: 'user', content }, ...more })
const assistant = (...content: unknown[]) => ({ type: 'assistant', message: { role: 'assistant', content } })
const text = (words: string) => ({ type: 'text', text: words })
const call = (id: string, name: string, input: unknown) => ({ type: 'tool_use', id, name, input })
const result = (id: string, content: unknown, more = {}) =>
  user([{ type: 'tool_result', tool_use_id: id, content }], more)
const image = (data: string) => ({ type: 'image', source: { type: 'base64', media_type: 'image/png', data } })
const png = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.alloc(40)]).toString('base64')

const edit = { file_path: '/home/ann/shop/src/a.ts', old_string: 'a', new_string: 'b' }
const patch = [{ oldStart: 3, oldLines: 2, newStart: 3, newLines: 2, lines: [' x', '-a', '+b'] }]
const conversation = [
  user('Fix it'),
  assistant(text('I will.')),
  assistant(call('t1', 'Edit', edit), call('t2', 'Bash', { command: 'npm test' })),
  result('t1', 'done', { toolUseResult: { filePath: edit.file_path, structuredPatch: patch } }),
  result('t2', [{ type: 'text', text: 'not ok' }], {}),
]

test('a result joins its call, with the change it made, hunk by hunk', async (t) => {
  const messages = joinResults(await view(conversation))
  t.deepEqual(
    messages.map(({ kind, number, asked }) => [kind, number, asked]),
    [
      ['prompt', 1, true],
      ['answer', 2, false],
      ['answer', 3, false],
    ],
  )
  const [first, second] = messages[2]?.blocks ?? []
  t.like(first, {
    kind: 'call',
    summary: 'src/a.ts',
    path: 'src/a.ts',
    result: { number: 4, body: { text: 'done' }, diff: { path: 'src/a.ts' } },
  })
  t.deepEqual(first?.kind === 'call' && first.result?.diff?.hunks, [
    { oldStart: 3, newStart: 3, lines: [' x', '-a', '+b'] },
  ])
  t.like(second, { tool: 'Bash', result: { number: 5, body: { text: 'not ok' } } })
})

test('a result whose call stands on another page says what it answers', async (t) => {
  const messages = await view(conversation)
  t.like(joinResults(messages.slice(4))[0], {
    kind: 'results',
    blocks: [{ kind: 'result', call: '[Bash] npm test', number: 5 }],
  })
})

test('a slash command and what it printed are told apart from what was asked', async (t) => {
  const name = '<command-name>/model</command-name><command-args>opus</command-args>'
  const messages = await view([user(name), user('<local-command-stdout>Set model</local-command-stdout>')])
  t.like(messages, {
    0: { asked: true, blocks: { 0: { kind: 'command', text: '/model opus' } } },
    1: { asked: false, blocks: { 0: { kind: 'printed', text: 'Set model' } } },
  })
})

test('only raster images are shown, whatever a row calls them', async (t) => {
  const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>').toString('base64')
  const [message] = await view([user([image(png), image(svg), image('not base64!'), image(`${png}"`)])])
  const images = message?.blocks.map((block) => block.kind === 'media' && block.image?.type)
  t.deepEqual(images, ['image/png', undefined, undefined, undefined])
  t.like((await view([result('t', [image(svg), image(png)])]))[0], {
    blocks: { 0: { media: { 0: { image: null }, 1: { image: { type: 'image/png', data: png } } } } },
  })
  const [named] = await view([user([image(png)])], { images: false })
  t.like(named, { blocks: { 0: { name: '[image: image/png, 48 B]', image: null } } })
})

test('every text of a view is harmless and bounded, and nothing makes it throw', async (t) => {
  const words = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom('\x1b]8;;http://x\x07', '\u202e', '\u2066\u200b', '\x9b31m', '<script>'),
  )
  const json = fc.jsonValue({ maxDepth: 3 })
  const block = fc.oneof(
    words.map(text),
    fc.tuple(words, words, json).map(([id, name, input]) => call(id, name, input)),
    fc
      .tuple(words, fc.oneof(words, json))
      .map(([id, content]) => ({ type: 'tool_result', tool_use_id: id, content })),
    words.map((data) => ({ ...image(data), title: data })),
    json,
  )
  const rest = fc.record({ uuid: words, timestamp: words, toolUseResult: json }, { requiredKeys: [] })
  const row = fc.oneof(
    fc.tuple(fc.array(block, { maxLength: 4 }), rest).map(([blocks, more]) => user(blocks, more)),
    fc
      .tuple(fc.array(block, { maxLength: 4 }), rest)
      .map(([blocks, more]) => ({ ...assistant(...blocks), ...more })),
    json,
  )
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 6 }), async (rows) => {
      const messages = await view(rows)
      JSON.stringify(joinResults(messages), (_, value: unknown) => {
        if (typeof value === 'string' && safeText(value) !== value) t.fail(JSON.stringify(value))
        return value
      })
      t.pass()
    }),
    { numRuns: 60 },
  )
  const [long] = await view([user('x'.repeat(1_000_000))])
  t.like(long, { blocks: { 0: { cut: 800_000 } } })
  const [many] = await view([assistant(...Array.from({ length: 5000 }, () => text('x')))])
  t.is(many?.blocks.length, 1001)
})

test('joining loses no block', (t) => {
  const blockOf = (kind: 'call' | 'result' | 'text', id: string) =>
    kind === 'text'
      ? text(id)
      : kind === 'call'
        ? call(id, 'Bash', {})
        : { type: 'tool_result', tool_use_id: id, content: 'x' }
  return fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.array(fc.tuple(fc.constantFrom('call', 'result', 'text'), fc.constantFrom('a', 'b')), {
          maxLength: 3,
        }),
      ),
      async (rows) => {
        const before = (
          await view(rows.map((row) => user(row.map(([kind, id]) => blockOf(kind, id)))))
        ).flatMap(({ blocks }) => blocks)
        const after = joinResults(
          await view(rows.map((row) => user(row.map(([kind, id]) => blockOf(kind, id))))),
        ).flatMap(({ blocks }) => blocks)
        const joined = after.filter((block) => block.kind === 'call' && block.result).length
        t.is(after.length + joined, before.length)
      },
    ),
    { numRuns: 50 },
  )
})
