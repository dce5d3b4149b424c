/** Rows of a transcript: what is edited, and that all else keeps its bytes. */

import test from 'ava'
import fc from 'fast-check'
import { deepestNesting } from '../../src/redact/json-leaves.ts'
import { patched, redactAll, token } from './support.ts'

const label = /\[REDACTED:[a-z0-9-]+:[0-9a-f]{4}\]/

const row = (value: unknown) => `${JSON.stringify(value)}\n`

test('only the secret changes: order, blanks, numbers and escapes stay', async (t) => {
  const before = `{ "b" : 1.50e+3,"a":"caf\\u00e9 \\/ \\"x\\" `
  const after = ` \\ud83d\\ude00 ok"  , "n":-0 }\r\n`
  const { output, findings } = await redactAll('session.jsonl', `${before}${token}${after}`)
  const text = output.toString()
  t.true(text.startsWith(before))
  t.true(text.endsWith(after))
  t.regex(text, label)
  t.false(text.includes(token))
  t.deepEqual(findings, [['github-pat', 1]])
})

test('escapes hide nothing', async (t) => {
  const escaped = [...token].map((char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')
  const { output } = await redactAll('session.jsonl', `{"a":"x ${escaped} y"}\n`)
  t.regex(output.toString(), /^\{"a":"x \[REDACTED:github-pat:[0-9a-f]{4}\] y"\}\n$/)
  const nested = await redactAll('session.jsonl', row({ text: JSON.stringify({ text: `\n${token}\n` }) }))
  t.false(nested.output.includes(token))
  t.notThrows(() => JSON.parse(nested.output.toString()))
})

test('a character of several bytes is never parted', async (t) => {
  const { output } = await redactAll('session.jsonl', row({ text: `password: "pä5Swörd-für-alle"` }))
  t.notThrows(() => new TextDecoder('utf-8', { fatal: true }).decode(output))
  t.regex(output.toString(), /password: \\"\[REDACTED/)
  const pair = await redactAll('session.jsonl', `{"t":"DB_PASSWORD=${'aB3'.repeat(333)}\\ud83d\\ude00 x"}\n`)
  t.regex(pair.output.toString(), /^\{"t":"DB_PASSWORD=\[REDACTED:[^\]]+\] x"\}\n$/)
})

test('the same secret has the same label, and another key gives another', async (t) => {
  const rows = row({ a: `one ${token}`, b: `two ${token}` })
  const labels = (text: string) => text.match(new RegExp(label, 'g')) ?? []
  const [one = '', two = ''] = labels((await redactAll('session.jsonl', rows)).output.toString())
  t.is(one, two)
  const other = await redactAll('session.jsonl', rows, { hmacKey: new Uint8Array(32) })
  t.not(labels(other.output.toString())[0], one)
})

test('a key that names a secret tells what its value is', async (t) => {
  const { output } = await redactAll(
    'session.jsonl',
    row({ input: { password: 'correct7horse', note: 'correct7horse' } }),
  )
  t.regex(output.toString(), /"password":"\[REDACTED:[^"]*","note":"correct7horse"/)
})

test('ids, times, signatures and images stay', async (t) => {
  const signature = `Eq${Buffer.from(token.repeat(20)).toString('base64')}`
  const image = `iVBORw0KGgo${Buffer.from(token.repeat(20)).toString('base64')}`
  const value = {
    uuid: '3f2a91c4-5d1e-4c7b-9a60-2b8e7f410c55',
    parentUuid: '0b9c7a52-8a43-4d0e-bb62-7f1c5a3e9d10',
    timestamp: '2026-11-20T12:00:00.000Z',
    message: {
      id: 'msg_01ABCDEFGHJKLMNPQRSTUVWX',
      content: [
        { type: 'thinking', thinking: 'hm', signature },
        { type: 'redacted_thinking', data: signature },
        { type: 'tool_use', id: 'toolu_01ABCDEFGHJKLMNPQRSTUVWX', input: {} },
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: image } },
      ],
    },
  }
  const { output, edits } = await redactAll('session.jsonl', row(value), {
    knownValues: [token, signature, '3f2a91c4-5d1e-4c7b-9a60-2b8e7f410c55'],
  })
  t.is(output.toString(), row(value))
  t.is(edits.length, 0)
})

test('a key like an id hides no secret', async (t) => {
  const { output } = await redactAll(
    'session.jsonl',
    row({ access_key_id: `AKI${'A'}QWERTY234567ASDF`, id: token }),
  )
  t.false(output.includes('QWERTY234567'))
  t.false(output.includes(token))
})

const thinking = (text: string) => ({ type: 'thinking', thinking: text, signature: 'c2ln' })

test('a block of thinking with a secret goes whole, and its neighbours stay', async (t) => {
  const content = (...blocks: unknown[]) =>
    row({ uuid: 'x', message: { role: 'assistant', content: blocks } })
  const [text, secret, fine] = [{ type: 'text', text: 'hi' }, thinking(`use ${token}`), thinking('fine')]
  const cases: readonly (readonly [string, string])[] = [
    [content(secret, text), content(text)],
    [content(text, secret), content(text)],
    [content(text, secret, fine), content(text, fine)],
    [content(secret, secret, text, secret), content(text)],
    [content('words', secret), content('words')],
    [content(secret), content({ type: 'text', text: '[REDACTED:thinking]' })],
    [content(secret, secret), content({ type: 'text', text: '[REDACTED:thinking]' })],
  ]
  for (const [before, after] of cases) {
    const { output, edits, findings } = await redactAll('session.jsonl', before)
    t.is(output.toString(), after)
    t.is(patched(output, edits).toString(), before)
    t.true(findings.some(([rule]) => rule === 'thinking-block'))
  }
})

test('recorded requests go, and one with a place in the chain keeps it', async (t) => {
  const kept = row({ type: 'user', uuid: 'a', message: 'the api-request failed' })
  const chained = row({ type: 'api-request', uuid: 'b', parentUuid: 'a', body: token })
  const before = `${row({ type: 'api-request-blob', body: 'all' })}${kept}${chained}${row({ type: 'user', parentUuid: 'b' })}`
  const { output, edits } = await redactAll('session.jsonl', before)
  const stub = row({ parentUuid: 'a', uuid: 'b', type: 'api-request' })
  t.is(output.toString(), `${kept}${stub}${row({ type: 'user', parentUuid: 'b' })}`)
  t.is(patched(output, edits).toString(), before)
})

test('a line that is no JSON goes, blank ones stay', async (t) => {
  const before = `\n{"a":1}\n{"a": "torn ${token}\n \r\n{"b":"\\q ${token}"}\n`
  const { output, findings, edits } = await redactAll('session.jsonl', before)
  t.is(output.toString(), '\n{"a":1}\n \r\n')
  t.deepEqual(findings, [
    ['unreadable-row', 3],
    ['unreadable-row', 5],
  ])
  t.is(patched(output, edits).toString(), before)
})

test('what is nested too deep is refused, never passed', async (t) => {
  const nested = (depth: number) => `{"a":${'['.repeat(depth - 1)}"${token}"${']'.repeat(depth - 1)}}\n`
  const { output } = await redactAll('session.jsonl', nested(deepestNesting))
  t.false(output.includes(token))
  for (const depth of [deepestNesting + 1, 100_000]) {
    const error = await t.throwsAsync(redactAll('session.jsonl', `{}\n${nested(depth)}`), {
      code: 'secret-found',
    })
    t.regex(error?.message ?? '', /^session\.jsonl: line 2: /)
  }
  await t.throwsAsync(redactAll('tasks/1.json', nested(100_000)), { code: 'secret-found' })
})

test('secrets at every border of the pieces of a long string are found', async (t) => {
  for (const at of [102_380, 102_399, 102_400, 102_401, 98_300, 98_304, 204_700]) {
    for (const filler of ['ab ', 'é\\n']) {
      const text = `${filler.repeat(Math.ceil(at / filler.length)).slice(0, at)}`.replace(/\\$/, '')
      const { output } = await redactAll('session.jsonl', `{"t":"${text} ${token} ${'x '.repeat(60_000)}"}\n`)
      t.false(output.includes(token.slice(8)), `${at} ${filler}`)
      t.notThrows(() => JSON.parse(output.toString()))
    }
  }
})

test('a secret longer than a piece goes whole', async (t) => {
  const long = Buffer.from(
    Array.from({ length: 180_000 }, (_, index) => (index * index * 31) % 251),
  ).toString('base64')
  const { output } = await redactAll('session.jsonl', `{"t":"api_token='${long}' end"}\n`)
  t.true(output.length < 200, `${output.length}`)
  t.true(output.includes(' end'))
})

test('the output is the same however the input is cut, and holds all other bytes', async (t) => {
  const rows = [
    row({ text: `a ${token} b` }),
    row({ deep: [{ list: ['x', thinking(token)] }, 'é'] }),
    row({ type: 'api-request' }),
    '\n',
    row({ text: 'plain' }),
  ]
  const property = fc.asyncProperty(
    fc.array(fc.constantFrom(...rows), { maxLength: 6 }),
    fc.integer({ min: 1, max: 200 }),
    async (chosen, chunkBytes) => {
      const before = chosen.join('')
      const whole = await redactAll('session.jsonl', before)
      const cut = await redactAll('session.jsonl', before, { chunkBytes })
      return whole.output.equals(cut.output) && patched(cut.output, cut.edits).toString() === before
    },
  )
  await t.notThrowsAsync(async () => fc.assert(property, { numRuns: 10 }))
})

test('without a finding every document keeps its bytes', async (t) => {
  const property = fc.asyncProperty(fc.jsonValue(), async (value) => {
    const text = JSON.stringify(value, null, 1)
    const { output } = await redactAll('tasks/1.json', text)
    return output.toString() === text
  })
  await t.notThrowsAsync(async () => fc.assert(property, { numRuns: 25 }))
})
