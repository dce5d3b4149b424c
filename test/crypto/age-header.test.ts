/** The header of age files: strict, within limits, fast to refuse. */

import { randomBytes } from 'node:crypto'
import test from 'ava'
import fc from 'fast-check'
import { formatHeader, headerLimits, parseHeader } from '../../src/crypto/age-header.ts'
import { TeleportError } from '../../src/errors.ts'
import { codeOf } from './workbench.ts'

const version = 'age-encryption.org/v1'
const share = Buffer.alloc(32, 9).toString('base64').replace('=', '')
const mac = `--- ${Buffer.alloc(32, 1).toString('base64').replace('=', '')}`
const body = Buffer.alloc(32, 5).toString('base64').replace('=', '')
const text = (...lines: string[]) => Buffer.from([...lines, ''].join('\n'))
const good = text(version, `-> X25519 ${share}`, body, mac)

const argument = fc.stringMatching(/^[!-~]{1,40}$/)
const stanza = fc.record({
  args: fc.array(argument, { minLength: 1, maxLength: 4 }),
  body: fc.uint8Array({ maxLength: 200 }),
})

test('what is formatted is parsed again, whatever follows it', (t) => {
  fc.assert(
    fc.property(fc.array(stanza, { minLength: 1, maxLength: 5 }), fc.uint8Array(), (stanzas, rest) => {
      const header = formatHeader(stanzas, () => new Uint8Array(32).fill(7))
      const parsed = parseHeader(Buffer.concat([header, rest]))
      t.is(parsed?.size, header.length)
      t.deepEqual(parsed?.stanzas, stanzas)
      t.true(
        Buffer.from(parsed?.signed ?? [])
          .toString()
          .endsWith('\n---'),
      )
    }),
    { numRuns: 60 },
  )
})

test('a header that is cut off anywhere is incomplete, not wrong', (t) => {
  for (let size = 0; size < good.length; size++) t.is(parseHeader(good.subarray(0, size)), undefined)
  t.is(parseHeader(good)?.size, good.length)
})

const refused = test.macro({
  title: (what) => `refuses ${what}`,
  async exec(t, bytes: Uint8Array) {
    t.is(await codeOf(() => parseHeader(bytes)), 'damaged-bundle')
  },
})

test('another version', refused, text('age-encryption.org/v2', `-> X25519 ${share}`, body, mac))
test('a header without recipients', refused, text(version, mac))
test('a stanza without a type', refused, text(version, '->', body, mac))
test('two spaces between arguments', refused, text(version, `->  X25519 ${share}`, body, mac))
test('control characters in an argument', refused, text(version, '-> X25519 \x1b[2J', body, mac))
test('CRLF line ends', refused, text(version, `-> X25519 ${share}\r`, `${body}\r`, mac))
test('padded base64', refused, text(version, `-> X25519 ${share}`, `${body}=`, mac))
test(
  'base64 whose last bits are not zero',
  refused,
  text(version, '-> X25519 a', `${body.slice(0, -1)}V`, mac),
)
test('a body line of 65 characters', refused, text(version, '-> X25519 a', 'A'.repeat(65), mac))
test('a full body line that nothing follows', refused, text(version, '-> X25519 a', 'A'.repeat(64), mac))
test('a text line between stanzas', refused, text(version, '-> a b', '', 'hello', mac))
test('a MAC of another size', refused, text(version, '-> a b', '', '--- AAAA'))
test(
  'a spelling of the MAC that is not canonical',
  refused,
  text(version, '-> a b', '', `${mac.slice(0, -1)}F`),
)

test('the largest header allowed is read, and one stanza more is refused', async (t) => {
  const stanzas = Array.from({ length: headerLimits.stanzas }, () => ({
    args: ['x'],
    body: randomBytes(1400),
  }))
  const full = formatHeader(stanzas, () => new Uint8Array(32))
  t.is(parseHeader(full)?.stanzas.length, 128)
  const extra = formatHeader([...stanzas, { args: ['x'], body: new Uint8Array(0) }], () => new Uint8Array(32))
  t.is(await codeOf(() => parseHeader(extra)), 'damaged-bundle')
})

test('a header bomb is refused at once', (t) => {
  const line = `-> X25519 ${share}\n${body}\n`
  const bomb = Buffer.from(`${version}\n${line.repeat(200_000)}${mac}\n`)
  const endless = Buffer.concat([Buffer.from(`${version}\n-> X25519 `), Buffer.alloc(20_000_000, 'A')])
  // Without a pause, in which other tests would have their turn.
  const started = performance.now()
  const errors = [bomb, endless].map((bytes) =>
    t.throws(() => parseHeader(bytes), { instanceOf: TeleportError }),
  )
  t.true(performance.now() - started < 2000)
  t.deepEqual(
    errors.map((error) => error?.code),
    ['damaged-bundle', 'damaged-bundle'],
  )
})

test('arbitrary bytes are refused or incomplete, never anything else', async (t) => {
  const pieces = fc.constantFrom(version, '\n', '-> ', 'X25519', ' ', '--- ', share, body, mac, '\0', 'é')
  await fc.assert(
    fc.asyncProperty(fc.array(pieces, { maxLength: 12 }), async (parts) => {
      const code = await codeOf(() => parseHeader(Buffer.from(parts.join(''))))
      t.true(['damaged-bundle', 'it succeeded'].includes(code), code)
    }),
    { numRuns: 300 },
  )
})
