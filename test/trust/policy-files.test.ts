/** The three policy files: what they may say, and that nothing else gets through. */

import test from 'ava'
import fc from 'fast-check'
import { parseRecipient } from '../../src/crypto/recipient.ts'
import { deviceIdOf, parseSshPublicKey } from '../../src/crypto/ssh-public-key.ts'
import { hasCode, TeleportError } from '../../src/errors.ts'
import { formatSignerLine, parseAllowedSigners, type ReadKey } from '../../src/trust/allowed-signers.ts'
import { withLine, withoutReaders, withoutSigners } from '../../src/trust/edit-team.ts'
import { parseGitConfig } from '../../src/trust/git-config.ts'
import { decodePolicy } from '../../src/trust/policy-text.ts'
import { parseRecipients } from '../../src/trust/recipients.ts'
import { matchesRemote, matchesTarget } from '../../src/trust/remote-pattern.ts'
import { parseSettings, userSettings } from '../../src/trust/settings.ts'

const readKey: ReadKey = (text) => {
  const { recipient, blob } = parseSshPublicKey(text)
  return { recipient, device: deviceIdOf(blob) }
}

/** An ed25519 key of these 32 bytes. */
function keyOf(bytes: Uint8Array): string {
  const head = Buffer.from('0000000b7373682d6564323535313900000020', 'hex')
  return `ssh-ed25519 ${Buffer.concat([head, bytes]).toString('base64')}`
}

const key = keyOf(Buffer.alloc(32, 7))
const other = keyOf(Buffer.alloc(32, 9))

const taken = test.macro({
  title: (name = '') => `allowed_signers takes ${name}`,
  exec(t, line: string, lifetime: readonly [string | null, string | null] = [null, null]) {
    const [member] = parseAllowedSigners(`# the team\n\n${line}\n`, readKey)
    t.is(member?.principal, 'ada@example.org')
    t.is(member?.recipient, key)
    t.regex(member?.device ?? '', /^[a-z2-7]{26}$/)
    t.deepEqual([member?.validAfter, member?.validBefore], [...lifetime])
  },
})

test('an exact key', taken, `ada@example.org namespaces="git" ${key} laptop`)
test('blanks, tabs, CRLF and options in capitals', taken, `  ada@example.org\tNAMESPACES="git"  ${key} \r`)
test(
  'days, which are UTC',
  taken,
  `ada@example.org valid-after="20260101",namespaces="git",valid-before="20270101Z" ${key}`,
  ['2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z'],
)
test(
  'times with and without seconds',
  taken,
  `ada@example.org namespaces="git",valid-after="202601011530",valid-before="20260101153001Z" ${key}`,
  ['2026-01-01T15:30:00Z', '2026-01-01T15:30:01Z'],
)

const refusedLine = test.macro({
  title: (name = '') => `allowed_signers refuses ${name}`,
  exec(t, line: string, why: RegExp) {
    const error = t.throws(() => parseAllowedSigners(`# one\n${line}\n`, readKey), {
      instanceOf: TeleportError,
    })
    t.true(hasCode(error, 'bad-policy'))
    t.regex(error.message, /^\.teleport\/allowed_signers, line 2: /)
    t.regex(error.message, why)
  },
})

