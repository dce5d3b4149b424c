/** key.age: who can open it, who cannot, and that it can be recovered by hand. */

import { Decrypter, Encrypter } from 'age-encryption'
import test from 'ava'
import fc from 'fast-check'
import { sealFile } from '../../src/crypto/age-file.ts'
import { formatHeader } from '../../src/crypto/age-header.ts'
import { sshRecipient } from '../../src/crypto/age-ssh.ts'
import { loadDeviceKey } from '../../src/crypto/device-key.ts'
import { sealBytes } from '../../src/crypto/envelope.ts'
import { newIdentity, openIdentity, sealIdentity } from '../../src/crypto/session-identity.ts'
import { parseSshPublicKey } from '../../src/crypto/ssh-public-key.ts'
import { needs } from './needs.ts'
import { codeOf, keyText, nobody, vectorKey, workbench } from './workbench.ts'

const own = await newIdentity()
const extra = await newIdentity()
const ed25519 = await vectorKey('id_ed25519')
const locked = await vectorKey('id_ed25519_passphrase')
const rsa = await vectorKey('id_rsa')
const everyone = [ed25519, locked, rsa].map((key) => key.publicKey.recipient).concat(extra.recipient)
const pqLine =
  keyText('pq.txt')
    .split('\n')
    .find((line) => line.startsWith('# public key:')) ?? ''
const postQuantum = pqLine.slice('# public key: '.length)

test('a new identity is another one each time', async (t) => {
  t.regex(own.identity, /^AGE-SECRET-KEY-1[0-9A-Z]{58}$/)
  t.regex(own.recipient, /^age1[0-9a-z]{58}$/)
  t.not(own.identity, extra.identity)
})

test('every reader opens it, and nobody else', async (t) => {
  const keyAge = await sealIdentity(own.identity, everyone)
  for (const device of [ed25519, locked, rsa]) t.deepEqual(await openIdentity(keyAge, device), own)
  t.is(await codeOf(async () => openIdentity(keyAge, await vectorKey('id_rsa_pem'))), 'not-a-reader')
})

test('a device that is not a reader is not asked for its passphrase', async (t) => {
  const device = await loadDeviceKey({ text: keyText('id_ed25519_passphrase') }, nobody)
  const forOthers = await sealIdentity(own.identity, [ed25519.publicKey.recipient])
  t.is(await codeOf(() => openIdentity(forOthers, device)), 'not-a-reader')
  const forIt = await sealIdentity(own.identity, [device.publicKey.recipient])
  t.is(await codeOf(() => openIdentity(forIt, device)), 'passphrase-needed')
})

test('native age writes to SSH readers what we open, and opens by hand what we write', async (t) => {
  if (!needs(t, 'age')) return
  const bench = workbench(t)
  bench.write('extra', `${extra.identity}\n`)
  const text = `${own.identity}\n`
  const keyAge = await sealIdentity(own.identity, everyone)
  for (const name of ['id_ed25519', 'id_rsa', 'extra']) {
    if (name !== 'extra') bench.write(name, keyText(name))
    t.is(bench.run('age', ['-d', '-i', name], keyAge).toString(), text)
  }
  const theirs = bench.run(
    'age',
    everyone.flatMap((reader) => ['-r', reader]),
    text,
  )
  for (const device of [ed25519, locked, rsa]) t.deepEqual(await openIdentity(theirs, device), own)
  bench.write('session', bench.run('age', ['-d', '-i', 'id_ed25519'], keyAge))
  const segment = await sealBytes(own.recipient, Buffer.from('a segment'))
  t.is(bench.run('age', ['-d', '-i', 'session'], segment).toString(), 'a segment')
})

test('our recipients and identities work inside typage', async (t) => {
  for (const device of [ed25519, rsa]) {
    const encrypter = new Encrypter()
    encrypter.addRecipient(sshRecipient(device.publicKey))
    t.deepEqual(await openIdentity(await encrypter.encrypt(own.identity), device), own)
    const decrypter = new Decrypter()
    decrypter.addIdentity(device.openFileKey)
    const keyAge = await sealIdentity(own.identity, [device.publicKey.recipient])
    t.is(await decrypter.decrypt(keyAge, 'text'), `${own.identity}\n`)
  }
})

test('post-quantum readers are taken alone and never mixed', async (t) => {
  const keyAge = await sealIdentity(own.identity, [postQuantum])
  const decrypter = new Decrypter()
  decrypter.addIdentity(keyText('pq.txt').trim().split('\n').at(-1) ?? '')
  t.is(await decrypter.decrypt(keyAge, 'text'), `${own.identity}\n`)
  for (const other of [ed25519.publicKey.recipient, extra.recipient]) {
    t.is(await codeOf(() => sealIdentity(own.identity, [postQuantum, other])), 'bad-key')
  }
  t.is(await codeOf(() => sealIdentity(own.identity, ['age1pq1qqqq'])), 'bad-key')
})

