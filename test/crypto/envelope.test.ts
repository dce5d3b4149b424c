/** Sealing to a session's identity and opening again, in memory and as streams, beside age and typage. */

import { randomBytes } from 'node:crypto'
import { Decrypter, Encrypter, identityToRecipient } from 'age-encryption'
import test from 'ava'
import fc from 'fast-check'
import { parseHeader } from '../../src/crypto/age-header.ts'
import { openBytes, openStream, sealBytes, sealStream } from '../../src/crypto/envelope.ts'
import { newIdentity } from '../../src/crypto/session-identity.ts'
import { needs } from './needs.ts'
import { chunks, codeOf, collect, workbench } from './workbench.ts'

const piece = 64 * 1024
const borders = [0, 1, piece - 1, piece, piece + 1, 2 * piece, 2 * piece + 1]
const own = await newIdentity()

test('bytes and streams of every size around a piece open to what was sealed', async (t) => {
  for (const size of borders) {
    const plain = randomBytes(size)
    const asBytes = await sealBytes(own.recipient, plain)
    const asStream = await collect(sealStream(own.recipient, chunks(plain, 10_000)))
    t.is(asBytes.length, asStream.length)
    for (const sealed of [asBytes, asStream]) {
      t.true(plain.equals(await openBytes(own.identity, sealed)), `${size} bytes`)
      t.true(plain.equals(await collect(openStream(own.identity, chunks(sealed, 7777)))), `${size} streamed`)
    }
  }
})