const start = 'ada@example.org'
test('a pattern', refusedLine, `*@example.org namespaces="git" ${key}`, /pattern/)
test('a negated principal', refusedLine, `!${start} namespaces="git" ${key}`, /pattern/)
test('a list of principals', refusedLine, `${start},bob namespaces="git" ${key}`, /list/)
test('a quoted principal', refusedLine, `"${start}" namespaces="git" ${key}`, /plain name/)
test('a principal that looks like an option', refusedLine, `-rf namespaces="git" ${key}`, /plain name/)
test('letters of other alphabets', refusedLine, `аda@example.org namespaces="git" ${key}`, /plain name/)
test('a certificate authority', refusedLine, `${start} cert-authority,namespaces="git" ${key}`, /certificate/)
test('no namespace', refusedLine, `${start} ${key}`, /namespaces="git" is missing/)
test('another namespace', refusedLine, `${start} namespaces="file" ${key}`, /namespaces="git"/)
test('one namespace more', refusedLine, `${start} namespaces="git,file" ${key}`, /namespaces="git"/)
test('a namespace without quotes', refusedLine, `${start} namespaces=git ${key}`, /name="value"/)
test('an option twice', refusedLine, `${start} namespaces="git",namespaces="git" ${key}`, /twice/)
test('an unknown option', refusedLine, `${start} namespaces="git",no-touch-required ${key}`, /unknown option/)
test(
  'a blank between options',
  refusedLine,
  `${start} namespaces="git", valid-before="20270101" ${key}`,
  /form/,
)
test('a quote within a value', refusedLine, `${start} namespaces="gi\\"t" ${key}`, /name="value"/)
test(
  'a day that there is not',
  refusedLine,
  `${start} namespaces="git",valid-before="20260231" ${key}`,
  /no time/,
)
test(
  'a time of another shape',
  refusedLine,
  `${start} namespaces="git",valid-before="2026-01-01" ${key}`,
  /YYYYMMDD/,
)
test(
  'a lifetime that ends before it begins',
  refusedLine,
  `${start} namespaces="git",valid-after="20270101",valid-before="20260101" ${key}`,
  /not before/,
)
test('keys that cannot decrypt', refusedLine, `${start} namespaces="git" ecdsa-sha2-nistp256 AAAA`, /form/)
test('damaged keys', refusedLine, `${start} namespaces="git" ssh-ed25519 AAAA`, /not a usable SSH public key/)
test(
  'a small RSA key',
  refusedLine,
  `${start} namespaces="git" ssh-rsa ${Buffer.concat([
    Buffer.from('000000077373682d727361000000030100010000008100', 'hex'),
    Buffer.alloc(128, 0xff),
  ]).toString('base64')}`,
  /2048/,
)
test('what is no line at all', refusedLine, 'let everybody in', /form/)

test('a key on two lines is refused, one person with two keys is not', (t) => {
  const line = (principal: string, text: string) => `${principal} namespaces="git" ${text}\n`
  t.is(parseAllowedSigners(line('ada', key) + line('ada', other), readKey).length, 2)
  t.throws(() => parseAllowedSigners(line('ada', key) + line('bob', key), readKey), {
    message: /line 2.*earlier/,
  })
})

const instant = fc
  .date({ min: new Date('2000-01-01'), max: new Date('2099-01-01'), noInvalidDate: true })
  .map((date) => `${date.toISOString().slice(0, 19)}Z`)

test('every member comes back from the line it is written as', (t) => {
  const principal = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._%+@-]{0,30}$/)
  const bytes = fc.uint8Array({ minLength: 32, maxLength: 32 })
  fc.assert(
    fc.property(principal, bytes, fc.option(instant), fc.option(instant), (name, raw, one, two) => {
      const ordered = one !== null && two !== null && one > two ? [two, one] : [one, two]
      const [validAfter = null, validBefore = null] = ordered
      fc.pre(validAfter === null || validAfter !== validBefore)
      const member = { principal: name, recipient: keyOf(raw), validAfter, validBefore }
      const [back] = parseAllowedSigners(formatSignerLine(member, 'a comment'), readKey)
      t.like(back, member)
    }),
    { numRuns: 60 },
  )
})

test('whatever the bytes, a policy file is read or refused', (t) => {
  const words = fc.constantFrom(
    'ada',
    ' ',
    '\n',
    '#',
    'namespaces="git"',
    key,
    ',',
    '"',
    '[teleport]',
    'maxLifetime',
    '=',
    '7d',
    '\\',
    'age1',
    '\0',
  )
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.array(words, { maxLength: 20 }).map((all) => all.join('')),
  )
  fc.assert(
    fc.property(text, (given) => {
      for (const parse of [
        () => parseAllowedSigners(given, readKey),
        () => parseRecipients(given, parseRecipient),
        () => parseSettings('.teleport/config', given, { trust: false }),
      ]) {
        try {
          parse()
        } catch (error) {
          if (!hasCode(error, 'bad-policy')) throw error
        }
      }
    }),
    { numRuns: 200 },
  )
  t.pass()
})

const age = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p'

test('recipients are what age -R reads, and are called by their comments', (t) => {
  const text = `# the escrow\n${age}\n\n${key} ada's laptop\r\n# nobody\n\n${other}\n`
  t.deepEqual(parseRecipients(text, parseRecipient), [
    { recipient: age, comment: 'the escrow' },
    { recipient: key, comment: "ada's laptop" },
    { recipient: other, comment: '' },
  ])
})