test('refuses readers that cannot be encrypted to', async (t) => {
  const offCurve = Buffer.alloc(32, 0)
  offCurve[0] = 2
  const ed = (point: Buffer) =>
    `ssh-ed25519 ${Buffer.concat([Buffer.from('AAAAC3NzaC1lZDI1NTE5AAAAIA==', 'base64').subarray(0, 19), point]).toString('base64')}`
  const one = Buffer.alloc(32, 0)
  one[0] = 1
  const many = Array.from({ length: 129 }, async () => (await newIdentity()).recipient)
  const wrong = [
    [],
    ['age1qqqq'],
    ['me@example.org'],
    [own.identity],
    [ed(offCurve)],
    [ed(one)],
    await Promise.all(many),
  ]
  for (const readers of wrong) {
    t.is(await codeOf(() => sealIdentity(own.identity, readers)), 'bad-key', String(readers[0]).slice(0, 60))
  }
})

test('a reader named twice has one stanza', async (t) => {
  const once = await sealIdentity(own.identity, [extra.recipient])
  const twice = await sealIdentity(own.identity, [extra.recipient, extra.recipient])
  t.is(twice.length, once.length)
})

test('a file that is too large, or holds no identity, is damaged', async (t) => {
  t.is(await codeOf(() => openIdentity(new Uint8Array(512 * 1024 + 1), ed25519)), 'damaged-bundle')
  for (const text of ['', 'hello', `${own.identity}\n\n`, own.identity.toLowerCase(), own.recipient]) {
    const keyAge = await sealFile([sshRecipient(ed25519.publicKey)], Buffer.from(text))
    t.is(await codeOf(() => openIdentity(keyAge, ed25519)), 'damaged-bundle', text.slice(0, 10))
  }
})

test('stanzas that are malformed or of low order are refused', async (t) => {
  const keyAge = await sealIdentity(own.identity, [ed25519.publicKey.recipient])
  const text = Buffer.from(keyAge).toString('latin1')
  const [, tag = '', share = ''] = /-> ssh-ed25519 (\S+) (\S+)/.exec(text) ?? []
  const changes: [string, string][] = [
    [share, 'A'.repeat(43)],
    [share, share.slice(0, 42)],
    [`${tag} `, ''],
    [`${tag} `, `${tag} ${tag} `],
  ]
  for (const [from, to] of changes) {
    const changed = Buffer.from(text.replace(from, to), 'latin1')
    t.is(await codeOf(() => openIdentity(changed, ed25519)), 'damaged-bundle', to)
  }
})

test('another key with the same 32-bit tag does not stand in the way', async (t) => {
  for (const device of [ed25519, rsa]) {
    const recipient = sshRecipient(parseSshPublicKey(device.publicKey.recipient))
    const decoy = async () =>
      (await recipient.wrapFileKey(new Uint8Array(16))).map(({ args, body }) => ({
        args,
        body: body.map((byte) => byte ^ 1),
      }))
    const wrapFileKey = async (fileKey: Uint8Array) => [
      ...(await decoy()),
      ...(await recipient.wrapFileKey(fileKey)),
    ]
    t.deepEqual(await openIdentity(await sealFile([{ wrapFileKey }], Buffer.from(own.identity)), device), own)
    const only = await sealFile([{ wrapFileKey: decoy }], Buffer.from(own.identity))
    t.is(await codeOf(() => openIdentity(only, device)), 'not-a-reader')
  }
})

test('a header as full of decoys as the limits allow is not for this key', async (t) => {
  const [stanza] = await sshRecipient(rsa.publicKey).wrapFileKey(new Uint8Array(16))
  const decoys = Array.from({ length: 128 }, () => ({
    args: stanza?.args ?? [],
    body: new Uint8Array(256).fill(1),
  }))
  const bomb = formatHeader(decoys, () => new Uint8Array(32))
  t.is(await codeOf(() => openIdentity(bomb, rsa)), 'not-a-reader')
})

test('whatever is done to key.age, it opens to the same identity or is refused in so many words', async (t) => {
  const keyAge = await sealIdentity(own.identity, everyone)
  const end = keyAge.length - 1
  const place = fc.oneof(fc.nat(end), fc.nat(Buffer.from(keyAge).indexOf('---')))
  await fc.assert(
    fc.asyncProperty(place, fc.uint8Array({ maxLength: 3 }), fc.nat(3), async (at, put, cut) => {
      const changed = Buffer.concat([keyAge.subarray(0, at), put, keyAge.subarray(at + cut)])
      const code = await codeOf(async () => t.deepEqual(await openIdentity(changed, ed25519), own))
      t.true(['it succeeded', 'not-a-reader', 'damaged-bundle'].includes(code), `${at}: ${code}`)
    }),
    { numRuns: 60 },
  )
})
