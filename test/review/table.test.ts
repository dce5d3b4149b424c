import test from 'ava'
import fc from 'fast-check'
import { formatTable } from '../../src/review/table.ts'
import { textWidth } from '../../src/review/width.ts'

const headings = ['SESSION', 'TITLE', 'AUTHOR']

test('columns stand under their headings in any alphabet', (t) => {
  const rows = [
    ['3f2a91c4', 'Fix the parser', 'Ada'],
    ['77e0b1aa', '日本語の題名', 'Åsa'],
  ]
  t.is(
    formatTable(rows, { columns: 80, headings }),
    [
      'SESSION   TITLE           AUTHOR',
      '3f2a91c4  Fix the parser  Ada',
      '77e0b1aa  日本語の題名    Åsa',
      '',
    ].join('\n'),
  )
})

test('the widest column gives way, the first one never', (t) => {
  const rows = [['3f2a91c4-0000', 'A title that goes on and on without an end', 'Ada']]
  t.is(
    formatTable(rows, { columns: 40, headings }),
    'SESSION        TITLE              AUTHOR\n3f2a91c4-0000  A title that goe…  Ada\n',
  )
})

test('no rows are no table', (t) => {
  t.is(formatTable([], { columns: 80, headings }), '')
})

test('a row with too few cells leaves them empty, a cell too many is left out', (t) => {
  t.is(
    formatTable([['a'], ['b', 'c', 'd', 'e']], { columns: Infinity, headings }),
    'SESSION  TITLE  AUTHOR\na\nb        c      d\n',
  )
})

test('a hostile cell can neither begin a line nor paint one', (t) => {
  const table = formatTable([['a\nb', '\x1b[31mred\x1b[0m', '\u202ex']], { columns: 80, headings })
  t.is(table, 'SESSION  TITLE  AUTHOR\na b      red    x\n')
})

test('lines fit the terminal when it is not absurdly narrow', (t) => {
  const cell = fc.string({ unit: 'grapheme', maxLength: 60 })
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constant('3f2a91c4'), cell, cell), { minLength: 1 }), (rows) => {
      const lines = formatTable(rows, { columns: 40, headings }).trimEnd().split('\n')
      t.is(lines.length, rows.length + 1)
      for (const line of lines) t.true(textWidth(line) <= 40)
    }),
  )
})
