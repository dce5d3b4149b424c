/** Headers, as an independent reader of tar sees them. */

import test from 'ava'
import fc from 'fast-check'
import { Parser } from 'tar/parse'
import { tarHeader, tarSize } from '../../src/bundle/tar-blocks.ts'

/** What node-tar's own parser makes of the blocks. */
function understood(
  blocks: Uint8Array,
): { path: string; size: number; type: string; mode?: number | undefined }[] {
  const found: { path: string; size: number; type: string; mode?: number | undefined }[] = []
  const parser = new Parser({
    strict: true,
    onReadEntry: ({ path, size, type, mode }) => found.push({ path, size, type, mode }),
  })
  parser.write(Buffer.from(blocks))
  return found
}

const part = fc.string({ unit: fc.constantFrom('a', 'b', '-', '_'), minLength: 1, maxLength: 120 })
const anyName = fc.array(part, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('/'))

test('any reader finds the name and the size, however long and large', (t) => {
  const sizes = fc.oneof(fc.nat(), fc.constantFrom(2 ** 33 - 1, 2 ** 33, 2 ** 40, Number.MAX_SAFE_INTEGER))
  fc.assert(
    fc.property(anyName, sizes, (path, size) => {
      t.deepEqual(understood(tarHeader(path, size)), [{ path, size, type: 'File', mode: 0o600 }])
    }),
  )
})

test('short names and sizes take one block, others a pax header', (t) => {
  t.is(tarHeader('a'.repeat(99), 2 ** 33 - 1).length, 512)
  t.is(tarHeader(`${'p'.repeat(120)}/${'n'.repeat(100)}`, 1).length, 512)
  t.is(tarHeader('a'.repeat(101), 1).length, 3 * 512)
  t.is(tarHeader('a', 2 ** 33).length, 3 * 512)
})

test('the size of an archive is known before it is written', (t) => {
  fc.assert(
    fc.property(fc.array(fc.record({ name: anyName, size: fc.nat(3000) }), { maxLength: 5 }), (files) => {
      const blocks = files.map(({ name, size }) => tarHeader(name, size).length + Math.ceil(size / 512) * 512)
      return tarSize(files) === blocks.reduce((sum, each) => sum + each, 1024)
    }),
  )
  t.pass()
})
