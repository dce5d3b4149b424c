/** The nine kinds of clone: sessions travel from and to each, and nothing of the user's repository changes. */

import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { appendFile, readdir } from 'node:fs/promises'
import test from 'ava'
import type { ObjectFormat } from '../../src/git-store/object-codec.ts'
import { sessionRef } from '../../src/git-store/refs.ts'
import type { Store } from '../../src/git-store/store.ts'
import { snapshotRepo } from '../support/snapshot-repo.ts'
import { asOid, type Sandbox, sandbox, session, writeCommit } from './sandbox.ts'

interface Clone {
  /** Where the user stands, and the git directory whose bytes must not change. */
  readonly folder: string
  readonly commonDir: string
}

type Prepare = (box: Sandbox) => Promise<Clone>

const ref = sessionRef(session(1))
const clone = (folder: string): Clone => ({ folder, commonDir: `${folder}/.git` })

/** A clone of the remote, made by git, with `settings` in its configuration. */
async function cloned(
  box: Sandbox,
  args: readonly string[],
  settings: readonly string[] = [],
): Promise<Clone> {
  await box.git('.', 'clone', '--quiet', ...args, `file://${box.path('remote.git')}`, 'clone')
  for (const line of settings) {
    const [key = '', ...value] = line.split(' ')
    await box.git('clone', 'config', '--add', key, value.join(' '))
  }
  return clone('clone')
}

async function withFailingHooks(box: Sandbox): Promise<Clone> {
  for (const hook of ['pre-push', 'reference-transaction', 'post-checkout', 'pre-auto-gc', 'post-commit']) {
    await box.write(`hooks/${hook}`, `#!/bin/sh\ntouch '${box.path('hook-ran')}'\nexit 1\n`, 0o755)
  }
  return cloned(
    box,
    [],
    [
      'remote.origin.url pretend:remote.git',
      `url.${box.dir}/.insteadOf pretend:`,
      'url.nowhere:.pushInsteadOf pretend:',
      'remote.origin.pushurl pretend:remote.git',
      'remote.origin.pushurl /nowhere/second.git',
      // Applied to our already rewritten URL it would lead astray.
      `url./nowhere/.insteadOf ${box.dir}/`,
      'remote.origin.fetch +refs/*:refs/*',
      'remote.origin.prune true',
      'remote.teleport.url /nowhere/teleport.git',
      'remote.pushDefault origin',
      'push.gpgSign true',
      'push.followTags true',
      'push.pushOption merge_request.create',
      'push.recurseSubmodules check',
      'push.default nothing',
      'fetch.prune true',
      'fetch.pruneTags true',
      'fetch.unpackLimit 1000',
      'fetch.fsckObjects false',
      'fetch.recurseSubmodules true',
      'submodule.recurse true',
      'transfer.unpackLimit 1000',
      'i18n.commitEncoding latin1',
      'core.logAllRefUpdates always',
      'core.compression 9',
      'core.looseCompression 9',
      'protocol.version 0',
      'gc.auto 1',
      `core.hooksPath ${box.path('hooks')}`,
    ],
  )
}

const kinds: Readonly<Record<string, Prepare>> = {
  'a clone with a relative URL, from a sub-folder': async (box) => {
    const { commonDir } = await cloned(box, [], ['remote.origin.pushurl ../remote.git'])
    await box.write('clone/deep/er/file', '')
    return { folder: 'clone/deep/er', commonDir }
  },
  'a partial clone': (box) => cloned(box, ['--filter=blob:none']),
  'a shallow clone': (box) => cloned(box, ['--depth=1']),
  'a clone that mirrors': (box) =>
    cloned(box, [], ['remote.origin.mirror true', 'remote.origin.fetch +refs/*:refs/*']),
  'a clone with a hostile configuration': withFailingHooks,
  'a SHA-256 clone': (box) => cloned(box, []),
  'a submodule': async (box) => {
    await box.git('.', 'init', '--quiet', 'super')
    const url = `file://${box.path('remote.git')}`
    await box.git('super', '-c', 'protocol.file.allow=always', 'submodule', '--quiet', 'add', url, 'sub')
    return { folder: 'super/sub', commonDir: 'super/.git/modules/sub' }
  },
  'a linked worktree': async (box) => {
    const { commonDir } = await cloned(box, [], ['extensions.worktreeConfig true'])
    await box.git('clone', 'worktree', 'add', '--quiet', '../linked')
    return { folder: 'linked', commonDir }
  },
  'safe.bareRepository=explicit': async (box) => {
    await box.git('.', 'config', '--global', 'safe.bareRepository', 'explicit')
    return cloned(box, [])
  },
}

for (const [kind, prepare] of Object.entries(kinds)) {
  test(`${kind} sends and receives sessions and stays as it was`, async (t) => {
    const format: ObjectFormat = kind === 'a SHA-256 clone' ? 'sha256' : 'sha1'
    const box = await sandbox(t)
    await fillRemote(box, format)
    const user = await prepare(box)
    await box.project('other', box.path('remote.git'), format)
    const before = await snapshotRepo(box.path(user.commonDir))

    const store = await box.open(user.folder)
    const other = await box.openProject('other', box.path('remote.git'), format)
    t.is(store.dir, box.path(user.commonDir, 'teleport'))
    const content = randomBytes(5000)
    const first = await writeCommit(store, { key: 'x', 'segments/0001': content })
    t.is((await store.refs.push([{ ref, expected: null, next: first }])).kind, 'done')
    await receive(other, first)
    const second = await writeCommit(
      other,
      { key: 'x', 'segments/0001': content, 'segments/0002': 'y' },
      first,
    )
    t.is((await other.refs.push([{ ref, expected: first, next: second }])).kind, 'done')
    t.true(content.equals(await receive(store, second)))

    t.deepEqual(await snapshotRepo(box.path(user.commonDir)), before)
    t.false((await readdir(box.dir)).includes('hook-ran'))
  })
}

async function fillRemote(box: Sandbox, format: ObjectFormat): Promise<void> {
  await box.bare('remote.git', format)
  await appendFile(box.path('remote.git/config'), '[uploadpack]\n\tallowFilter = true\n')
  const commit = 'commit refs/heads/main\ncommitter Ada <ada@example.com> 1 +0000\ndata 1\nx\n'
  const input = `${commit}M 644 inline a\ndata 1\na\n${commit}M 644 inline b\ndata 1\nb\n`
  execFileSync('git', ['fast-import', '--quiet'], { cwd: box.path('remote.git'), env: box.env, input })
}

/** Fetches the session, finds `tip`, accepts it, and reads its first segment. */
async function receive(store: Store, tip: ReturnType<typeof asOid>): Promise<Uint8Array> {
  const found = (await store.refs.fetch([ref])).get(ref)
  if (found !== tip) throw new Error(`found ${found} instead of ${tip}`)
  await store.refs.accept([{ ref, expected: await store.refs.seen(ref), next: tip }])
  const tree =
    /^tree ([0-9a-f]+)/.exec(Buffer.from(await store.objects.readCommit(tip)).toString())?.[1] ?? ''
  const blobs = await store.objects.readTreeRecursive(asOid(tree))
  const segment = blobs.find(({ path }) => path === 'segments/0001')
  if (!segment) throw new Error('the segment is missing')
  return store.objects.readBlob(segment.oid, 1_000_000)
}
