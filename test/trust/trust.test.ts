/** What a signed tip must say, and the list of one's own devices. */

import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import test from 'ava'
import { type ErrorCode, TeleportError } from '../../src/errors.ts'
import { parseSessionId, type SessionState } from '../../src/model.ts'
import { checkBinding, checkSequence, type Expected, type SeenTip } from '../../src/trust/binding.ts'
import { addOwnDevice, readOwnDevices } from '../../src/trust/own-devices.ts'
import { state as sampleState } from '../bundle/samples.ts'
import { digest, oid } from '../bundle/support.ts'

const session = parseSessionId('5b1e3f2a-91c4-4d6f-9a37-0123456789ab')
const ref = `refs/teleport/sessions/${session}`
const now = new Date('2026-11-20T12:00:00Z')
const repo = 'c'.repeat(40)

type Changes = Partial<Omit<SeenTip, 'trailers'>> & { readonly trailers?: Partial<SeenTip['trailers']> }

function tip(changes: Changes = {}): SeenTip {
  const trailers: SeenTip['trailers'] = {
    format: 1,
    ref,
    session,
    repo,
    commit: null,
    seq: 2,
    previous: oid('a'),
    expires: '2026-12-20T12:00:00Z',
    recipients: digest('readers'),
    policy: null,
    ...changes.trailers,
  }
  const seen = {
    commit: oid('b'),
    parent: oid('a'),
    seconds: now.getTime() / 1000,
    signedText: digest('text'),
  }
  return { ...seen, ...changes, trailers }
}

const expected: Expected = { ref, session, repos: [repo, 'd'.repeat(40)], now }
const hour = 3600

const accepted = test.macro({
  title: (name = '') => `accepts ${name}`,
  exec(t, changes: Changes, where: Partial<Expected> = {}, notes: readonly RegExp[] = []) {
    const told = checkBinding(tip(changes), { ...expected, ...where })
    t.is(told.length, notes.length)
    for (const [index, note] of notes.entries()) t.regex(told[index] ?? '', note)
  },
})

const refused = test.macro({
  title: (name = '') => `refuses ${name}`,
  exec(t, changes: Changes, code: ErrorCode, message: RegExp, where: Partial<Expected> = {}) {
    const error = t.throws(() => checkBinding(tip(changes), { ...expected, ...where }), {
      instanceOf: TeleportError,
    })
    t.is(error.code, code)
    t.regex(error.message, message)
  },
})

test('what belongs here', accepted, {})
test('a first push', accepted, { parent: null, trailers: { seq: 1, previous: null } })
test('a log that was started anew', accepted, { parent: null, trailers: { seq: 9 } })
test('a session that never expires', accepted, { trailers: { expires: null } })
test('one that expired within the last minutes, as clocks differ', accepted, {
  trailers: { expires: '2026-11-20T11:56:00Z' },
})
test(
  'an expired one that is only looked at',
  accepted,
  { trailers: { expires: '2026-01-01T00:00:00Z' } },
  { allowExpired: true },
)
test('a push from a clock that is some hours ahead', accepted, { seconds: now.getTime() / 1000 + 23 * hour })
test(
  'a sender that could not tell its project, with a note',
  accepted,
  { trailers: { repo: 'unknown' } },
  {},
  [/sender could not tell/],
)
test('a project that cannot be checked here, with a note', accepted, {}, { repos: [] }, [/shallow or empty/])
test('a commit of another ref', refused, { trailers: { ref: `${ref}0` } }, 'wrong-binding', /signed for refs/)
test(
  'a commit of another session',
  refused,
  { trailers: { session: null } },
  'wrong-binding',
  /for session none/,
)
test(
  'a parent that was not signed for',
  refused,
  { parent: oid('c') },
  'wrong-binding',
  /to follow a+, not c+/,
)
test(
  'a first push with a predecessor',
  refused,
  { trailers: { seq: 1 } },
  'damaged-bundle',
  /sequence 1 and previous a+/,
)
test(
  'a later push without one',
  refused,
  { parent: null, trailers: { previous: null } },
  'damaged-bundle',
  /sequence 2 and previous none/,
)
test(
  'an expired session',
  refused,
  { trailers: { expires: '2026-11-20T11:54:59Z' } },
  'expired-session',
  /expired at 2026-11-20T11:54:59Z/,
)
test(
  'a push from more than a day ahead',
  refused,
  { seconds: now.getTime() / 1000 + 25 * hour },
  'clock-skew',
  /in the future here/,
)
test(
  "another project's session",
  refused,
  { trailers: { repo: 'e'.repeat(40) } },
  'wrong-binding',
  /another project/,
)

test('a machine never goes back behind what it has seen', (t) => {
  const state = seenAt(5)
  const code = (changes: Changes) =>
    t.throws(() => checkSequence(tip(changes), state), { instanceOf: TeleportError }).code
  t.is(code({ trailers: { seq: 4 } }), 'rollback')
  t.is(code({ trailers: { seq: 5 }, signedText: digest('another') }), 'rollback')
  t.notThrows(() => checkSequence(tip({ trailers: { seq: 5 }, signedText: state.signedText }), state))
  t.notThrows(() => checkSequence(tip({ trailers: { seq: 6 } }), state))
  t.notThrows(() => checkSequence(tip({ commit: state.commit, trailers: { seq: 1 } }), state))
  t.notThrows(() => checkSequence(tip({ trailers: { seq: 1 } }), null))
})

function seenAt(seq: number): SessionState {
  return { ...sampleState, session, seq }
}

test('the list of own devices is private, grows by lines, and may be commented', async (t) => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'own-'))
  t.teardown(() => rm(folder, { recursive: true }))
  const file = path.join(folder, 'new/own_devices')
  t.deepEqual(await readOwnDevices(file), [])
  await addOwnDevice(file, 'ssh-ed25519 AAAA laptop')
  await addOwnDevice(file, 'ssh-ed25519 BBBB desktop')
  t.deepEqual(await readOwnDevices(file), ['ssh-ed25519 AAAA laptop', 'ssh-ed25519 BBBB desktop'])
  t.is((await stat(file)).mode & 0o777, 0o600)
  t.is((await stat(path.dirname(file))).mode & 0o777, 0o700)
  await writeFile(file, `# mine\n\n  ${'ssh-ed25519 CCCC'}  \r\n`)
  t.deepEqual(await readOwnDevices(file), ['ssh-ed25519 CCCC'])
  await writeFile(file, 'ssh-ed25519 DDDD without an end')
  await addOwnDevice(file, 'ssh-ed25519 EEEE')
  t.deepEqual(await readOwnDevices(file), ['ssh-ed25519 DDDD without an end', 'ssh-ed25519 EEEE'])
  await t.throwsAsync(readOwnDevices(folder), { instanceOf: TeleportError })
  t.regex(await readFile(file, 'utf8'), /DDDD/)
})
