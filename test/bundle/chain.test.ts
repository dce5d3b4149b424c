/** Chains and their fold, against bytes laid out by hand. */

import test from 'ava'
import fc from 'fast-check'
import { extendChain, foldChains, zeroChain } from '../../src/bundle/chain.ts'
import type { PieceRow } from '../../src/model.ts'
import { digest, source } from './support.ts'

const hex = (text: string) => digest(Buffer.from(text, 'hex'))
const u64 = (value: number) => value.toString(16).padStart(16, '0')

test('a chain hashes the previous one and the fields of the row, in their fixed widths', (t) => {
  const { row } = source('session.jsonl', 'hello', { op: 'append', gen: 3, at: 2 ** 40 })
  const expected = hex(`${'00'.repeat(32)}${u64(3)}00${u64(2 ** 40)}${u64(5)}${digest('hello')}`)
  t.is(extendChain(zeroChain, row), expected)
  t.is(
    extendChain(digest('x'), { ...row, op: 'whole', at: 0 }),
    hex(`${digest('x')}${u64(3)}01${u64(0)}${u64(5)}${digest('hello')}`),
  )
  t.is(
    extendChain(digest('x'), { ...row, op: 'gone', at: 0, size: 0 }),
    hex(`${digest('x')}${u64(3)}02${u64(0)}${u64(0)}${digest('hello')}`),
  )
})

test('every field that decides content changes the chain; name, path and dropped do not', (t) => {
  const { row } = source('uploads/a', 'hello')
  const base = extendChain(zeroChain, row)
  const changes: Partial<PieceRow>[] = [
    { gen: 2 },
    { op: 'append' },
    { at: 1 },
    { size: 6 },
    { sha256: digest('') },
  ]
  for (const change of changes) t.not(extendChain(zeroChain, { ...row, ...change }), base)
  t.is(extendChain(zeroChain, { ...row, name: 'uploads/b', path: '/x', dropped: true }), base)
})

test('the fold hashes name, NUL and raw chain in the order of UTF-8 bytes', (t) => {
  const chains = [digest('1'), digest('2'), digest('3')] as const
  const names = ['b', 'a/b', 'a'] as const
  const bytes = (name: string) => Buffer.from(`${name}\0`).toString('hex')
  const expected = hex(`${bytes('a')}${chains[2]}${bytes('a/b')}${chains[1]}${bytes('b')}${chains[0]}`)
  t.is(
    foldChains([
      [names[0], chains[0]],
      [names[1], chains[1]],
      [names[2], chains[2]],
    ]),
    expected,
  )
  t.is(foldChains([]), digest(''))
})

test('the fold does not depend on the order of its input', (t) => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string(), { maxLength: 8 }), (names) => {
      const files = names.map((name) => [name, digest(name)] as const)
      return foldChains(files) === foldChains(files.toReversed())
    }),
  )
  t.pass()
})