test('how a stream is cut into chunks does not matter', async (t) => {
  const cuts = fc.array(fc.integer({ min: 0, max: 70_000 }), { maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(cuts, async (sizes) => {
      const parts = sizes.map((size) => randomBytes(size))
      const plain = Buffer.concat(parts)
      const sealed = await collect(sealStream(own.recipient, asyncOf(parts)))
      t.true(plain.equals(await openBytes(own.identity, sealed)))
      const recut = asyncOf([...sizes, sealed.length].map((size, at) => cut(sealed, sizes, at, size)))
      t.true(plain.equals(await collect(openStream(own.identity, recut))))
    }),
    { numRuns: 25 },
  )
})

test('a stream that arrives byte by byte opens', async (t) => {
  const sealed = await sealBytes(own.recipient, Buffer.from('one at a time'))
  t.is((await collect(openStream(own.identity, chunks(sealed, 1)))).toString(), 'one at a time')
})

test('a file that is cut off anywhere is refused', async (t) => {
  const sealed = await sealBytes(own.recipient, randomBytes(piece + 100))
  const header = parseHeader(sealed)?.size ?? 0
  const places = [0, 1, header - 1, header, header + 15, header + 16, header + 17, header + 16 + piece + 16]
  for (const size of [...places, sealed.length - 1]) {
    const part = sealed.subarray(0, size)
    t.is(await codeOf(() => openBytes(own.identity, part)), 'damaged-bundle', `${size} bytes`)
    t.is(await codeOf(() => collect(openStream(own.identity, chunks(part, 5000)))), 'damaged-bundle')
  }
})

test('a flipped bit anywhere is refused', async (t) => {
  const sealed = await sealBytes(own.recipient, randomBytes(300))
  await fc.assert(
    fc.asyncProperty(fc.nat(sealed.length * 8 - 1), async (bit) => {
      const changed = Buffer.from(sealed)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      t.is(await codeOf(() => openBytes(own.identity, changed)), 'damaged-bundle')
    }),
    { numRuns: 150 },
  )
})

test('pieces that are swapped, doubled, dropped or appended are refused', async (t) => {
  const sealed = await sealBytes(own.recipient, randomBytes(3 * piece))
  const start = (parseHeader(sealed)?.size ?? 0) + 16
  const at = (number: number) =>
    sealed.subarray(start + number * (piece + 16), start + (number + 1) * (piece + 16))
  const orders = [
    [1, 0, 2],
    [0, 0, 1, 2],
    [0, 2],
    [0, 1],
    [0, 1, 2, 2],
  ]
  for (const order of orders) {
    const changed = Buffer.concat([sealed.subarray(0, start), ...order.map(at)])
    t.is(await codeOf(() => openBytes(own.identity, changed)), 'damaged-bundle', order.join())
  }
})

test('a file for another identity, and a file of another kind, are refused', async (t) => {
  const sealed = await sealBytes((await newIdentity()).recipient, Buffer.from('not for us'))
  t.is(await codeOf(() => openBytes(own.identity, sealed)), 'damaged-bundle')
  t.is(await codeOf(() => openBytes(own.identity, Buffer.from('hello'))), 'damaged-bundle')
})

test('an X25519 share of low order is refused', async (t) => {
  const sealed = Buffer.from(await sealBytes(own.recipient, Buffer.from('x'))).toString('latin1')
  const weak = sealed.replace(/-> X25519 \S{43}/, `-> X25519 ${'A'.repeat(43)}`)
  t.is(await codeOf(() => openBytes(own.identity, Buffer.from(weak, 'latin1'))), 'damaged-bundle')
})

test('only an age1 string can be sealed to', async (t) => {
  const otherEnd = own.recipient.endsWith('q') ? 'p' : 'q'
  const mistyped = `${own.recipient.slice(0, -1)}${otherEnd}`
  const wrong = ['', 'age1', own.identity, own.recipient.toUpperCase(), mistyped]
  for (const recipient of wrong) {
    t.is(await codeOf(() => sealBytes(recipient, new Uint8Array(0))), 'bad-key', recipient.slice(0, 8))
  }
})

test('a reader that stops early lets the source go, and is never far ahead of it', async (t) => {
  let pulled = 0
  let closed = false
  async function* source() {
    try {
      for (; pulled < 100; pulled++) yield randomBytes(piece)
    } finally {
      closed = true
    }
  }
  let taken = 0
  for await (const _ of openStream(own.identity, sealStream(own.recipient, source())))
    if (++taken === 3) break
  t.true(closed)
  t.true(pulled <= taken + 3, `${pulled} pulled for ${taken}`)
})

test('an error of the source comes through', async (t) => {
  async function* broken() {
    yield randomBytes(10)
    throw new RangeError('the disk is gone')
  }
  await t.throwsAsync(() => collect(sealStream(own.recipient, broken())), { instanceOf: RangeError })
})

test('typage and we open what the other sealed', async (t) => {
  t.is(await identityToRecipient(own.identity), own.recipient)
  const encrypter = new Encrypter()
  encrypter.addRecipient(own.recipient)
  const decrypter = new Decrypter()
  decrypter.addIdentity(own.identity)
  for (const size of borders) {
    const plain = randomBytes(size)
    t.true(plain.equals(await openBytes(own.identity, await encrypter.encrypt(plain))))
    t.true(plain.equals(await decrypter.decrypt(await sealBytes(own.recipient, plain))))
  }
})

test('native age and we open what the other sealed', async (t) => {
  if (!needs(t, 'age')) return
  const bench = workbench(t)
  bench.write('identity', `${own.identity}\n`)
  for (const size of borders) {
    const plain = randomBytes(size)
    const theirs = bench.run('age', ['-r', own.recipient], plain)
    t.true(plain.equals(await openBytes(own.identity, theirs)))
    t.true(plain.equals(bench.run('age', ['-d', '-i', 'identity'], await sealBytes(own.recipient, plain))))
  }
})

async function* asyncOf(parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* parts
}

/** Chunk `at` of `bytes` when cut at the given sizes; the last one takes the rest. */
function cut(bytes: Uint8Array, sizes: readonly number[], at: number, size: number): Uint8Array {
  const start = sizes.slice(0, at).reduce((sum, each) => sum + each, 0)
  return bytes.subarray(start, start + size)
}
