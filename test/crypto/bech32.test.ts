/** Bech32, against its own specification and damage. */

import test from 'ava'
import fc from 'fast-check'
import { decodeBech32, encodeBech32 } from '../../src/crypto/bech32.ts'

const bytes = fc.uint8Array({ maxLength: 60 })

test('bytes come back, in lower and in upper case', (t) => {
  fc.assert(
    fc.property(bytes, (value) => {
      const text = encodeBech32('age', value)
      t.deepEqual(decodeBech32('age', text), value)
      t.deepEqual(decodeBech32('age', text.toUpperCase()), value)
    }),
  )
})

test('known strings of BIP 173 and age', (t) => {
  t.is(encodeBech32('a', new Uint8Array(0)), 'a12uel5l')
  const known = 'age1273y7nx48lc354qzlrpjym20pz2fr9c4r2ydq9ja5nwwpgdpju2shwvwv3'
  t.is(encodeBech32('age', decodeBech32('age', known) ?? new Uint8Array(0)), known)
})

test('one wrong letter, mixed case or another prefix is refused', (t) => {
  const letters = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
  fc.assert(
    fc.property(bytes, fc.nat(), fc.integer({ min: 1, max: 31 }), (value, where, step) => {
      const text = encodeBech32('age', value)
      const at = 4 + (where % (text.length - 4))
      const letter = letters[(letters.indexOf(text[at] ?? '') + step) % 32]
      t.is(decodeBech32('age', text.slice(0, at) + letter + text.slice(at + 1)), undefined)
    }),
  )
  const text = encodeBech32('age', Uint8Array.of(1, 2, 3))
  t.is(decodeBech32('age', text.replace('age', 'AGE')), undefined)
  t.is(decodeBech32('agf', text), undefined)
  t.is(decodeBech32('age', `${text}b`), undefined)
  t.is(decodeBech32('age', 'age1'), undefined)
})

test('padding that is not zero, or a whole group of it, is refused', (t) => {
  // Groups 1 2 3 4 and a last one, written by another implementation.
  t.is(decodeBech32('age', 'age1pzryqh0cpyg')?.length, 3)
  t.is(decodeBech32('age', 'age1pzryp2ev5e6'), undefined)
  t.is(decodeBech32('age', 'age1pzryqqmq7vah'), undefined)
})
