/** What another checkout says of itself is taken in one form, or not at all. */

import test from 'ava'
import fc from 'fast-check'
import { parseGreeting } from '../../src/core/greeting.ts'
import { hasCode } from '../../src/errors.ts'

const oid = 'a'.repeat(40)
const good = {
  version: 1,
  protocol: 1,
  program: '0.1.0',
  top: '/home/ada/orchard',
  box: '/home/ada/orchard/.git/teleport/direct',
  repos: [oid],
  head: oid,
  changed: 0,
  tips: [oid],
  hasCommit: true,
  publicKey: 'ssh-ed25519 AAAA ada',
  believes: false,
  client: '2.1.329',
  open: ['5b1e3f2a-91c4-4d6f-9a37-0123456789ab'],
}

test('a greeting that was tampered with is refused, or says what it says', (t) => {
  const { version: _, ...known } = good
  t.deepEqual(Object.entries(parseGreeting(good, 'there')), Object.entries(known))
  const odd = fc.oneof(
    fc.constantFrom('\u001b[2J', 'a\nb', null, -1, 1e9, {}, [], 'x'.repeat(9000)),
    fc.jsonValue({ maxDepth: 1 }),
  )
  fc.assert(
    fc.property(fc.constantFrom(...Object.keys(known)), odd, (key, value) => {
      try {
        const { [key]: taken } = Object.fromEntries(
          Object.entries(parseGreeting({ ...good, [key]: value }, 'there')),
        )
        if (JSON.stringify(taken) !== JSON.stringify(value)) throw new Error(`${key} became another`)
        if (/\p{Cc}/u.test(String(taken))) throw new Error(`${key} may steer a terminal`)
      } catch (error) {
        if (!hasCode(error, 'remote-access')) throw error
      }
    }),
    { numRuns: 200 },
  )
  t.throws(() => parseGreeting('hello', 'there'))
})
