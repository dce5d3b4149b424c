/** What the rules find and what they leave alone. */

import path from 'node:path'
import { pathToFileURL } from 'node:url'
import test from 'ava'
import { secretFinder } from '../../src/redact/find-secrets.ts'
import { ownRules } from '../../src/redact/own-rules.ts'
import { isPlaceholder, looksLikeCode } from '../../src/redact/placeholder.ts'
import type { Finding } from '../../src/redact/rule.ts'
import { everywhere, importedRules } from '../../src/redact/rules.generated.ts'
import { find } from './find.ts'
import { plantedSecrets, redactorWith } from './support.ts'

const { translateRe2, reachOf } = await import(
  pathToFileURL(path.resolve(import.meta.dirname, '../../../scripts/re2.mjs')).href
)

test('at least 46 of 48 kinds of planted secrets are found, whole', async (t) => {
  const redactor = await redactorWith()
  const planted = plantedSecrets()
  t.is(planted.length, 48)
  const missed = planted.filter(({ text, secret }) => {
    const redacted = redactor.redactText(text).text
    const stretches = [secret, secret.slice(4, 24), secret.trimEnd().slice(-12)]
    return stretches.some((stretch) => redacted.includes(stretch))
  })
  t.true(missed.length <= 2, missed.map(({ kind }) => kind).join(', '))
})

/** Rule, text, what must not be left of it. Secrets are put together here, for the sake of scanners of repositories. */
const own: readonly (readonly [rule: string, before: string, secret: string, after: string])[] = [
  ['url-password', 'redis://cache:', 'p4ssw0rdOfMine', '@cache.internal:6379/0'],
  ['url-token', 'git clone https://', `${'a1b2c3d4e5'}${'f6a7b8c9d0'}zz`, '@git.host/x.git'],
  ['env-assignment', 'export SMTP_PASSWORD=', 'x9-Tq4_mmVz', '\n'],
  ['env-assignment', 'SESSION_SECRET="', 'x9-Tq4_mmVz', '"'],
  ['keyed-password', "db: { passwd: '", 'correct7horse', "' }"],
  ['keyed-password', '{\\"password\\":\\"', 'correct7horse', '\\"}'],
  ['keyed-password', 'admin:\n  password: ', 'correct7horse', '\n  port: 80'],
  ['session-cookie', 'Set-Cookie: session=', 'q8w7e6r5t4y3u2i1o0', '; Path=/'],
  ['session-cookie', 'JSESSIONID=', '8F3A2B1C9D4E5F60718293A4B5C6D7E8', ''],
  ['bearer-token', 'authorization: bearer ', 'q8w7e6r5t4y3u2i1o0p9', ''],
  ['basic-auth', 'Authorization: Basic ', Buffer.from('ada:correct7horse').toString('base64'), ''],
  ['docker-auth', '{"auths":{"r":{"auth": "', Buffer.from('ada:correct7horse').toString('base64'), '"}}}'],
  ['anthropic-key', 'key ', `sk-a${'nt-oat01-'}q8w7e6r5t4y3u2i1o0p9`, ' end'],
  ['bcrypt-hash', 'hash ', `$2${'b$12$'}${'QWERTZUIOPASDFGHJKLYXC'}vbnm0192837465./qwertzuiopasdfg`, ''],
  ['sshpass-password', 'sshpass -p ', 'corr3cthorse', ' ssh host'],
  ['curl-user', 'curl -X POST \\\n  --user ada:', 'corr3cthorse', ' https://h'],
  ['client-password', 'mysql -u root -p', 'corr3cthorse', ' app'],
  ['netrc-password', 'machine host login ada password ', 'corr3cthorse', ''],
  ['age-secret-key', '', `AGE-SECRET-${'KEY-PQ-1'}${'QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L'.repeat(2)}`, ''],
  [
    'private-key-part',
    'head:\n',
    `-----BEGIN ${'PRIVATE KEY-----'}\n${'MIGHAgEAMBMGByqGSM49AgEGCCqGSM49'.repeat(2)}`,
    '\n',
  ],
  [
    'base64-private-key',
    'kubectl: ',
    Buffer.from(`-----BEGIN ${'PRIVATE KEY-----'}\n${'MIGHAgEAMBMGByqGSM49'.repeat(4)}\n`).toString('base64'),
    '',
  ],
  ['telegram-bot-token', 'https://api/bot', `123456789:${'AA'}${'Hq8w7e6r5t4y3u2i1o0p9asdfghjklzxc'}`, '/x'],
  ['sourcegraph-token', 'src ', `sgp${'_'}${'0123456789abcdef01230123456789abcdef4567'}`, ''],
]

for (const [index, [rule, before, secret, after]] of own.entries()) {
  test(`an own rule takes out its secret: ${rule}, ${index}`, async (t) => {
    t.true(find(before + secret + after).includes(rule))
    const redacted = (await redactorWith()).redactText(before + secret + after).text
    t.false(redacted.includes(secret.slice(-8)), redacted)
    t.true(redacted.startsWith(before.slice(0, 4)))
  })
}

