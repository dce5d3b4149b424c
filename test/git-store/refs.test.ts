import test from 'ava'
import fc from 'fast-check'
import { remoteWords, showOutside } from '../../src/git-store/outside-text.ts'
import {
  acceptedRef,
  incomingRef,
  indexRef,
  matchesPattern,
  mirrorRefspec,
  parseRef,
  patterns,
  remoteName,
  sessionRef,
} from '../../src/git-store/refs.ts'
import { isDeviceId, parseSessionId } from '../../src/model.ts'

const key = '0123456789abcdef'
const device = 'abcdefghijklmnopqrstuvwx27'

test('a session ref says its session, wherever it is kept', (t) => {
  fc.assert(
    fc.property(fc.uuid(), (uuid) => {
      const session = parseSessionId(uuid)
      const ref = sessionRef(session)
      t.deepEqual(parseRef(ref), { kind: 'session', session })
      t.is(remoteName(incomingRef(key, ref)), ref)
      t.is(remoteName(acceptedRef(key, ref)), ref)
    }),
  )
})

test('an index ref says its device', (t) => {
  if (!isDeviceId(device)) return t.fail()
  t.is(indexRef(device), `refs/teleport/index/${device}`)
  return t.deepEqual(parseRef(indexRef(device)), { kind: 'index', device })
})

for (const ref of [
  'refs/heads/main',
  'refs/teleport/sessions/',
  'refs/teleport/sessions/3F2A91C4-0000-4000-8000-000000000000',
  'refs/teleport/sessions/3f2a91c4-0000-4000-8000-000000000000x',
  'refs/teleport/sessions/3f2a91c4-0000-4000-8000-000000000000/x',
  'refs/teleport/sessions/../../heads/main',
  'refs/teleport/index/abc',
  'refs/teleport/other/3f2a91c4-0000-4000-8000-000000000000',
  'refs/teleport/sessions/constructor',
]) {
  test(`${ref} is no ref of ours`, (t) => {
    t.is(parseRef(ref), undefined)
    t.throws(() => incomingRef(key, ref), { code: 'bug' })
    t.throws(() => mirrorRefspec(key, ref), { code: 'bug' })
  })
}

test('a pattern cannot be talked into another namespace', (t) => {
  t.is(patterns.sessions('3f2a'), 'refs/teleport/sessions/3f2a*')
  for (const prefix of ['*', '../', 'a*', 'x', '3f2a\n'])
    t.throws(() => patterns.sessions(prefix), { code: 'bug' })
  t.throws(() => mirrorRefspec(key, 'refs/heads/*'), { code: 'bug' })
})

test('a mirroring refspec of one ref asks for its prefix, and only the exact name matches', (t) => {
  const ref = sessionRef(parseSessionId('3f2a91c4-0000-4000-8000-000000000000'))
  t.is(
    mirrorRefspec(key, ref),
    `+${ref}*:refs/incoming/${key}/sessions/3f2a91c4-0000-4000-8000-000000000000*`,
  )
  t.true(matchesPattern(ref, ref))
  t.false(matchesPattern(`${ref}x`, ref))
  t.true(matchesPattern(ref, patterns.sessions('3f2a')))
  t.false(matchesPattern(ref, patterns.indexes))
})

test('text of a host is shown on one line, without control and direction characters', (t) => {
  t.is(showOutside(' a\r\nb\n\n\u001b[31mred\u202e '), 'a; b; \\u{1b}[31mred\\u{202e}')
  t.is(showOutside('x'.repeat(700)).length, 601)
  t.is(remoteWords('remote: no\u0007\r\nTo x\nremote: never  \n'), 'no\\u{7}; never')
})
