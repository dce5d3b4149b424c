import test from 'ava'
import {
  isShared,
  keptAudience,
  namedAudience,
  parseTo,
  presentAudience,
  readerNames,
} from '../../src/core/audience.ts'
import { nearest } from '../../src/core/nearest.ts'
import type { People } from '../../src/core/people.ts'
import { needsNewIdentity, travelling } from '../../src/core/push-audience.ts'
import { redactedFor } from '../../src/core/redacted-for.ts'
import { deviceIdOf, parseSshPublicKey } from '../../src/crypto/ssh-public-key.ts'
import type { LocalFile, MemberKey, Origin, TeamPolicy } from '../../src/model.ts'
import { noSettings } from '../../src/trust/settings.ts'

/** Ed25519 public keys that differ in one byte. */
const keyOf = (letter: string) => {
  const blob = Buffer.concat([
    Buffer.from([0, 0, 0, 11]),
    Buffer.from('ssh-ed25519'),
    Buffer.from([0, 0, 0, 32]),
    Buffer.alloc(32, letter),
  ])
  return `ssh-ed25519 ${blob.toString('base64')}`
}
const [ada, ada2, bob, bob2, cleo] = ['a', 'b', 'c', 'd', 'e'].map(keyOf)
const deviceOf = (recipient = '') => deviceIdOf(parseSshPublicKey(recipient).blob)
const member = (principal: string, recipient = '', lifetime: Partial<MemberKey> = {}): MemberKey => ({
  principal,
  recipient,
  device: deviceOf(recipient),
  validAfter: null,
  validBefore: null,
  ...lifetime,
})
const escrow = 'age1escrow'
const teamOf = (...members: readonly MemberKey[]): TeamPolicy => ({
  commit: 'c'.repeat(40) as TeamPolicy['commit'],
  members,
  readers: [{ recipient: escrow, comment: 'escrow' }],
  settings: noSettings,
})
const now = new Date('2026-11-21T12:00:00Z')
const everybody = teamOf(
  member('ada@example.org', ada),
  member('bob@example.org', bob),
  member('cleo@example.org', cleo),
)
const people = (more: Partial<People> = {}): People => ({
  own: [ada ?? '', ada2 ?? ''].sort(),
  earlier: [],
  team: everybody,
  required: [],
  now,
  ...more,
})
const sorted = (...readers: readonly (string | undefined)[]) => readers.map((each) => each ?? '').sort()
const origin = (recipient = ''): Origin => ({
  device: deviceOf(recipient),
  ...{
    host: 'h',
    principal: 'p',
    platform: 'posix',
    home: '/h',
    config: '/h/c',
    root: '/r',
    cwd: '/r',
    projectDir: 'r',
  },
})

test('me, the team, members and age keys are the readers that they name, own devices always among them', (t) => {
  const readers = (...words: readonly string[]) => namedAudience(people(), words).readers
  t.deepEqual(readers('me'), sorted(ada, ada2))
  t.deepEqual(readers('team'), sorted(ada, ada2, bob, cleo, escrow))
  t.deepEqual(readers('Bob@Example.org', 'age1ci'), sorted(ada, ada2, bob, 'age1ci'))
  t.deepEqual(
    namedAudience(people({ required: ['cleo@example.org'] }), ['me']).readers,
    sorted(ada, ada2, cleo),
  )
  t.deepEqual(namedAudience(people(), ['team', 'me']).to, ['team'])
  t.deepEqual(parseTo(['team, bob', 'me']), ['team', 'bob', 'me'])
  t.throws(() => parseTo(['team,']), { code: 'usage' })
})

test('a name that nobody has is refused with the nearest one, and one whose keys have run out with that', (t) => {
  const refuse = (word: string, who = people()) =>
    t.throws(() => namedAudience(who, [word]), { code: 'unknown-member' })
  t.like(refuse('bib@example.org'), { hint: 'git teleport push --to bob@example.org', exitCode: 3 })
  const late = teamOf(member('bob@example.org', bob, { validBefore: '2026-11-01T00:00:00Z' }))
  t.regex(refuse('bob@example.org', people({ team: late }))?.message ?? '', /no key of .* is valid now/)
  t.regex(refuse('team', people({ team: null }))?.message ?? '', /no team yet/)
  t.is(nearest('psuh', ['pull', 'push']), 'push')
  t.is(nearest('frobnicate', ['pull', 'push']), undefined)
})

