/** Commit messages and their trailers. */

import test from 'ava'
import fc from 'fast-check'
import { formatCommitMessage, parseCommitMessage } from '../../src/bundle/trailers.ts'
import type { Trailers } from '../../src/model.ts'
import { indexTrailers, trailers } from './samples.ts'
import { anyOid, anySha256, anyTime, failsWith, mutated, survives } from './support.ts'

const message = formatCommitMessage('teleport: session 3f2a91c4', trailers)

const anyTrailers: fc.Arbitrary<Trailers> = fc
  .record({
    session: fc.option(fc.constant(trailers.session)),
    repo: fc.constantFrom('unknown', 'none', 'acme/widget', trailers.repo),
    commit: fc.option(anyOid),
    seq: fc.integer({ min: 1 }),
    previous: fc.option(anyOid),
    expires: fc.option(anyTime),
    recipients: anySha256,
    policy: fc.option(anyOid),
    action: fc.option(fc.constantFrom('push', 'hand-off'), { nil: undefined }),
  })
  .map(({ action, ...over }) => ({ ...trailers, ...over, ...(action === undefined ? {} : { action }) }))

test('trailers come back as they were written', (t) => {
  fc.assert(
    fc.property(anyTrailers, fc.string({ minLength: 1, maxLength: 40 }), (value, subject) => {
      const clean = subject.replaceAll(/\p{Cc}/gu, '.')
      t.deepEqual(parseCommitMessage(formatCommitMessage(clean, value)), value)
    }),
  )
})

test('the order is fixed, and the action comes last where there is one', (t) => {
  const keys = (text: string) => [...text.matchAll(/^Teleport-(\w+): /gm)].map((match) => match[1])
  const order = 'Format Ref Session Repo Commit Seq Previous Expires Recipients Policy'.split(' ')
  t.deepEqual(keys(message), order)
  t.deepEqual(keys(formatCommitMessage('x', indexTrailers)), [...order, 'Action'])
})

test('mutated messages are refused, or mean exactly what they say', async (t) => {
  await fc.assert(
    fc.asyncProperty(mutated(Buffer.from(message)), (bytes) =>
      survives(() => {
        const text = Buffer.from(bytes).toString()
        const subject = text.slice(0, text.indexOf('\n'))
        if (formatCommitMessage(subject, parseCommitMessage(text)) !== text) throw new Error('not canonical')
      }),
    ),
    { numRuns: 500 },
  )
  t.pass()
})

const without = (key: string) => message.replace(new RegExp(`^Teleport-${key}: .*\n`, 'm'), '')
for (const [what, text] of Object.entries({
  'is an ordinary one': 'fix the test\n\nIt was flaky.\n',
  'is empty': '',
  'states the format twice': message.replace('Teleport-Ref', 'Teleport-Format: 1\nTeleport-Ref'),
  'states a trailer twice': `${message}Teleport-Policy: none\n`,
  'lacks a trailer': without('Expires'),
  'lacks the last trailer': without('Policy'),
  'has trailers out of order': `${without('Seq')}Teleport-Seq: 3\n`,
  'has one trailer more': `${message}Teleport-Mood: good\n`,
  'has a body': message.replace('\n\n', '\n\nhello\n\n'),
  'has no subject': message.slice(message.indexOf('\n')),
  'has no blank line': message.replace('\n\n', '\n'),
  'has no line feed at the end': message.slice(0, -1),
  'has CRLF': message.replaceAll('\n', '\r\n'),
  'has trailing blanks': message.replace('Seq: 3', 'Seq: 3 '),
  'has a lower-case key': message.replace('Teleport-Seq', 'teleport-seq'),
  'has a seq with leading zeros': message.replace('Seq: 3', 'Seq: 03'),
  'has a seq in another notation': message.replace('Seq: 3', 'Seq: 3e0'),
  'has no seq': message.replace('Seq: 3', 'Seq: none'),
  'has an upper-case commit': message.replace(/Commit: 4/, 'Commit: A'),
  'has a short commit': message.replace(/Commit: 4/, 'Commit: '),
  'has a time without Z': message.replace('12:30:00Z', '12:30:00'),
  'has a ref that climbs': message.replace('refs/teleport', 'refs/../teleport'),
  'has an unknown spelling of nothing': message.replace(/Expires: .*/, 'Expires: null'),
})) {
  test(`a message that ${what} is damaged`, (t) =>
    failsWith(t, 'damaged-bundle', () => parseCommitMessage(text)))
}

test('messages of other formats say what to do, whatever else they hold', async (t) => {
  await failsWith(t, 'format-too-new', () =>
    parseCommitMessage('x\n\nTeleport-Format: 2\nTeleport-Else: 1\n'),
  )
  await failsWith(t, 'format-too-old', () => parseCommitMessage(message.replace('Format: 1', 'Format: 0')))
})

test('what could not be read back is not written', async (t) => {
  await failsWith(t, 'bug', () => formatCommitMessage('two\nlines', trailers))
  await failsWith(t, 'bug', () => formatCommitMessage('', trailers))
  await failsWith(t, 'bug', () => formatCommitMessage('x', { ...trailers, repo: 'a\nTeleport-Seq: 9' }))
})
