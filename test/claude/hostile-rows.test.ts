/** Lines of a transcript that anybody wrote: what passes is a row of a kind that may, and readers agree on what it says. */

import test from 'ava'
import fc from 'fast-check'
import { lines, relocated, toLinux, transcript } from './sample.ts'

const sanitised = (text: string | Uint8Array) =>
  relocated(text, toLinux, { tier: 'sanitised', checkTarget: () => true })

const kept = new Set<unknown>([
  ...['user', 'assistant', 'system', 'attachment', 'summary', 'ai-title', 'custom-title', 'last-prompt'],
  ...['tag', 'pr-link', 'file-history-snapshot', 'file-history-delta'],
])

/** What a client that parses the line itself would make of it. */
function harmless(line: string): string | true {
  const row = parsed(line)
  if (typeof row !== 'object' || row === null || Array.isArray(row)) return 'no row'
  const { type, permissionMode, rendered, attachment, message }: Record<string, unknown> = { ...row }
  if (!kept.has(type)) return `type ${String(type)}`
  if (permissionMode !== undefined && permissionMode !== null) return 'a permission mode'
  if (rendered !== undefined && rendered !== null) return 'words in the client’s name'
  if (type === 'attachment' && !/^"(?:file|directory)"$/.test(JSON.stringify(Object(attachment).type)))
    return 'an attachment'
  const speaks = type === 'user' || type === 'assistant'
  return speaks && Object(message).role !== type ? 'another role' : true
}

/** A line that JSON does not allow, such as one with a raw control character, says nothing to anybody: an empty title. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return { type: 'ai-title' }
  }
}

const name = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.constantFrom('type', 'uuid', 'parentUuid', 'leafUuid', 'permissionMode', 'rendered'),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom('message', 'role', 'content', 'attachment', 'snapshot', 'trackedFileBackups'),
  },
  { weight: 1, arbitrary: fc.constantFrom('__proto__', 'constructor', 'ty\\u0070e', 'TYPE', '') },
)
const word = fc.constantFrom(
  'user',
  'assistant',
  'system',
  'attachment',
  'prompt_snapshot',
  'permission-mode',
  'file',
  'a',
)

/** Objects with members that may come twice, in any order, with escapes in their names: what JSON.stringify never writes. */
const { json } = fc.letrec<{ json: string; object: string }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4 },
    word.map((text) => JSON.stringify(text)),
    fc.constantFrom('null', 'true', '1e400', '-0', '"\\ud800"', '"\\u0000"', '[]', '{}', '"'),
    tie('object'),
    fc.array(tie('json'), { maxLength: 3 }).map((all) => `[${all.join(',')}]`),
  ),
  object: fc
    .array(fc.tuple(name, tie('json')), { maxLength: 6 })
    .map((members) => `{${members.map(([key, value]) => `"${key}": ${value}`).join(',')}}`),
}))
const line = fc
  .tuple(word, json, fc.array(fc.tuple(name, json), { maxLength: 5 }), fc.boolean())
  .map(([type, value, more, last]) => {
    const members = more.map(([key, each]) => `"${key}":${each}`)
    const own = [`"type":"${type}"`, `"message":{"role":"${type}","content":${value}}`]
    return `{${(last ? [...members, ...own] : [...own, ...members]).join(',')}}`
  })

test('of rows that anybody wrote only harmless ones are left, as every parser reads them', async (t) => {
  let passed = 0
  await fc.assert(
    fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 6 }), async (rows) => {
      const left = lines(await sanitised(`${rows.join('\n')}\n`))
      passed += left.length
      for (const each of left) t.is(harmless(each), true, each)
      t.true(left.length <= rows.length)
    }),
    { numRuns: 150 },
  )
  t.true(passed > 20, 'some honest ones were among them')
})

test('a transcript with changed bytes loses rows and gains none', async (t) => {
  const bytes = transcript('linux').subarray(0, 20_000)
  const most = lines(await sanitised(bytes)).length
  await fc.assert(
    fc.asyncProperty(
      fc.nat(bytes.length - 1),
      fc.uint8Array({ maxLength: 3 }),
      fc.nat(9),
      async (at, put, cut) => {
        const changed = Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + cut)])
        const left = lines(await sanitised(changed))
        for (const each of left) t.is(harmless(each), true, each)
        t.true(left.length <= most + 3)
      },
    ),
    { numRuns: 40 },
  )
})
