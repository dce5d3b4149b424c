/** Key files: made by us and by ssh-keygen, locked and unlocked, carried to another machine. */

import { generateKeyPairSync } from 'node:crypto'
import { chmodSync, mkdirSync, statSync } from 'node:fs'
import test from 'ava'
import fc from 'fast-check'
import {
  exportKey,
  generateDeviceKey,
  importKey,
  loadDeviceKey,
  writeDeviceKey,
} from '../../src/crypto/device-key.ts'
import { parsePrivateKey } from '../../src/crypto/ssh-private-key.ts'
import { TeleportError } from '../../src/errors.ts'
import { needs } from './needs.ts'
import { codeOf, keyText, nobody, quickKey, vectorKey, workbench } from './workbench.ts'

const posix = process.platform !== 'win32'
const payload = Buffer.from('tree\n')

/** Answers in turn and counts how often it was asked. */
function answers(...words: string[]) {
  const asked: string[] = []
  return {
    asked,
    ask: async (what: string) => {
      asked.push(what)
      return words[asked.length - 1] ?? ''
    },
  }
}

test('a generated key is private, is read back, and is never replaced', async (t) => {
  const bench = workbench(t)
  const file = bench.path('config/git-teleport/id_ed25519')
  const made = await generateDeviceKey(file, { comment: 'laptop' })
  if (posix) {
    t.is(statSync(file).mode & 0o777, 0o600)
    t.is(statSync(bench.path('config/git-teleport')).mode & 0o777, 0o700)
  }
  const loaded = await loadDeviceKey({ path: file }, nobody)
  t.is(loaded.id, made.id)
  t.is(loaded.path, file)
  t.is(loaded.publicKey.comment, 'laptop')
  t.true(loaded.isUnlocked())
  t.is(await loaded.sign(payload), await made.sign(payload))
  const before = bench.read('config/git-teleport/id_ed25519')
  t.is(await codeOf(() => generateDeviceKey(file, { comment: 'again' })), 'key-exists')
  t.deepEqual(bench.read('config/git-teleport/id_ed25519'), before)
})

test('a public key file in the way is not replaced, and no private key is left beside it', async (t) => {
  const bench = workbench(t)
  bench.write('id.pub', 'something else')
  t.is(await codeOf(() => generateDeviceKey(bench.path('id'), { comment: '' })), 'key-exists')
  t.is(bench.read('id.pub').toString(), 'something else')
  t.is(await codeOf(() => loadDeviceKey({ path: bench.path('id') }, nobody)), 'no-key')
})

test('a comment that would break the public key line writes nothing', async (t) => {
  const bench = workbench(t)
  t.is(await codeOf(() => generateDeviceKey(bench.path('id'), { comment: 'a\nssh-rsa b' })), 'bad-key')
  t.is(await codeOf(() => loadDeviceKey({ path: bench.path('id') }, nobody)), 'no-key')
})

test('a generated key under a passphrase asks for it at the first use, once for two uses at a time', async (t) => {
  const bench = workbench(t)
  const made = await generateDeviceKey(bench.path('id'), { comment: 'desk', passphrase: 'sésame' })
  t.true(made.isUnlocked())
  const { ask, asked } = answers('sésame')
  const key = await loadDeviceKey({ path: bench.path('id') }, ask)
  t.deepEqual([key.id, key.isUnlocked(), asked.length], [made.id, false, 0])
  const [one, two] = await Promise.all([key.sign(payload), key.sign(payload)])
  t.is(one, two)
  t.is(one, await made.sign(payload))
  t.deepEqual(asked, [`the key ${bench.path('id')}`])
  t.true(key.isUnlocked())
  if (!needs(t, 'ssh-keygen')) return
  const line = bench.run('ssh-keygen', ['-y', '-P', 'sésame', '-f', 'id']).toString()
  t.is(line, `${made.publicKey.recipient} desk\n`)
})

test('a wrong passphrase can be corrected twice', async (t) => {
  const right = answers('', 'pass wort', 'pass word')
  const key = await loadDeviceKey({ text: quickKey }, right.ask)
  t.regex(await key.sign(payload), /^-----BEGIN SSH SIGNATURE-----\n/)
  t.is(right.asked.length, 3)
  const wrong = answers('one', 'two', 'three', 'pass word')
  const other = await loadDeviceKey({ text: quickKey }, wrong.ask)
  t.is(await codeOf(() => other.sign(payload)), 'wrong-passphrase')
  t.is(wrong.asked.length, 3)
  t.false(other.isUnlocked())
  t.is((await other.unlock()).publicKey.comment, 'quick')
})

test('a locked key with nobody to ask stays usable for everything else', async (t) => {
  const key = await loadDeviceKey({ text: quickKey }, nobody)
  t.is(key.publicKey.type, 'ssh-ed25519')
  t.is(await codeOf(() => key.sign(payload)), 'passphrase-needed')
  t.is(await codeOf(() => key.unlock()), 'passphrase-needed')
})

