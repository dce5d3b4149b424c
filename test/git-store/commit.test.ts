import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import { TeleportError } from '../../src/errors.ts'
import { type CommitFields, formatCommit, parseCommit, withSignature } from '../../src/git-store/commit.ts'
import { NativeCodec } from '../../src/git-store/native-codec.ts'
import { asOid } from './sandbox.ts'

const sha1 = asOid('1'.repeat(40))
const sha256 = asOid('2'.repeat(64))
const ada = { name: 'Ada', email: 'ada@example.com', seconds: 1_760_000_000, zone: '+0130' }
const fields: CommitFields = {
  tree: sha1,
  parent: null,
  author: ada,
  committer: ada,
  message: 'push\n\nTeleport-Seq: 1\n',
}
const armoured = '-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n\nAAAA\n-----END SSH SIGNATURE-----\n'

const word = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).map((text) =>
  text
    .replace(/[<>\p{Cc}\p{Cs}]/gu, '')
    .replace(/ +/g, ' ')
    .trim(),
)
const person = fc.record({
  name: word.filter((name) => name !== ''),
  email: word,
  seconds: fc.integer({ min: 0, max: 999_999_999_999 }),
  zone: fc.constantFrom('+0000', '-0330', '+1400'),
})
const anyFields = fc.record({
  tree: fc.constant(sha1),
  parent: fc.constantFrom(null, sha1),
  author: person,
  committer: person,
  message: fc.string({ unit: 'grapheme', maxLength: 300 }).map((text) => text.replaceAll('\0', '')),
})

test('what was formatted is parsed again, with and without a signature', (t) => {
  fc.assert(
    fc.property(anyFields, fc.boolean(), (some, signed) => {
      const payload = formatCommit(some)
      const parsed = parseCommit(signed ? withSignature(payload, armoured, 'sha1') : payload)
      t.deepEqual(parsed, { ...some, payload, signature: signed ? armoured : null })
    }),
  )
})

test('a SHA-256 commit has its own signature header', (t) => {
  const payload = formatCommit({ ...fields, tree: sha256, parent: sha256 })
  const raw = withSignature(payload, armoured, 'sha256')
  t.regex(Buffer.from(raw).toString(), /\ngpgsig-sha256 -----BEGIN/)
  t.is(parseCommit(raw).signature, armoured)
  t.throws(() => parseCommit(withSignature(payload, armoured, 'sha1')), { code: 'unsafe-bundle' })
})

test('a changed byte is refused or is another commit, never a crash and never the same', (t) => {
  const raw = withSignature(formatCommit(fields), armoured, 'sha1')
  fc.assert(
    fc.property(fc.nat(raw.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const changed = Buffer.from(raw)
      changed[at] = (changed[at] ?? 0) ^ flip
      try {
        const { payload, signature } = parseCommit(changed)
        // A line feed for the header's first letter makes it text of the message: a commit without a signature.
        const again = signature === null ? payload : withSignature(payload, signature, 'sha1')
        t.deepEqual(Buffer.from(again), changed)
      } catch (error) {
        t.true(error instanceof TeleportError && error.code === 'unsafe-bundle')
      }
    }),
    { numRuns: 500 },
  )
})

test('arbitrary bytes never crash the parser of a commit', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      t.throws(() => parseCommit(bytes), { code: 'unsafe-bundle' })
    }),
  )
})

test('names cannot break out of their line', (t) => {
  const evil = { ...ada, name: 'A\ncommitter <x>', email: 'a@b>\n' }
  const text = Buffer.from(formatCommit({ ...fields, author: evil })).toString()
  t.true(text.includes('\nauthor A committer x <a@b> 1760000000 +0130\n'))
  t.true(
    Buffer.from(formatCommit({ ...fields, author: { ...ada, name: '<>' } })).includes('author unknown <'),
  )
})

