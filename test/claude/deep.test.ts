/** Relocation of the conversation's text, on request. */

import test from 'ava'
import { newRowLinks } from '../../src/claude/row-links.ts'
import { lines, relocated, toLinux, transcript } from './sample.ts'

const row = (value: unknown) => `${JSON.stringify(value)}\n`
const deep = { deep: true }

test('every known folder in the conversation is mapped, on boundaries', async (t) => {
  const text = await relocated(transcript('linux'), toLinux, deep)
  t.true(text.includes('Make /work/app/src/app.js greet'))
  t.true(text.includes('"file_path":"/work/app/src/app.js"'))
  t.true(text.includes('/work/app/notes.md is empty; /root/app2 and /root/app.bak are other folders.'))
  t.true(text.includes('// /work/app stays in file contents'))
})

test('keys are mapped as well', async (t) => {
  const content = [{ type: 'tool_use', input: { '/home/ann/app/x': 1 } }]
  t.true(
    (await relocated(row({ type: 'assistant', message: { content } }), toLinux, deep)).includes(
      '{"/work/app/x":1}',
    ),
  )
})

test('thinking goes, with the row that held nothing else, and later rows hang on what came before', async (t) => {
  const text = await relocated(transcript('linux'), toLinux, deep)
  t.false(text.includes('"type":"thinking"'))
  t.false(text.includes('"uuid":"00000000-0000-4000-8000-000000000004"'))
  const next = lines(text).find((line) => line.includes('"uuid":"00000000-0000-4000-8000-000000000005"'))
  t.true(next?.includes('"parentUuid":"00000000-0000-4000-8000-000000000003"'))
})

test('thinking goes from between other blocks, wherever it stands', async (t) => {
  const block = (kind: string) => ({ type: kind, text: kind })
  const cases = [
    ['thinking', 'text', 'thinking', 'redacted_thinking', 'text', 'thinking'],
    ['text', 'thinking'],
    ['thinking', 'text'],
    ['text'],
  ]
  for (const kinds of cases) {
    const before = row({ type: 'assistant', message: { content: kinds.map(block) } })
    const after = row({
      type: 'assistant',
      message: { content: kinds.filter((kind) => kind === 'text').map(block) },
    })
    t.is(await relocated(before, toLinux, deep), after)
  }
})

test('signatures and encoded data stay byte for byte, even where they look like a path', async (t) => {
  const opaque = {
    type: 'user',
    message: {
      content: [
        { type: 'text', text: 'x', signature: '/home/ann/app' },
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: '/home/ann/app/AAAA' } },
        { type: 'image', mimeType: 'image/png', data: '/home/ann/app/AAAA' },
        { type: 'x', encrypted_content: '/home/ann/app' },
      ],
    },
    toolUseResult: { file: { base64: '/home/ann/app/AAAA' } },
  }
  t.is(await relocated(row(opaque), toLinux, deep), row(opaque))
})

test('recorded environments and rows of unknown type keep their content', async (t) => {
  const environment = row({
    type: 'attachment',
    attachment: { type: 'environment', snapshot: { workingDirectory: '/home/ann/app' } },
  })
  t.is(await relocated(environment, toLinux, deep), environment)
  const unknown = row({ type: 'some-future-row', text: '/home/ann/app' })
  t.is(await relocated(unknown, toLinux, deep), unknown)
})

test('numbers, order, spacing and doubled keys of an edited row stay', async (t) => {
  const text =
    '{ "type":"user", "n":1e400, "z":-0, "a":1, "a":2, "message":{"content":"in /home/ann/app"} }\n'
  t.is(await relocated(text, toLinux, deep), text.replace('/home/ann/app', '/work/app'))
})

test('a row in the next part of a transcript finds the row before the one that was dropped', async (t) => {
  const links = newRowLinks()
  const first = row({
    type: 'assistant',
    uuid: 'b',
    parentUuid: 'a',
    message: { content: [{ type: 'thinking' }] },
  })
  t.is(await relocated(first, toLinux, { deep: true, links }), '')
  const second = row({ type: 'user', uuid: 'c', parentUuid: 'b', message: { content: 'go on' } })
  t.is(
    await relocated(second, toLinux, { deep: true, links }),
    second.replace('"parentUuid":"b"', '"parentUuid":"a"'),
  )
})
