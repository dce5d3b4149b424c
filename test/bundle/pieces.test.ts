/** The table of a segment. */

import test from 'ava'
import fc from 'fast-check'
import { encodePieces, parsePieces } from '../../src/bundle/pieces.ts'
import type { PieceRow } from '../../src/model.ts'
import { anyLog, digest, failsWith, mutated, source, survives } from './support.ts'

const row = source('session.jsonl', 'hello').row
const encoded = (over: object) =>
  Buffer.from(
    encodePieces([row])
      .toString()
      .replace('{"name"', `${JSON.stringify(over).slice(0, -1)},"name"`),
  )

/** The table with one member of its only row replaced, in place. */
function withMember(key: string, value: unknown): Uint8Array {
  return Buffer.from(`{"v":1,"pieces":[\n${JSON.stringify({ ...row, [key]: value })}\n]}\n`)
}

test('a table comes back as it was written', (t) => {
  fc.assert(
    fc.property(anyLog, fc.boolean(), (rows, drop) => {
      const all = rows.map(
        (each): PieceRow => (drop && each.op !== 'gone' ? { ...each, dropped: true } : each),
      )
      t.deepEqual(parsePieces(encodePieces(all)), all)
    }),
    { numRuns: 50 },
  )
})

test('a path travels with a checkpoint', (t) => {
  const checkpoint: PieceRow = {
    ...row,
    name: 'file-history/0123456789abcdef@v2',
    path: '/home/ada/ünï/\ud800.js',
  }
  t.deepEqual(parsePieces(encodePieces([checkpoint])), [checkpoint])
})

test('random and mutated tables are refused, never more', async (t) => {
  const valid = encodePieces([row, { ...row, op: 'append', at: 5 }])
  await fc.assert(fc.asyncProperty(fc.uint8Array(), (bytes) => survives(() => parsePieces(bytes))))
  await fc.assert(
    fc.asyncProperty(mutated(valid), (bytes) => survives(() => parsePieces(bytes))),
    { numRuns: 500 },
  )
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), (value) =>
      survives(() => parsePieces(Buffer.from(JSON.stringify(value)))),
    ),
  )
  t.pass()
})

for (const [what, bytes] of Object.entries({
  'is empty': Buffer.alloc(0),
  'is no JSON': Buffer.from('{"v":1,'),
  'is no UTF-8': Buffer.from([0x22, 0xff, 0x22]),
  'states no version': Buffer.from('{"pieces":[\n\n]}\n'),
  'has a member more': Buffer.from('{"v":1,"pieces":[\n\n],"x":1}\n'),
  'has blanks more': Buffer.from('{"v":1, "pieces":[\n\n]}\n'),
  'names a member twice': encoded({ gen: 1 }),
  'has a row with an unknown member': encoded({ mode: 511 }),
  'has a row with __proto__': Buffer.from(
    encodePieces([row]).toString().replace('{"name"', '{"__proto__":{"dropped":true},"name"'),
  ),
  'has a negative size': withMember('size', -1),
  'has a broken size': withMember('size', 1.5),
  'has an unsafe size': withMember('size', 2 ** 53),
  'has a size as text': withMember('size', '5'),
  'ends beyond every file': Buffer.from(encodePieces([{ ...row, op: 'append', at: 2 ** 53 - 1 }])),
  'has generation 0': withMember('gen', 0),
  'has an unknown op': withMember('op', 'link'),
  'has an upper-case digest': withMember('sha256', row.sha256.toUpperCase()),
  'says dropped: false': withMember('dropped', false),
  'appends nothing': encodePieces([{ ...row, op: 'append', size: 0, sha256: digest('') }]),
  'has a whole that starts later': encodePieces([{ ...row, at: 3 }]),
  'has a gone with bytes': encodePieces([{ ...row, op: 'gone' }]),
  'has a gone that is dropped': encodePieces([
    { ...row, op: 'gone', size: 0, sha256: digest(''), dropped: true },
  ]),
  'is nested too deep': Buffer.from(`${'['.repeat(100_000)}${']'.repeat(100_000)}`),
})) {
  test(`a table that ${what} is damaged`, (t) => failsWith(t, 'damaged-bundle', () => parsePieces(bytes)))
}

for (const [what, rows] of Object.entries({
  'a name that climbs': [{ ...row, name: '../../.bashrc' }],
  'a name outside the list': [{ ...row, name: 'settings.json' }],
  'names that differ in case only': [
    { ...row, name: 'uploads/Readme' },
    { ...row, name: 'uploads/readme' },
  ],
  'a path for something else than a checkpoint': [{ ...row, path: '/home/ada/.bashrc' }],
  'more bytes than allowed': [{ ...row, size: 2 * 1024 ** 3 + 1 }],
  'more bytes than allowed in sum': Array.from({ length: 3 }, (_, at) => ({
    ...row,
    name: `tasks/${at}.json`,
    size: 1024 ** 3,
  })),
})) {
  test(`a table with ${what} is unsafe`, (t) =>
    failsWith(t, 'unsafe-bundle', () => parsePieces(encodePieces(rows))))
}

test('a table with more rows than allowed is unsafe', async (t) => {
  const rows = Array.from({ length: 4 }, (_, at) => ({ ...row, name: `tasks/${at}.json` }))
  const limits = { maxBytes: 1000, maxPieces: 3, maxManifestBytes: 1000 }
  await failsWith(t, 'unsafe-bundle', () => parsePieces(encodePieces(rows), limits))
  t.is(parsePieces(encodePieces(rows.slice(1)), limits).length, 3)
})

test('a name may change its case once the other is gone', (t) => {
  const rows: PieceRow[] = [
    { ...row, name: 'uploads/A', op: 'gone', gen: 2, size: 0, sha256: digest('') },
    { ...row, name: 'uploads/a' },
  ]
  t.deepEqual(parsePieces(encodePieces(rows)), rows)
})

test('tables of other formats say what to do', async (t) => {
  await failsWith(t, 'format-too-new', () => parsePieces(Buffer.from('{"v":2,"things":{}}')), /format 2/)
  await failsWith(t, 'format-too-old', () => parsePieces(Buffer.from('{"v":0,"pieces":[]}')))
})