test('recipients that nothing can be encrypted to, duplicates and mixtures are refused', (t) => {
  for (const line of [
    `${age}x`,
    age.toUpperCase(),
    'age1yubikey1q',
    `${age} comment`,
    ' ',
    `AGE-SECRET-KEY-1`,
    `${age}\n${age}`,
  ]) {
    t.throws(
      () => parseRecipients(line, parseRecipient),
      { instanceOf: TeleportError, message: /recipients, line/ },
      line,
    )
  }
  t.throws(() => parseRecipients(`${age}\nage1pq1x\n`, (recipient) => ({ recipient, comment: '' })), {
    message: /mixed/,
  })
})

const fail = (line: number, why: string) => new Error(`${line}: ${why}`)
const pairs = (text: string) => parseGitConfig(text, fail).map(({ key: name, value }) => `${name}=${value}`)

test('the configuration format is git’s', (t) => {
  t.deepEqual(
    pairs('[Teleport] maxLifetime = 7d ; a comment\n\tmustRedact\n[teleport "Audit"]\nPulls=yes # x\n'),
    ['teleport.maxlifetime=7d', 'teleport.mustredact=true', 'teleport.Audit.pulls=yes'],
  )
  t.deepEqual(pairs('[a]\nb = "x ; y" z\\\n w \nc = \\"\\\\\\t"  "\nd =\n'), [
    'a.b=x ; y z w',
    'a.c="\\\t  ',
    'a.d=',
  ])
  for (const bad of [
    'x = 1',
    '[a\nb = 1',
    '[a]\n= 1',
    '[a]\nb = "1',
    '[a]\nb = \\q',
    '[a]\nb c',
    '[a.b]\nc = 1',
    '[a]\n1 = 2',
  ]) {
    t.throws(() => parseGitConfig(bad, fail), undefined, bad)
  }
})

const config = (text: string) => parseSettings('.teleport/config', `[teleport]\n${text}`, { trust: false })

test('settings are read, and what is none is told', (t) => {
  const { settings, notes } = config(
    'allowedRemote = https://git.example.org/*\nallowedRemote = git@git.example.org:*\nmaxLifetime = 36h\ndefaultExpiry=1w\n' +
      `requiredReader = ${age}\nrequiredReader = ada@example.org\nmustSign\nmustRedact = on\nmayPush = ada@example.org\n` +
      'allowChanges = no\nallowAutomation = false\nrepository = orchard\ncolour = blue\n[teleport "audit"]\npulls = true\n[teleport "run"]\nallowed = here\nallowed = ssh://build.example.org/*\n[teleport "to"]\nallowed = docker://*\nallowed = /work/*\n[core]\nbare = true\n',
  )
  t.deepEqual(settings, {
    allowedRemotes: ['https://git.example.org/*', 'git@git.example.org:*'],
    maxLifetimeDays: 1.5,
    defaultExpiryDays: 7,
    requiredReaders: [age, 'ada@example.org'],
    mustSign: true,
    mustRedact: true,
    mayPush: ['ada@example.org'],
    allowChanges: false,
    allowAutomation: false,
    auditPulls: true,
    runAllowed: ['here', 'ssh://build.example.org/*'],
    repository: 'orchard',
    toAllowed: ['docker://*', '/work/*'],
  })
  t.deepEqual(
    notes.map((note) => /: (\S+)/.exec(note)?.[1]),
    ['teleport.colour', 'core.bare'],
  )
})

test('a setting with a value that it cannot have is refused, and so is an include', (t) => {
  for (const bad of [
    'maxLifetime = never',
    'maxLifetime = 0d',
    'defaultExpiry = 7',
    'mustSign = false',
    'mustRedact = maybe',
    'mayPush = *',
    'requiredReader = "two words"',
    'repository = unknown',
    'repository = a b',
    'allowedRemote = ',
    '[teleport "run"]\nallowed = there',
    '[teleport "to"]\nallowed = build',
    '[include]\npath = /etc/passwd',
    '[includeIf "gitdir:/"]\npath = x',
  ]) {
    const error = t.throws(() => config(bad), { instanceOf: TeleportError }, bad)
    t.true(hasCode(error, 'bad-policy'))
  }
  t.throws(() => userSettings(new Map([['teleport.maxlifetime', ['soon']]])), {
    message: /git configuration/,
  })
  t.deepEqual(
    userSettings(
      new Map([
        ['teleport.key', ['/x']],
        ['teleport.mayPush', ['x']],
      ]),
    ).mayPush,
    [],
  )
})

