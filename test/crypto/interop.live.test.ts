/** The matrix of readers, signers and programs, each in both directions; `vectors.test.ts` has the programs that are not here. */

import { randomBytes } from 'node:crypto'
import type { Identity } from 'age-encryption'
import test from 'ava'
import { openFile, sealFile } from '../../src/crypto/age-file.ts'
import { sshRecipient } from '../../src/crypto/age-ssh.ts'
import { loadDeviceKey } from '../../src/crypto/device-key.ts'
import { verifySshSignature } from '../../src/crypto/sshsig.ts'
import { TeleportError } from '../../src/errors.ts'
import { parseCommit } from '../../src/git-store/commit.ts'
import { needs } from './needs.ts'
import { codeOf, keyText, vectorKey, workbench } from './workbench.ts'

const stranger = () => new TeleportError('not-a-reader', 'no stanza fits')
const readers = ['id_ed25519', 'id_ed25519_passphrase', 'id_rsa', 'id_rsa_pem'] as const
/** Around the pieces of 64 KiB that age encrypts. */
const sizes = [0, 1, 65_535, 65_536, 65_537]

for (const name of readers) {
  test(`native age and we open what the other sealed to ${name}, of every size around a piece`, async (t) => {
    if (!needs(t, 'age') || !needs(t, 'script')) return
    const bench = workbench(t)
    const { openFileKey, publicKey } = await vectorKey(name)
    const identity: Identity = openFileKey
    bench.write(name, keyText(name))
    for (const size of sizes) {
      const plain = randomBytes(size)
      const theirs = bench.run('age', ['-r', publicKey.recipient], plain)
      t.deepEqual(Buffer.from(await openFile(identity, theirs, stranger)), plain)
      bench.write('sealed', await sealFile([sshRecipient(publicKey)], plain))
      // A passphrase is asked for on the terminal only.
      const open = `age -d -i ${name} sealed >opened`
      if (name !== 'id_ed25519_passphrase') bench.run('sh', ['-c', open])
      else if (size > 1) continue
      else bench.run('script', ['--quiet', '--return', '--command', open, '/dev/null'], 'correct horse\n')
      t.deepEqual(bench.read('opened'), plain)
    }
  })
}

test('a key is the same reader and signer under each cipher that ssh-keygen has for key files', async (t) => {
  if (!needs(t, 'ssh-keygen') || !needs(t, 'age')) return
  const payload = Buffer.from('tree\n')
  for (const name of ['id_ed25519', 'id_rsa'] as const) {
    const bench = workbench(t)
    const open = await vectorKey(name)
    const sealed = bench.run('age', ['-r', open.publicKey.recipient], 'hello')
    bench.write('id', keyText(name))
    let old = ''
    for (const cipher of ['aes256-ctr', 'aes256-gcm@openssh.com', 'chacha20-poly1305@openssh.com']) {
      bench.run('ssh-keygen', ['-q', '-p', '-a', '1', '-Z', cipher, '-P', old, '-N', 'pass word', '-f', 'id'])
      old = 'pass word'
      const key = await loadDeviceKey({ path: bench.path('id') }, async () => old)
      t.false(key.isUnlocked(), cipher)
      t.is(Buffer.from(await openFile(key.openFileKey, sealed, stranger)).toString(), 'hello', cipher)
      t.is(await key.sign(payload), await open.sign(payload), cipher)
      const other = await loadDeviceKey({ path: bench.path('id') }, async () => 'wrong')
      t.is(await codeOf(() => other.unlock()), 'wrong-passphrase', cipher)
    }
  }
})

test('commits that git signs with the key are verified by us, by what they say and no other word', async (t) => {
  if (!needs(t, 'git') || !needs(t, 'ssh-keygen')) return
  const bench = workbench(t)
  const who = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', '-c', 'gpg.format=ssh']
  for (const format of ['sha1', 'sha256']) {
    for (const name of ['id_ed25519', 'id_rsa'] as const) {
      bench.write(name, keyText(name))
      const store = `${name}-${format}`
      bench.run('git', ['init', '-q', '--bare', `--object-format=${format}`, store])
      const git = (args: readonly string[]) =>
        bench.run('git', ['-C', store, ...who, '-c', `user.signingkey=${bench.path(name)}`, ...args])
      const tree = git(['mktree']).toString().trim()
      const commit = git(['commit-tree', '-S', '-m', 'subject', tree]).toString().trim()
      const parsed = parseCommit(git(['cat-file', 'commit', commit]))
      const { recipient } = (await vectorKey(name)).publicKey
      t.is(verifySshSignature(parsed.signature ?? '', parsed.payload).recipient, recipient)
      const changed = Buffer.from(parsed.payload).toString().replace('subject', 'subjects')
      t.is(
        await codeOf(() => verifySshSignature(parsed.signature ?? '', Buffer.from(changed))),
        'bad-signature',
      )
    }
  }
})
