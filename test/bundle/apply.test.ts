/** What rows make of files, and which logs hold together. */

import test from 'ava'
import fc from 'fast-check'
import { applyRow, checkLog, type FileProgress, supersededRows, totalsOf } from '../../src/bundle/apply.ts'
import { extendChain, zeroChain } from '../../src/bundle/chain.ts'
import type { PieceRow } from '../../src/model.ts'
import { anyLog, digest, failsWith, source } from './support.ts'

const whole = source('session.jsonl', 'hello').row
const append: PieceRow = { ...whole, op: 'append', at: 5 }
const gone: PieceRow = { ...whole, gen: 2, op: 'gone', size: 0, sha256: digest('') }

const after = (...rows: PieceRow[]) =>
  rows.reduce<FileProgress | undefined>((file, row) => applyRow(file, row).next, undefined)

test('a first whole starts the file, and an append continues it', (t) => {
  const chain = extendChain(zeroChain, whole)
  t.deepEqual(after(whole), { gen: 1, size: 5, chain, gone: false })
  t.deepEqual(after(whole, append), { gen: 1, size: 10, chain: extendChain(chain, append), gone: false })
})

test('a gone file can come back with the next generation', (t) => {
  t.like(after(whole, gone), { gen: 2, size: 0, gone: true })
  t.like(after(whole, gone, { ...whole, gen: 3 }), { gen: 3, size: 5, gone: false })
})

test('the tracked path stays until another row or the end of the file', (t) => {
  t.is(after({ ...whole, path: '/a' }, append)?.path, '/a')
  t.is(after({ ...whole, path: '/a' }, { ...whole, gen: 2, path: '/b' })?.path, '/b')
  t.is(after({ ...whole, path: '/a' }, gone)?.path, undefined)
})

for (const [what, before, row] of [
  ['an append to an unknown file', [], append],
  ['a gone of an unknown file', [], { ...gone, gen: 1 }],
  ['a first generation of 2', [], { ...whole, gen: 2 }],
  ['an append after a gap', [whole], { ...append, at: 6 }],
  ['an append that overlaps', [whole], { ...append, at: 4 }],
  ['an append of a later generation', [whole], { ...append, gen: 2 }],
  ['a generation left out', [whole], { ...whole, gen: 3 }],
  ['an append to a gone file', [whole, gone], { ...append, gen: 2, at: 0 }],
  ['a gone of a gone file', [whole, gone], { ...gone, gen: 3 }],
] as const) {
  test(`${what} is damaged`, (t) => failsWith(t, 'damaged-bundle', () => applyRow(after(...before), row)))
}

test('rows that a file holds already are skipped and change nothing', (t) => {
  fc.assert(
    fc.property(anyLog, (rows) => {
      const files = checkLog([rows])
      for (const row of rows) {
        const file = files.get(row.name)
        t.deepEqual(applyRow(file, row), { next: file, skip: true })
      }
    }),
    { numRuns: 50 },
  )
})

test('a log gives the same files however it is cut into segments, and whether pulled at once or in two', (t) => {
  fc.assert(
    fc.property(anyLog, fc.nat(25), fc.nat(25), (rows, one, two) => {
      const all = checkLog([rows])
      const [first, second] = [rows.slice(0, one), rows.slice(one)]
      t.deepEqual(checkLog([first, second]), all)
      const overlap = rows.slice(Math.min(one, two))
      t.deepEqual(checkLog([overlap], checkLog([first])), all)
      t.is(totalsOf(all).fold, totalsOf([...all].toReversed()).fold)
    }),
    { numRuns: 50 },
  )
})

test('totals count live files only, and the fold all of them', (t) => {
  const files = checkLog([[whole, { ...whole, name: 'uploads/a' }, { ...gone, name: 'uploads/a' }]])
  const totals = totalsOf(files)
  t.like(totals, { count: 1, bytes: 5 })
  t.not(totals.fold, totalsOf([...files].slice(0, 1)).fold)
})

test('superseded is what a later whole or gone of the same name replaces', (t) => {
  const other = { ...whole, name: 'uploads/a' }
  t.deepEqual([...supersededRows([whole, append, other, gone, { ...whole, gen: 3 }])].sort(), [0, 1, 3])
})

test('bytes may be left out only where a later row replaces them', async (t) => {
  const dropped: PieceRow = { ...whole, dropped: true }
  t.like(checkLog([[dropped], [{ ...whole, gen: 2 }]]).get('session.jsonl'), { gen: 2 })
  await failsWith(t, 'damaged-bundle', () => checkLog([[dropped]]), /left out/)
  await failsWith(t, 'damaged-bundle', () => checkLog([[dropped, append]]), /left out/)
  t.like(checkLog([[dropped]], checkLog([[whole]])).get('session.jsonl'), { gen: 1 })
})

test('live names of a whole log may not differ in case only', async (t) => {
  const [upper, lower] = [
    { ...whole, name: 'uploads/A' },
    { ...whole, name: 'uploads/a' },
  ]
  await failsWith(t, 'unsafe-bundle', () => checkLog([[upper], [lower]]))
  t.is(checkLog([[upper, { ...gone, name: 'uploads/A' }], [lower]]).size, 2)
})
