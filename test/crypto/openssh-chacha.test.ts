/** OpenSSH's own ChaCha20-Poly1305, against the RFC's numbers and Node's cipher. */

import { createCipheriv, randomBytes } from 'node:crypto'
import test from 'ava'
import fc from 'fast-check'
import { openOpenSshChacha, poly1305 } from '../../src/crypto/openssh-chacha.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(':', ''), 'hex')

test('the tag of RFC 8439, section 2.5.2', (t) => {
  const key = hex('85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b')
  const tag = poly1305(key, Buffer.from('Cryptographic Forum Research Group'))
  t.deepEqual(Buffer.from(tag), hex('a8:06:1d:c1:30:51:36:c6:c2:2b:8b:af:0c:01:27:a9'))
})

test('tags whose sum runs over the prime, from RFC 8439, appendix A.3', (t) => {
  const one = (first: string, message: string, second = '00'.repeat(16)) =>
    Buffer.from(poly1305(hex(first.padEnd(32, '0') + second), hex(message))).toString('hex')
  const two = (last: string) => last.padEnd(32, '0')
  t.is(one('02', 'ff'.repeat(16)), two('03'))
  t.is(one('02', two('02'), 'ff'.repeat(16)), two('03'))
  t.is(one('01', `${'ff'.repeat(16)}f0${'ff'.repeat(15)}11${'00'.repeat(15)}`), two('05'))
  t.is(one('02', `fd${'ff'.repeat(15)}`), `fa${'ff'.repeat(15)}`)
})

test('what is sealed opens, and nothing that was changed does', (t) => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 90 })
  fc.assert(
    fc.property(bytes, fc.nat(), fc.integer({ min: 1, max: 255 }), (plain, where, mask) => {
      const key = randomBytes(64)
      const stream = createCipheriv('chacha20', key.subarray(0, 32), Buffer.alloc(16))
      const macKey = stream.update(Buffer.alloc(64)).subarray(0, 32)
      const sealed = stream.update(plain)
      const tag = Buffer.from(poly1305(macKey, sealed))
      t.deepEqual(new Uint8Array(openOpenSshChacha(key, sealed, tag) ?? []), plain)
      const changed = Buffer.concat([sealed, tag])
      const at = where % changed.length
      changed[at] = (changed[at] ?? 0) ^ mask
      t.is(
        openOpenSshChacha(key, changed.subarray(0, plain.length), changed.subarray(plain.length)),
        undefined,
      )
    }),
    { numRuns: 50 },
  )
})