test('a private key that others can read is refused', async (t) => {
  if (!posix) return t.pass()
  const bench = workbench(t)
  const file = bench.write('id', keyText('id_ed25519'))
  for (const mode of [0o640, 0o604, 0o620]) {
    chmodSync(file, mode)
    const error = await t.throwsAsync(loadDeviceKey({ path: file }, nobody), { instanceOf: TeleportError })
    t.is(error?.code, 'key-permissions')
    t.is(error?.hint, `chmod 600 '${file}'`)
  }
  chmodSync(file, 0o400)
  t.true((await loadDeviceKey({ path: file }, nobody)).isUnlocked())
})

test('what is missing, not a file, too large or no key says so', async (t) => {
  const bench = workbench(t)
  const load = (path: string) => codeOf(() => loadDeviceKey({ path }, nobody))
  mkdirSync(bench.path('folder'), { mode: 0o700 })
  t.is(await load(bench.path('missing')), 'no-key')
  t.is(await load(bench.path('folder')), 'bad-key')
  t.is(await load(bench.write('large', Buffer.alloc(100_000))), 'bad-key')
  t.is(await load(bench.write('empty', '')), 'bad-key')
  t.is(await load(bench.write('public', keyText('id_ed25519.pub'))), 'bad-key')
})

test('a .pub file of another key is noticed', async (t) => {
  const bench = workbench(t)
  const file = bench.write('id', keyText('id_ed25519'))
  bench.write('id.pub', keyText('id_rsa.pub'))
  t.is(await codeOf(() => loadDeviceKey({ path: file }, nobody)), 'bad-key')
  bench.write('id.pub', keyText('id_ed25519.pub').replace('test-ed25519', 'my laptop'))
  t.is((await loadDeviceKey({ path: file }, nobody)).publicKey.comment, 'my laptop')
})

test('PEM: RSA and ed25519 are read, ECDSA and encrypted files are refused', async (t) => {
  t.is(
    (await vectorKey('id_rsa_pem')).publicKey.recipient,
    keyText('id_rsa_pem.pub').split(' ').slice(0, 2).join(' '),
  )
  const pem = { format: 'pem', type: 'pkcs8' } as const
  const { privateKey } = generateKeyPairSync('ed25519')
  const text = privateKey.export(pem).toString()
  t.true((await loadDeviceKey({ text }, nobody)).isUnlocked())
  const locked = privateKey.export({ ...pem, cipher: 'aes-256-cbc', passphrase: 'x' }).toString()
  t.is(await codeOf(() => loadDeviceKey({ text: locked }, nobody)), 'bad-key')
  const ecdsa = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export(pem).toString()
  t.is(await codeOf(() => loadDeviceKey({ text: ecdsa }, nobody)), 'bad-key')
})

const keygenMakes = test.macro({
  title: (_, args: readonly string[]) => `reads what ssh-keygen makes with ${args.join(' ')}`,
  async exec(t, args: readonly string[], passphrase: string) {
    if (!needs(t, 'ssh-keygen')) return
    const bench = workbench(t)
    bench.run('ssh-keygen', ['-q', ...args, '-N', passphrase, '-C', 'a comment', '-f', 'id'])
    const key = await loadDeviceKey({ path: bench.path('id') }, async () => passphrase)
    t.is(key.isUnlocked(), passphrase === '')
    t.is((await key.unlock()).publicKey.comment, 'a comment')
    t.is(`${key.publicKey.recipient} a comment\n`, bench.read('id.pub').toString())
    if (passphrase === '') return
    const other = await loadDeviceKey({ path: bench.path('id') }, async () => 'wrong')
    t.is(await codeOf(() => other.unlock()), 'wrong-passphrase')
  },
})

test(keygenMakes, ['-t', 'ed25519'], '')
test(keygenMakes, ['-t', 'ed25519', '-a', '2'], 'pass word')
test(keygenMakes, ['-t', 'ed25519', '-a', '2', '-Z', 'aes256-gcm@openssh.com'], 'pass word')
test(keygenMakes, ['-t', 'ed25519', '-a', '2', '-Z', 'chacha20-poly1305@openssh.com'], 'pass word')
test(keygenMakes, ['-t', 'rsa', '-b', '2048', '-a', '2', '-Z', 'chacha20-poly1305@openssh.com'], 'pass word')

test('reads an RSA key that ssh-keygen put under a passphrase', async (t) => {
  if (!needs(t, 'ssh-keygen')) return
  const bench = workbench(t)
  const file = bench.write('id', keyText('id_rsa'))
  bench.run('ssh-keygen', ['-q', '-p', '-a', '2', '-P', '', '-N', 'pass word', '-f', 'id'])
  const key = await loadDeviceKey({ path: file }, async () => 'pass word')
  t.false(key.isUnlocked())
  t.is(await key.sign(payload), await (await vectorKey('id_rsa')).sign(payload))
})