const good = Buffer.from(formatCommit(fields)).toString()
const signed = Buffer.from(withSignature(formatCommit(fields), armoured, 'sha1')).toString()
const hostile: Readonly<Record<string, string | Buffer>> = {
  'two parents': good.replace('author', `parent ${sha1}\nparent ${sha1}\nauthor`),
  'a parent of the other object format': good.replace('author', `parent ${sha256}\nauthor`),
  'a mergetag or any other header': good.replace('\n\n', '\nmergetag object x\n\n'),
  'an encoding header': good.replace('\n\n', '\nencoding latin1\n\n'),
  'two signatures': signed.replace('\n\npush', '\ngpgsig again\n\npush'),
  'a signature of both formats': signed.replace('\n\npush', '\ngpgsig-sha256 again\n\npush'),
  'headers in another order': good.replace(/(author.*\n)(committer.*\n)/, '$2$1'),
  'an upper-case object id': good.replace(sha1, 'A'.repeat(40)),
  'a short object id': good.replace(sha1, '1'.repeat(39)),
  'a NUL': `${good}\0`,
  'invalid UTF-8': Buffer.concat([Buffer.from(good), Buffer.from([0xff])]),
  'a lone surrogate in UTF-8': Buffer.concat([Buffer.from(good), Buffer.from([0xed, 0xa0, 0x80])]),
  'a time with a leading zero': good.replace('1760000000', '01760000000'),
  'a negative time': good.replace('1760000000', '-1'),
  'a carriage return in a name': good.replace('author Ada', 'author Ada\r'),
  'no message separator': good.slice(0, good.indexOf('\n\n')),
  'more than 16 KiB': good + 'x'.repeat(16 * 1024),
  nothing: '',
}
for (const [what, raw] of Object.entries(hostile)) {
  test(`refuses a commit with ${what}`, (t) => {
    t.notDeepEqual(raw, good)
    t.notDeepEqual(raw, signed)
    t.throws(() => parseCommit(Buffer.from(raw)), { code: 'unsafe-bundle' })
  })
}

test('a byte order mark in the message is kept', (t) => {
  const raw = formatCommit({ ...fields, message: '\ufeffpush\n' })
  t.is(parseCommit(raw).message, '\ufeffpush\n')
})

for (const format of ['sha1', 'sha256'] as const) {
  test(`git verifies a commit that was signed by ssh-keygen over our payload (${format})`, async (t) => {
    const dir = mkdtempSync(path.join(os.tmpdir(), 'git-teleport-'))
    t.teardown(() => rmSync(dir, { recursive: true, force: true }))
    const env = {
      PATH: process.env['PATH'] ?? '',
      HOME: dir,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
    }
    const run = (program: string, ...args: string[]) =>
      execFileSync(program, args, { cwd: dir, env, stdio: ['ignore', 'pipe', 'pipe'] })
        .toString()
        .trim()
    run('git', 'init', '--quiet', '--bare', `--object-format=${format}`, 'store')
    run('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', 'key')
    writeFileSync(path.join(dir, 'signers'), `ada@example.com ${run('cat', 'key.pub')}\n`)
    const environment = { ...env, GIT_DIR: path.join(dir, 'store') }
    const objects = new NativeCodec({ cwd: dir, environment }, format)
    t.teardown(() => objects.close())
    const tree = await objects.writeTree([])
    const payload = formatCommit({ ...fields, tree })
    writeFileSync(path.join(dir, 'payload'), payload)
    run('ssh-keygen', '-q', '-Y', 'sign', '-f', 'key', '-n', 'git', 'payload')
    const commit = await objects.writeCommit(withSignature(payload, `${run('cat', 'payload.sig')}\n`, format))
    const verify = ['--git-dir=store', '-c', 'gpg.ssh.allowedSignersFile=signers', 'verify-commit', commit]
    t.notThrows(() => run('git', ...verify))
    t.deepEqual(parseCommit(await objects.readCommit(commit)).payload, payload)
  })
}