test('only the managed policy names commits to trust', (t) => {
  const text = `[teleport]\ntrustPolicy = ${'a'.repeat(40)}\n`
  t.deepEqual(parseSettings('policy', text, { trust: true }).trusted.length, 1)
  const { trusted, notes } = parseSettings('.teleport/config', text, { trust: false })
  t.deepEqual([trusted.length, notes.length], [0, 1])
  t.throws(() => parseSettings('policy', '[teleport]\ntrustPolicy = main\n', { trust: true }))
})

test('files that are no text, or too large, are refused', (t) => {
  t.throws(() => decodePolicy('x', Buffer.from([0xff])), { message: /UTF-8/ })
  t.throws(() => decodePolicy('x', new Uint8Array(256 * 1024 + 1)), { message: /bytes/ })
})

const remotes: readonly (readonly [string, string, boolean])[] = [
  ['https://git.example.org/*', 'https://git.example.org/team/app.git', true],
  ['https://git.example.org/*', 'https://ada:secret@git.example.org/app', true],
  ['https://git.example.org/*', 'https://git.example.org@evil.org/app', false],
  ['https://git.example.org/*', 'http://git.example.org/app', false],
  ['https://git.example.org/*', 'https://git.example.org.evil.org/app', false],
  ['https://git.example.org/team/*', 'https://git.example.org/team/../other/app', false],
  ['https://git.example.org/team/*', 'https://git.example.org/team/%2e%2e/other/app', false],
  ['git@git.example.org:team/*', 'git@git.example.org:team/app', true],
  ['git@git.example.org:team/*', 'git@git.example.org:team/../app', false],
  ['/srv/*.git', '/srv/app.git', true],
  ['*/app', 'ssh://git@git.example.org:2222/app', true],
  ['*a*a*b', 'aab', true],
  ['ab*ba', 'aba', false],
]

test('a pattern of remotes means what it says, and no trick of URLs gets by', (t) => {
  for (const [pattern, url, fits] of remotes) t.is(matchesRemote(pattern, url), fits, `${pattern} ${url}`)
})

const targets: readonly (readonly [string, string, boolean])[] = [
  ['ssh://*.example.org/*', 'ssh://build.example.org/w/app', true],
  ['ssh://*.example.org/*', 'ssh://evil.org/.example.org/w', false],
  ['ssh://build.example.org/w/*', 'ssh://build.example.org/~/w/app', false],
  ['ssh://build.example.org/*', 'ssh://build.example.org:2222/w', false],
  ['ssh://build.example.org:*/*', 'ssh://build.example.org:2222/w', true],
  ['docker://*', 'docker://orchard-dev/w/app', true],
  ['docker://*', 'podman://orchard-dev/w/app', false],
  ['*', 'podman://orchard-dev/w/app', true],
  ['*', '/w/app', true],
  ['here', '/w/app', true],
  ['here', 'here', true],
  ['here', 'ssh://here/w', false],
  ['/w/*', '/w/app', true],
  ['/w/*', 'ssh://build/w/app', false],
  ['/w/*', '/w/../etc', false],
  ['false', '/w/app', false],
  ['false', 'docker://dev/w', false],
]

test('a pattern of targets holds machines and folders apart', (t) => {
  for (const [pattern, place, fits] of targets)
    t.is(matchesTarget(pattern, place), fits, `${pattern} ${place}`)
})

test('editing keeps everything else as it was', (t) => {
  const text = `# team\r\n\nada namespaces="git" ${key} laptop\n# bob\nbob namespaces="git" ${other}`
  const added = withLine(text, `eve namespaces="git" ${keyOf(Buffer.alloc(32, 1))}`)
  t.is(
    withoutSigners(added, readKey, ({ principal }) => principal === 'eve'),
    `${text}\n`,
  )
  t.is(
    withoutSigners(text, readKey, ({ principal }) => principal === 'bob'),
    text.slice(0, text.lastIndexOf('bob n')),
  )
  t.is(
    withoutReaders(`# keep\n\n# a\n${age}\n${key} x\n`, parseRecipient, (each) => each === age),
    `# keep\n\n${key} x\n`,
  )
})
