/** Public keys: what is accepted, what is refused, and how a device is named. */

import { createHash } from 'node:crypto'
import test from 'ava'
import fc from 'fast-check'
import { audienceId, recipientsDigest } from '../../src/crypto/audience.ts'
import { joinBytes } from '../../src/crypto/join-bytes.ts'
import { deviceIdOf, parseSshPublicKey } from '../../src/crypto/ssh-public-key.ts'
import { wireMpint, wireString } from '../../src/crypto/ssh-wire.ts'
import { isDeviceId } from '../../src/model.ts'
import { codeOf, keyText } from './workbench.ts'

const ed25519 = keyText('id_ed25519.pub')
const rsa = keyText('id_rsa.pub')
const line = (type: string, ...parts: Uint8Array[]) =>
  `${type} ${Buffer.from(joinBytes([wireString(type), ...parts])).toString('base64')}`
const rsaLine = (e: Uint8Array, n: Uint8Array) => line('ssh-rsa', wireMpint(e), wireMpint(n))
const f4 = Uint8Array.of(1, 0, 1)
const modulus = (bits: number) => Buffer.alloc(bits / 8, 0xff)

test('a .pub line gives type, comment and the spelling of a reader', (t) => {
  const key = parseSshPublicKey(ed25519)
  t.is(key.type, 'ssh-ed25519')
  t.is(key.comment, 'test-ed25519')
  t.is(key.recipient, ed25519.split(' ').slice(0, 2).join(' '))
  t.deepEqual(parseSshPublicKey(key.recipient), { ...key, comment: '' })
  t.is(parseSshPublicKey(rsa).type, 'ssh-rsa')
  t.is(parseSshPublicKey(`${key.recipient} two words\r\n`).comment, 'two words')
})

test('a device id is the start of base32 of the blob’s SHA-256', (t) => {
  const { blob } = parseSshPublicKey(ed25519)
  const id = deviceIdOf(blob)
  t.true(isDeviceId(id))
  const bits = [...createHash('sha256').update(blob).digest()]
    .map((byte) => byte.toString(2).padStart(8, '0'))
    .join('')
  const first = Number.parseInt(bits.slice(0, 5), 2)
  t.is(id[0], 'abcdefghijklmnopqrstuvwxyz234567'[first])
  t.is<string, string>(deviceIdOf(Buffer.from('foobar')), 'yovy74jxeduk3ech3u4um2z4rf')
})

const refused = test.macro({
  title: (what) => `refuses ${what}`,
  async exec(t, text: string) {
    t.is(await codeOf(() => parseSshPublicKey(text)), 'bad-key')
  },
})

const point = wireString(new Uint8Array(32).fill(9))
test('an empty line', refused, '')
test('a key with options before it', refused, `no-pty ${ed25519}`)
test('two spaces', refused, ed25519.replace(' ', '  '))
test('a second line', refused, `${ed25519}${ed25519}`)
test('an escape sequence in the comment', refused, `${ed25519.trim()} \x1b[2J`)
test('base64 without its padding', refused, rsaLine(Uint8Array.of(3), modulus(2048)).replace(/=+$/, ''))
test('base64 with rubbish in it', refused, ed25519.replace('AAAA', 'AA!AA'))
test('an ECDSA key', refused, line('ecdsa-sha2-nistp256', wireString('nistp256'), point))
test('a key in a security token', refused, line('sk-ssh-ed25519@openssh.com', point, wireString('ssh:')))
test('a certificate', refused, line('ssh-ed25519-cert-v01@openssh.com', point))
test('a type that the blob contradicts', refused, `ssh-rsa ${ed25519.split(' ')[1]}`)
test('an ed25519 key of 31 bytes', refused, line('ssh-ed25519', wireString(new Uint8Array(31))))
test('bytes after the key', refused, line('ssh-ed25519', point, Uint8Array.of(0)))
test('RSA of 2040 bits', refused, rsaLine(f4, modulus(2040)))
test('RSA of 16392 bits', refused, rsaLine(f4, modulus(16392)))
test('RSA with exponent 1', refused, rsaLine(Uint8Array.of(1), modulus(2048)))
test('RSA with an even exponent', refused, rsaLine(Uint8Array.of(4), modulus(2048)))
test('RSA with an exponent of 9 bytes', refused, rsaLine(modulus(72), modulus(2048)))
test('RSA with an even modulus', refused, rsaLine(f4, joinBytes([modulus(2040), Uint8Array.of(2)])))
test('RSA with a negative modulus', refused, line('ssh-rsa', wireMpint(f4), wireString(modulus(2048))))
test(
  'RSA with leading zeros',
  refused,
  line('ssh-rsa', wireString(joinBytes([Uint8Array.of(0), f4])), wireMpint(modulus(2048))),
)
test('a line of 20 kB', refused, `${ed25519.trim()} ${'x'.repeat(20_000)}`)

test('RSA of 2048 bits is accepted', (t) => {
  t.is(parseSshPublicKey(rsaLine(f4, modulus(2048))).type, 'ssh-rsa')
})

test('whatever is done to a key, it parses or is a bad key', async (t) => {
  const blob = parseSshPublicKey(rsa).blob
  const edits = fc.array(fc.tuple(fc.nat(blob.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
  await fc.assert(
    fc.asyncProperty(edits, fc.nat(blob.length), async (changes, size) => {
      const changed = Buffer.from(blob)
      for (const [at, value] of changes) changed[at % 20] = value
      for (const bytes of [changed, changed.subarray(0, size)]) {
        const code = await codeOf(() => parseSshPublicKey(`ssh-rsa ${bytes.toString('base64')}`))
        t.true(['bad-key', 'it succeeded'].includes(code), code)
      }
    }),
    { numRuns: 200 },
  )
  await fc.assert(
    fc.asyncProperty(fc.string(), async (text) =>
      t.is(await codeOf(() => parseSshPublicKey(text)), 'bad-key'),
    ),
  )
})

test('the digest of an audience does not depend on the order or on repetition', (t) => {
  const a = parseSshPublicKey(ed25519).recipient
  const b = 'age1273y7nx48lc354qzlrpjym20pz2fr9c4r2ydq9ja5nwwpgdpju2shwvwv3'
  const digest = createHash('sha256').update(`${b}\n${a}`).digest('hex')
  t.is<string, string>(recipientsDigest([a, b]), digest)
  t.is<string, string>(recipientsDigest([b, a, b]), digest)
  t.is<string, string>(audienceId([b, a]), digest.slice(0, 16))
  t.not<string, string>(recipientsDigest([a]), digest)
})

test('a recipient with a line end or a comment has no digest', async (t) => {
  for (const reader of ['a\nb', 'ssh-ed25519 AAAA me@here', '', ' a']) {
    t.is(await codeOf(() => recipientsDigest([reader])), 'bad-key')
  }
})
