/** Files that other implementations of age wrote, opened with the same keys. */

import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { armor, Decrypter, type Identity } from 'age-encryption'
import test from 'ava'
import { openFile } from '../../src/crypto/age-file.ts'
import { openBytes } from '../../src/crypto/envelope.ts'
import { TeleportError } from '../../src/errors.ts'
import { keyText, vectorKey, vectors } from './workbench.ts'

const writers = ['age-1.1.1', 'age-1.3.2', 'rage-0.12.1']
const identityLine = (name: string) => keyText(name).trim().split('\n').at(-1) ?? ''
const stranger = () => new TeleportError('not-a-reader', 'no stanza fits')

interface Vector {
  readonly name: string
  readonly sealed: Uint8Array
  readonly plain: Uint8Array
}

/** Those of one key; an armoured file is taken out of its armour. */
function vectorsOf(key: string): Vector[] {
  return writers.flatMap((writer) =>
    readdirSync(path.join(vectors, writer))
      .filter((file) => file.startsWith(`${key}-`))
      .map((file) => {
        const bytes = readFileSync(path.join(vectors, writer, file))
        const plainFile = file.slice(key.length + 1).replace(/(?:\.armored)?\.age$/, '')
        return {
          name: `${writer}/${file}`,
          sealed: file.endsWith('.armored.age') ? armor.decode(bytes.toString()) : bytes,
          plain: readFileSync(path.join(vectors, plainFile)),
        }
      }),
  )
}

/** Names of the vectors that did not open to their plaintext. */
async function failures(found: readonly Vector[], open: (sealed: Uint8Array) => Promise<Uint8Array>) {
  const results = await Promise.all(
    found.map(async ({ name, sealed, plain }) => {
      const opened = await open(sealed).catch((error: unknown) => Buffer.from(String(error)))
      return Buffer.compare(opened, plain) === 0 ? [] : [name]
    }),
  )
  return results.flat()
}

const sshVector = test.macro({
  title: (_, key: string) => `opens every vector for ${key}, with our reader and with typage's`,
  async exec(t, key: string, count: number) {
    const identity: Identity = (await vectorKey(key)).openFileKey
    const found = vectorsOf(key)
    t.is(found.length, count)
    t.deepEqual(await failures(found, (sealed) => openFile(identity, sealed, stranger)), [])
    const decrypter = new Decrypter()
    decrypter.addIdentity(identity)
    t.deepEqual(await failures(found, (sealed) => decrypter.decrypt(sealed)), [])
  },
})

test(sshVector, 'id_ed25519', 12)
test(sshVector, 'id_ed25519_passphrase', 9)
test(sshVector, 'id_rsa', 9)
test(sshVector, 'id_rsa_pem', 9)

test('opens every vector for an X25519 identity', async (t) => {
  const found = vectorsOf('x25519')
  t.is(found.length, 9)
  t.deepEqual(await failures(found, (sealed) => openBytes(identityLine('x25519.txt'), sealed)), [])
})

test('each of three readers opens the vectors that were written to all of them', async (t) => {
  const found = vectorsOf('three-readers')
  t.is(found.length, 9)
  t.deepEqual(await failures(found, (sealed) => openBytes(identityLine('x25519.txt'), sealed)), [])
  for (const key of ['id_ed25519', 'id_rsa']) {
    const { openFileKey } = await vectorKey(key)
    t.deepEqual(await failures(found, (sealed) => openFile(openFileKey, sealed, stranger)), [])
  }
})

test('post-quantum vectors open through typage', async (t) => {
  const decrypter = new Decrypter()
  decrypter.addIdentity(identityLine('pq.txt'))
  const found = vectorsOf('pq')
  t.is(found.length, 3)
  t.deepEqual(await failures(found, (sealed) => decrypter.decrypt(sealed)), [])
})
