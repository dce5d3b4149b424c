/** What may stand for a session on the command line, and which ids of ours nobody else could have made. */

import test from 'ava'
import fc from 'fast-check'
import { TeleportError } from '../../src/errors.ts'
import { patterns } from '../../src/git-store/refs.ts'
import {
  isAudienceId,
  isDeviceId,
  isOid,
  isSessionPrefix,
  isSha256,
  parseSessionId,
} from '../../src/model.ts'

const session = '5b1e3f2a-91c4-4d6f-9a37-0123456789ab'

test('a session is named by its id or by four of its first characters, and by nothing else', (t) => {
  t.is<string, string>(parseSessionId(session.toUpperCase()), session)
  for (let length = 4; length <= session.length; length += 1)
    t.true(isSessionPrefix(session.slice(0, length)), String(length))
  const odd = [
    '',
    'x',
    '5b1',
    'zzzz',
    '5B1E',
    '5b1e3f2a91',
    '../../../etc/passwd',
    '5b1e*',
    '5b1e3f2a:refs/heads/main',
    `${session}/..`,
    `${session}\n`,
    `${session}0`,
    '-5b1e',
    '--upload-pack=x',
    '5b1e\0',
    ' 5b1e',
    '５b1e',
  ]
  for (const text of odd) {
    t.false(isSessionPrefix(text), text)
    const error = t.throws(() => parseSessionId(text), { instanceOf: TeleportError })
    t.is(error.code, 'bad-session-id')
  }
})

test('no text that is taken for the beginning of an id can become another ref', (t) => {
  const letters = fc.string({ unit: fc.constantFrom(...'0123456789abcdefABCDEF-*/:^.~ \n'), maxLength: 40 })
  fc.assert(
    fc.property(fc.oneof(letters, fc.string()), (text) => {
      if (!isSessionPrefix(text)) return true
      return /^refs\/teleport\/sessions\/[0-9a-f-]{4,36}\*$/.test(patterns.sessions(text))
    }),
  )
  t.throws(() => patterns.sessions('5b1e*'), { message: /holds characters that no session id has/ })
})

test('ids are exact: no other length, case or alphabet', (t) => {
  t.deepEqual(
    [isOid('a'.repeat(40)), isOid('a'.repeat(64)), isOid('a'.repeat(41)), isOid('A'.repeat(40))],
    [true, true, false, false],
  )
  t.deepEqual(
    [isDeviceId('a2'.repeat(13)), isDeviceId('a1'.repeat(13)), isDeviceId(`${'a'.repeat(26)}\n`)],
    [true, false, false],
  )
  t.deepEqual(
    [
      isAudienceId('0f'.repeat(8)),
      isAudienceId('0F'.repeat(8)),
      isSha256('0f'.repeat(32)),
      isSha256('0f'.repeat(31)),
    ],
    [true, false, true, false],
  )
})
