/** The scanner against `JSON.parse`. */

import test from 'ava'
import fc from 'fast-check'
import { at, type FieldNode, wantStrings } from '../../src/claude/field-tree.ts'
import { decodeString, encodeString, newSpans, spanScanner } from '../../src/claude/json-spans.ts'

/** Wants every string and every key, wherever it is. */
function everything(): FieldNode {
  const node: FieldNode = { string: 0, key: 1 }
  node.any = node
  node.items = node
  return node
}

function scanAll(text: string): string[] | undefined {
  const bytes = Buffer.from(text)
  const spans = newSpans()
  if (!spanScanner(everything())(bytes, 0, bytes.length, spans)) return undefined
  return Array.from({ length: spans.count }, (_, index) => {
    const decoded = decodeString(bytes, spans.starts[index] ?? 0, spans.ends[index] ?? 0)
    return `${spans.tags[index] === 1 ? 'key' : 'string'} ${decoded}`
  })
}

function leaves(value: unknown): string[] {
  if (typeof value === 'string') return [`string ${value}`]
  if (Array.isArray(value)) return value.flatMap(leaves)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, each]) => [`key ${key}`, ...leaves(each)])
}

function parses(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

const spacing = fc.constantFrom(0, 1, '\t')
const plainObject = { noNullPrototype: true, stringUnit: 'binary' } as const

test('finds every string and key of any document, however it is spaced', (t) => {
  fc.assert(
    fc.property(fc.jsonValue({ ...plainObject, maxDepth: 5 }), spacing, (value, space) => {
      const text = JSON.stringify(value, null, space)
      return JSON.stringify(scanAll(text)) === JSON.stringify(leaves(JSON.parse(text)))
    }),
    { numRuns: 100 },
  )
  t.pass()
})

test('whatever it cannot follow, JSON.parse refuses too', (t) => {
  const damaged = fc
    .tuple(
      fc.jsonValue({ maxDepth: 3 }),
      fc.nat(),
      fc.constantFrom('', '"', '{', ']', ',', ':', '\\', '1', ' '),
    )
    .map(([value, place, text]) => {
      const json = JSON.stringify(value)
      const index = place % (json.length + 1)
      return json.slice(0, index) + text + json.slice(index + 1)
    })
  fc.assert(
    fc.property(damaged, (text) => {
      return scanAll(text) !== undefined || !parses(text)
    }),
    { numRuns: 300 },
  )
  t.pass()
})

const refused = test.macro({
  exec: (t, text: string) => t.is(scanAll(text), undefined),
  title: (_, text: string) => `does not follow ${JSON.stringify(text.slice(0, 40))}`,
})
for (const text of [
  '',
  '{',
  '{"a":[}',
  '{"a":1,}',
  '[1,]',
  '{"a" 1}',
  '{"a":tru}',
  '{"a":1}{',
  '"a',
  '"a\\"',
  '[01]',
]) {
  test(refused, text)
}
test(refused, '['.repeat(5000) + ']'.repeat(5000))

test('an escaped key is the same key', (t) => {
  const root: FieldNode = {}
  wantStrings(root, 7, ['type'])
  at(root, 'a.b[]').string = 8
  const spans = newSpans()
  const bytes = Buffer.from('{"\\u0074ype":"x","a":{"b":["y",{"c":"no"}]},"type":"z"}')
  t.true(spanScanner(root)(bytes, 0, bytes.length, spans))
  t.deepEqual(spans.tags.slice(0, spans.count), [7, 8, 7])
})

test('encoded text is what JSON.stringify writes, and decodes to itself', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const bytes = encodeString(text)
      t.is(`"${bytes}"`, JSON.stringify(text))
      t.is(decodeString(bytes, 0, bytes.length), text)
    }),
  )
})

test('a string that is no UTF-8 is not decoded', (t) => {
  t.is(decodeString(Buffer.from([0x61, 0xff, 0x62]), 0, 3), undefined)
})