test('a cipher that is not known is refused with the command that changes it', async (t) => {
  if (!needs(t, 'ssh-keygen')) return
  const bench = workbench(t)
  bench.run('ssh-keygen', [
    '-q',
    '-t',
    'ed25519',
    '-Z',
    'aes128-cbc',
    '-a',
    '1',
    '-N',
    'pass word',
    '-f',
    'id',
  ])
  const error = await t.throwsAsync(loadDeviceKey({ path: bench.path('id') }, nobody), {
    instanceOf: TeleportError,
  })
  t.is(error?.code, 'bad-key')
  t.regex(error?.hint ?? '', /^ssh-keygen -p/)
})

test('ssh-keygen reads what we write', async (t) => {
  if (!needs(t, 'ssh-keygen')) return
  const bench = workbench(t)
  const { publicKey } = await generateDeviceKey(bench.path('ours'), { comment: 'ours' })
  const keygen = (name: string) => bench.run('ssh-keygen', ['-y', '-f', name]).toString()
  t.is(keygen('ours'), `${publicKey.recipient} ours\n`)
  const rsa = await importKey(await exportKey(await vectorKey('id_rsa'), 'x', { workFactor: 2 }), 'x')
  bench.write('rsa', rsa.privateKey)
  t.is(keygen('rsa').split(' ')[1], keyText('id_rsa.pub').split(' ')[1])
})

test('an exported key is the same device elsewhere', async (t) => {
  const bench = workbench(t)
  const texts = { quick: quickKey, rsa: keyText('id_rsa'), pem: keyText('id_rsa_pem') }
  for (const [name, source] of Object.entries(texts)) {
    const key = await loadDeviceKey({ text: source }, async () => 'pass word')
    const text = await exportKey(key, 'nine words', { workFactor: 4 })
    t.regex(text, /^-----BEGIN AGE ENCRYPTED FILE-----\n/)
    const { privateKey, publicKey } = await importKey(text, 'nine words')
    await writeDeviceKey(bench.path(name), privateKey, publicKey)
    const there = await loadDeviceKey({ path: bench.path(name) }, nobody)
    t.deepEqual([there.id, await there.sign(payload)], [key.id, await key.sign(payload)])
    t.is(await codeOf(() => writeDeviceKey(bench.path(name), privateKey, publicKey)), 'key-exists')
  }
})

test('an import tells a wrong passphrase from what is no export', async (t) => {
  const text = await exportKey(await vectorKey('id_ed25519'), 'nine words', { workFactor: 4 })
  const attempt = (changed: string, passphrase = 'nine words') => codeOf(() => importKey(changed, passphrase))
  t.is(await attempt(text, 'ten words'), 'wrong-passphrase')
  t.is(await attempt(''), 'bad-key')
  t.is(await attempt(keyText('id_ed25519')), 'bad-key')
  t.is(await attempt(text.replace('\n-----END', 'AAAA\n-----END')), 'bad-key')
  const inner = (to: string) => {
    const [, base64 = ''] = /-----\n([^-]*)\n-----/.exec(text) ?? []
    const file = Buffer.from(base64, 'base64')
      .toString('latin1')
      .replace(/(scrypt \S+) 4/, `$1 ${to}`)
    return `-----BEGIN AGE ENCRYPTED FILE-----\n${(
      Buffer.from(file, 'latin1')
        .toString('base64')
        .match(/.{1,64}/g) ?? []
    ).join('\n')}\n-----END AGE ENCRYPTED FILE-----\n`
  }
  t.is(await attempt(inner('4')), 'it succeeded')
  const started = performance.now()
  t.is(await attempt(inner('21')), 'bad-key')
  t.is(await attempt(inner('4x')), 'bad-key')
  t.true(performance.now() - started < 3000)
})

test('an export without a passphrase is refused', async (t) => {
  const key = await vectorKey('id_ed25519')
  t.is(await codeOf(() => exportKey(key, '')), 'passphrase-needed')
})

test('whatever is done to a key file, it opens to the same key or is a bad key', async (t) => {
  for (const name of ['id_ed25519', 'id_rsa']) {
    const lines = keyText(name).trim().split('\n')
    const bytes = Buffer.from(lines.slice(1, -1).join(''), 'base64')
    const expected = parsePrivateKey(keyText(name)).publicKey.recipient
    const outcome = async (changed: Buffer) => {
      const text = [lines[0], ...(changed.toString('base64').match(/.{1,70}/g) ?? []), lines.at(-1)].join(
        '\n',
      )
      const key = await parsePrivateKey(text).open('')
      t.is(key?.publicKey.recipient, expected)
    }
    await fc.assert(
      fc.asyncProperty(
        fc.nat(bytes.length - 1),
        fc.integer({ min: 1, max: 255 }),
        fc.boolean(),
        async (at, mask, cut) => {
          const changed = Buffer.from(bytes)
          changed[at] = (changed[at] ?? 0) ^ mask
          const code = await codeOf(() => outcome(cut ? changed.subarray(0, at) : changed))
          t.true(['bad-key', 'it succeeded'].includes(code), `${name} ${at}: ${code}`)
        },
      ),
      { numRuns: 150 },
    )
  }
})
