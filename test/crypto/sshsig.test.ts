/** Signatures: ours before ssh-keygen and git, theirs before us, and everything that must be refused. */

import { createHash, createPrivateKey, sign } from 'node:crypto'
import test from 'ava'
import fc from 'fast-check'
import { armour, dearmour } from '../../src/crypto/armour.ts'
import { joinBytes } from '../../src/crypto/join-bytes.ts'
import { wireString, wireU32 } from '../../src/crypto/ssh-wire.ts'
import { verifySshSignature } from '../../src/crypto/sshsig.ts'
import { needs } from './needs.ts'
import { codeOf, keyText, vectorKey, workbench } from './workbench.ts'

const payload = Buffer.from('tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n\nmessage\n')
const names = ['id_ed25519', 'id_rsa', 'id_rsa_pem'] as const
const label = 'SSH SIGNATURE'

test('our signatures verify, name their key, and fit one payload only', async (t) => {
  for (const name of names) {
    const key = await vectorKey(name)
    const armoured = await key.sign(payload)
    t.regex(armoured, /^-----BEGIN SSH SIGNATURE-----\n[\s\S]*\n-----END SSH SIGNATURE-----\n$/)
    t.is(verifySshSignature(armoured, payload).recipient, key.publicKey.recipient)
    t.is(await codeOf(() => verifySshSignature(armoured, Buffer.from('other'))), 'bad-signature')
  }
})

test('ssh-keygen accepts our signatures and we accept its own, byte for byte the same', async (t) => {
  if (!needs(t, 'ssh-keygen')) return
  const bench = workbench(t)
  for (const name of names) {
    const key = await vectorKey(name)
    bench.write(name, keyText(name))
    bench.write(`${name}.pub`, keyText(`${name}.pub`))
    bench.write('signers', `me@example.org namespaces="git" ${key.publicKey.recipient}\n`)
    const ours = await key.sign(payload)
    bench.write('ours.sig', ours)
    const identify = ['-I', 'me@example.org', '-n', 'git', '-s', 'ours.sig']
    t.regex(
      bench.run('ssh-keygen', ['-Y', 'verify', '-f', 'signers', ...identify], payload).toString(),
      /^Good/,
    )
    const theirs = bench.run('ssh-keygen', ['-q', '-Y', 'sign', '-n', 'git', '-f', name], payload).toString()
    t.is(theirs, ours)
    const short = bench.run(
      'ssh-keygen',
      ['-q', '-Y', 'sign', '-n', 'git', '-O', 'hashalg=sha256', '-f', name],
      payload,
    )
    t.is(verifySshSignature(short.toString(), payload).recipient, key.publicKey.recipient)
    const file = bench.run('ssh-keygen', ['-q', '-Y', 'sign', '-n', 'file', '-f', name], payload)
    t.is(await codeOf(() => verifySshSignature(file.toString(), payload)), 'bad-signature')
  }
})

test('git verifies a commit that carries our signature', async (t) => {
  if (!needs(t, 'git') || !needs(t, 'ssh-keygen')) return
  const bench = workbench(t)
  const key = await vectorKey('id_ed25519')
  bench.run('git', ['init', '-q', '--bare', 'store'])
  const git = (args: readonly string[], input?: string) => bench.run('git', ['-C', 'store', ...args], input)
  const tree = git(['mktree']).toString().trim()
  const person = 'Me <me@example.org> 1700000000 +0000'
  const head = `tree ${tree}\nauthor ${person}\ncommitter ${person}\n`
  const message = '\nsubject\n\nTeleport-Format: 1\n'
  const armoured = await key.sign(Buffer.from(head + message))
  const header = `gpgsig ${armoured.trimEnd().replaceAll('\n', '\n ')}\n`
  const commit = git(['hash-object', '-t', 'commit', '-w', '--stdin'], head + header + message)
    .toString()
    .trim()
  bench.write('signers', `me@example.org namespaces="git" ${key.publicKey.recipient}\n`)
  const settings = ['-c', `gpg.ssh.allowedSignersFile=${bench.path('signers')}`]
  t.notThrows(() => git([...settings, 'verify-commit', commit]))
  t.is(git([...settings, 'log', '-1', '--format=%G? %GS', commit]).toString(), 'G me@example.org\n')
  t.notThrows(() => git(['fsck', '--strict']))
})