test('every own rule has a case', (t) => {
  t.deepEqual(
    [...new Set(ownRules.map(({ id }) => id))].sort(),
    [...new Set(own.map(([rule]) => rule))].sort(),
  )
})

const harmless = [
  'password: $DB_PASSWORD',
  'password: "<your password>"',
  `API_KEY=\${API_KEY}`,
  'export TOKEN=$(cat token)',
  'const token = await readToken(options.path)',
  'apiKey: process.env.API_KEY,',
  'secret: Uint8Array',
  '{ "password": "example", "token": "changeme" }',
  'postgres://user:password@localhost:5432/db',
  `https://ada:\${TOKEN}@host/x`,
  'Authorization: Bearer <token>',
  'curl -u $USER:$PASSWORD https://host',
  '"js-tokens": "^9.0.1"',
  'DB_PASSWORD=xxxxxxxxxxxx',
  '"integrity": "sha512-Zz0Xm8cKv9vXbJtq0v6mC2o3gJm9cYV6y3mZb0H0V1mFjF7q2wEMYbS3yVqH6rjzq3i5bT0uWl6s3eYQn9tJ0A=="',
  'commit 3f2a91c45d1e4c7b9a602b8e7f410c5512345678',
  'input_tokens: 12345, output_tokens: 678',
  'keyboard: "qwerty", primaryKey: "session_id"',
]

test('placeholders, code and digests stay', async (t) => {
  const redactor = await redactorWith()
  for (const text of harmless) t.is(redactor.redactText(text).text, text)
})

test('stand-ins and expressions are told from values', (t) => {
  for (const text of ['$X', `\${X}`, '<key>', 'your-key', 'xxxx', 'changeme', '...', 'null'])
    t.true(isPlaceholder(text), text)
  for (const text of ['user.password', 'API_TOKEN', 'f(x)', './key.pem', 'https://h/x', '^1.2.3'])
    t.true(looksLikeCode(text), text)
  for (const text of ['tr0ub4dor&3', 'q8w7e6r5t4', 'S3cure-Horse'])
    t.false(isPlaceholder(text) || looksLikeCode(text), text)
})

test('looking near keywords only finds what looking everywhere does', (t) => {
  const rules = [...importedRules, ...ownRules]
  const everywhereFinder = secretFinder(
    rules.map(({ near: _, ...rule }) => rule),
    [],
    everywhere,
  )
  const nearFinder = secretFinder(rules, [], everywhere)
  const told = (findings: readonly Finding[]) =>
    [...new Set(findings.map(({ rule, start, end }) => `${rule} ${start} ${end}`))].sort()
  const filler = 'words and "names": of a session, as they come.\n'.repeat(20)
  for (const { kind, text } of plantedSecrets()) {
    const whole = Buffer.from(`${filler}${text}\n${filler}`).toString('latin1')
    t.deepEqual(told(nearFinder(whole)), told(everywhereFinder(whole)), kind)
  }
})

test('every expression compiles', (t) => {
  t.true(importedRules.length > 380)
  for (const { source, flags, must = [], allow = [] } of importedRules) {
    t.truthy(new RegExp(source, flags))
    for (const pattern of [...must, ...allow.flatMap(({ regexes = [] }) => regexes)])
      t.truthy(new RegExp(...pattern))
  }
  for (const pattern of everywhere.regexes ?? []) t.truthy(new RegExp(...pattern))
})

const translations: readonly (readonly [re2: string, source: string, flags: string])[] = [
  ['(?i)ab', 'ab', 'i'],
  ['a(?i)b', 'a[Bb]', ''],
  ['(?i)a(?-i:b)c', '[Aa](?:b)[Cc]', ''],
  ['(?s:.)', '(?:[^])', ''],
  ['.', '[^\\n]', ''],
  ['\\s\\z', '[\\t\\n\\f\\r ]$', ''],
  ['[^]a]', '[^\\]a]', ''],
  ['(?P<name>x)', '(x)', ''],
  ['[[:alnum:]_]', '\\w', ''],
  ['\\x60{2,}?', '`{2,}?', ''],
  ['{{x}}', '\\{\\{x\\}\\}', ''],
]

test('syntax of RE2 becomes that of JavaScript', (t) => {
  for (const [re2, source, flags] of translations) {
    const translated = translateRe2(re2)
    t.deepEqual([translated.source, translated.flags], [source, flags], re2)
  }
  t.throws(() => translateRe2('\\p{L}'))
  t.throws(() => translateRe2('(?U)a'))
})

test('where a keyword lies in a match is found out, and whether it must be there', (t) => {
  const near = (re2: string, ...keywords: string[]) => reachOf(translateRe2(re2).tree, keywords)
  t.like(near('\\w{0,50}?(?:foo|food)=([a-z]{3})', 'foo'), { before: 53, after: 8 })
  t.like(near('foo[a-z]{3,}', 'foo'), { before: 3, open: true })
  t.is(near('[a-z]{3}', 'foo'), undefined)
  t.is(near('(?:foo|bar)', 'foo'), undefined)
})