test('post-quantum readers stand alone, without even one’s own devices, or not at all', (t) => {
  const [one, two] = ['age1pq1one', 'age1pq1two']
  const alone = namedAudience(people(), [one, two])
  t.deepEqual(alone.readers, [one, two])
  const kept = { readers: [one, two], to: [one, two], origins: [origin(ada)] }
  t.deepEqual(keptAudience(people(), kept).readers, [one, two])
  for (const words of [
    [one, 'me'],
    [one, 'team'],
    [one, 'age1ci'],
  ]) {
    t.throws(() => namedAudience(people(), words), { code: 'mixed-readers' })
  }
  t.throws(() => namedAudience(people({ required: [escrow] }), [one]), { code: 'mixed-readers' })
})

test('a session keeps its readers but for those who are nobody’s any more; who came waits for rewrap', (t) => {
  const kept = { readers: sorted(ada, bob, escrow), to: ['team'], origins: [origin(ada)] }
  t.deepEqual(keptAudience(people(), kept).readers, sorted(ada, ada2, bob, escrow))
  t.deepEqual(presentAudience(people(), kept).readers, sorted(ada, ada2, bob, cleo, escrow))
  const smaller = people({ team: { ...teamOf(member('ada@example.org', ada)), readers: [] } })
  t.deepEqual(keptAudience(smaller, kept).readers, sorted(ada, ada2))
  t.deepEqual(presentAudience(smaller, { ...kept, to: ['bob@example.org'] }).to, [])
})

test('a device that the policy never listed stays while others write too, and goes from a session of one’s own', (t) => {
  const kept = { readers: sorted(ada, bob, bob2), to: ['team'], unlisted: sorted(bob2) }
  const both = { ...kept, origins: [origin(ada), origin(bob2)] }
  t.deepEqual(keptAudience(people(), both).readers, sorted(ada, ada2, bob, bob2))
  t.deepEqual(keptAudience(people(), both).unlisted, sorted(ada2, bob2))
  t.deepEqual(keptAudience(people(), { ...kept, origins: [origin(ada)] }).readers, sorted(ada, ada2, bob))
})

test('an earlier key of this device is nobody to encrypt to, and yet no stranger', (t) => {
  const after = people({ earlier: sorted(ada2) })
  const kept = { readers: sorted(ada, ada2), origins: [origin(ada)] }
  t.deepEqual(keptAudience(after, kept).readers, sorted(ada))
  t.false(isShared(kept.readers, after.own))
  t.deepEqual(
    namedAudience({ ...after, team: teamOf(member('ada@example.org', ada2)) }, ['me']).readers,
    sorted(ada),
  )
})

test('an identity stays while nobody leaves and no exact log would be opened to others', (t) => {
  const own = sorted(ada, ada2)
  const from = (...audience: readonly (string | undefined)[]) => ({
    audience: sorted(...audience),
    redacted: audience.includes(bob),
  })
  t.is(needsNewIdentity(from(ada), own, own), null)
  const more = sorted(ada, ada2, bob, cleo)
  t.is(needsNewIdentity(from(ada, ada2, bob), more, own), null)
  t.regex(needsNewIdentity(from(ada, ada2, bob), more, own, true) ?? '', /as it is, it is encrypted anew/)
  const bare = { ...from(ada, ada2, bob), redacted: false }
  t.is(needsNewIdentity(bare, more, own, true), null)
  t.regex(needsNewIdentity(bare, more, own) ?? '', /sent as it is: redacted, it is encrypted anew/)
  t.regex(
    needsNewIdentity(from(ada, ada2), sorted(ada, ada2, bob), own) ?? '',
    /for others it is encrypted anew/,
  )
  t.regex(needsNewIdentity(from(ada, bob), sorted(ada), own) ?? '', /a reader was removed/)
})

test('scripts that Claude Code runs travel to one’s own devices only', (t) => {
  const file = (name: string): LocalFile => ({
    name,
    localPath: `/${name}`,
    size: 1,
    read: async function* () {},
  })
  const files = ['session.jsonl', 'session-env/a.sh', 'shell-snapshots/b.sh', 'plans/c.md'].map(file)
  t.deepEqual(travelling(files, false), files)
  t.deepEqual(
    travelling(files, true).map(({ name }) => name),
    ['session.jsonl', 'plans/c.md'],
  )
})

test('readers are told by name, those whom nobody knows by number', (t) => {
  t.deepEqual(readerNames(people(), sorted(ada, ada2, bob, bob2, escrow)), [
    'you',
    'bob@example.org',
    '+2 readers',
  ])
})

test('what others can read is redacted, unless somebody said otherwise', (t) => {
  t.true(redactedFor(sorted(ada, bob), sorted(ada)))
  t.false(redactedFor(sorted(ada, ada2), sorted(ada, ada2)))
  t.false(redactedFor(sorted(ada, bob), sorted(ada), true))
})