test('arbitrary changes to a signature are refused', async (t) => {
  for (const name of ['id_ed25519', 'id_rsa'] as const) {
    const bytes = dearmour(label, await (await vectorKey(name)).sign(payload)) ?? new Uint8Array(0)
    await fc.assert(
      fc.asyncProperty(
        fc.nat(bytes.length - 1),
        fc.integer({ min: 1, max: 255 }),
        fc.boolean(),
        async (at, mask, cut) => {
          const changed = Buffer.from(bytes)
          changed[at] = (changed[at] ?? 0) ^ mask
          const text = armour(label, cut ? changed.subarray(0, at) : changed)
          t.is(await codeOf(() => verifySshSignature(text, payload)), 'bad-signature')
        },
      ),
      { numRuns: 150 },
    )
  }
})

interface Fields {
  readonly version?: number
  readonly namespace?: string
  readonly reserved?: string
  readonly hash?: string
  readonly algorithm?: string
  readonly tail?: string
}

/** A signature that is right for what it says, however odd that is. */
async function odd({
  version = 1,
  namespace = 'git',
  reserved = '',
  hash = 'sha512',
  algorithm = 'rsa-sha2-512',
  tail = '',
}: Fields) {
  const { publicKey } = await vectorKey('id_rsa_pem')
  const secret = createPrivateKey(keyText('id_rsa_pem'))
  const digest = createHash(hash).update(payload).digest()
  const signed = joinBytes([
    Buffer.from('SSHSIG'),
    wireString(namespace),
    wireString(reserved),
    wireString(hash),
    wireString(digest),
  ])
  const raw = sign(algorithm === 'ssh-rsa' ? 'sha1' : 'sha512', signed, secret)
  const inner = joinBytes([wireString(algorithm), wireString(raw)])
  const fields = [
    wireU32(version),
    wireString(publicKey.blob),
    wireString(namespace),
    wireString(reserved),
    wireString(hash),
    wireString(inner),
    Buffer.from(tail),
  ]
  return armour(label, joinBytes([Buffer.from('SSHSIG'), ...fields]))
}

const refused = test.macro({
  title: (what) => `refuses ${what}`,
  async exec(t, fields: Fields) {
    t.is(await codeOf(async () => verifySshSignature(await odd({}), payload)), 'it succeeded')
    t.is(await codeOf(async () => verifySshSignature(await odd(fields), payload)), 'bad-signature')
  },
})

test('another version of the format', refused, { version: 2 })
test('another namespace', refused, { namespace: 'git-teleport' })
test('an empty namespace', refused, { namespace: '' })
test('something in the reserved field', refused, { reserved: 'x' })
test('SHA-1 of the message', refused, { hash: 'sha1' })
test('the SHA-1 algorithm ssh-rsa', refused, { algorithm: 'ssh-rsa' })
test('an algorithm of another key type', refused, { algorithm: 'ssh-ed25519' })
test('an inherited property as algorithm', refused, { algorithm: 'constructor' })
test('bytes after the signature', refused, { tail: 'x' })

test('other armour is refused', async (t) => {
  const good = await (await vectorKey('id_ed25519')).sign(payload)
  const wrong = [
    '',
    good.replaceAll('SSH', 'PGP'),
    `x${good}`,
    `${good}x`,
    good + good,
    good.replace('\n', '\nVersion: 1\n\n'),
    good.replace(/\n(?=U)/, '\n\n'),
    'A'.repeat(100_000),
  ]
  for (const text of wrong) t.is(await codeOf(() => verifySshSignature(text, payload)), 'bad-signature')
})
