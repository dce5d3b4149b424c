/** Recipients as people write them down: exactly what can be encrypted to, or refused. */

import test from 'ava'
import fc from 'fast-check'
import { parseRecipient } from '../../src/crypto/recipient.ts'
import { newIdentity } from '../../src/crypto/session-identity.ts'
import { codeOf, keyText } from './workbench.ts'

const postQuantum = /age1pq1\S+/.exec(keyText('pq.txt'))?.[0] ?? ''

test('each kind of recipient is read as it is written', async (t) => {
  const { recipient } = await newIdentity()
  for (const text of [recipient, postQuantum])
    t.deepEqual(parseRecipient(text), { recipient: text, comment: '' })
  const [type, base64] = keyText('id_rsa.pub').split(' ')
  t.is(parseRecipient(keyText('id_rsa.pub').trim()).recipient, `${type} ${base64}`)
})

test('whatever is done to a recipient, it is the same one or a bad key', async (t) => {
  const { recipient } = await newIdentity()
  const texts = [recipient, postQuantum, keyText('id_ed25519.pub').trim(), keyText('id_rsa.pub').trim()]
  const change = fc.record({
    text: fc.constantFrom(...texts),
    at: fc.nat(),
    put: fc.oneof(
      fc.string({ unit: 'binary', maxLength: 2 }),
      fc.constantFrom('q', 'Q', '1', '=', ' ', '\n', 'AAAA'),
    ),
    cut: fc.integer({ min: 0, max: 3 }),
  })
  await fc.assert(
    fc.asyncProperty(change, async ({ text, at, put, cut }) => {
      const where = at % text.length
      const changed = text.slice(0, where) + put + text.slice(where + cut)
      const code = await codeOf(() => parseRecipient(changed))
      if (code === 'bad-key') return
      t.is(code, 'it succeeded')
      const read = parseRecipient(changed)
      t.true(changed.startsWith(read.recipient), 'nothing is corrected on the way')
      t.is(parseRecipient(read.recipient).recipient, read.recipient)
      // Only a comment may differ: age1 has a checksum, and two SSH keys that differ are two readers.
      if (text.startsWith('age1')) t.is(changed, text)
    }),
    { numRuns: 80 },
  )
})
