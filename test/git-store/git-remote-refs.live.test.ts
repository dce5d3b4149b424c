/** What only a real remote can do: refuse, die, hold foreign refs, transfer objects. */

import { randomBytes } from 'node:crypto'
import { readdir, readFile, rm } from 'node:fs/promises'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { TeleportError } from '../../src/errors.ts'
import { patterns, sessionRef } from '../../src/git-store/refs.ts'
import type { Store } from '../../src/git-store/store.ts'
import type { Oid } from '../../src/model.ts'
import { type Sandbox, sandbox, session, writeCommit } from './sandbox.ts'

const one = sessionRef(session(1))
const two = sessionRef(session(2))

interface Scene {
  readonly box: Sandbox
  readonly store: Store
  commit(parent?: Oid | null): Promise<Oid>
  hook(name: string, body: string): Promise<unknown>
}

async function scene(t: ExecutionContext): Promise<Scene> {
  const box = await sandbox(t)
  const url = await box.bare('remote.git')
  await box.project('laptop', url)
  const store = await box.openProject('laptop', url)
  return {
    box,
    store,
    commit: (parent = null) => writeCommit(store, { file: randomBytes(20) }, parent),
    hook: (name, body) => box.write(`remote.git/hooks/${name}`, `#!/bin/sh\n${body}\n`, 0o755),
  }
}

async function failure(work: Promise<unknown>): Promise<TeleportError> {
  try {
    await work
  } catch (error) {
    if (error instanceof TeleportError) return error
    throw error
  }
  throw new Error('it worked')
}

for (const hook of ['pre-receive', 'update']) {
  test(`a refusal by the host's ${hook} hook is told in the host's words, made harmless`, async (t) => {
    const { store, commit, hook: install } = await scene(t)
    await install(hook, "printf 'no \\033[31mteleport\\033[0m here\\n' >&2; exit 1")
    const error = await failure(store.refs.push([{ ref: one, expected: null, next: await commit() }]))
    t.is(error.code, 'remote-refused')
    t.regex(error.message, /no \\u\{1b\}\[31mteleport\\u\{1b\}\[0m here/)
    t.false(error.message.includes('\u001b'))
    t.is((await store.refs.fetch([one])).size, 0)
  })
}

test('a push whose answer got lost, but which landed, is done', async (t) => {
  const { store, commit, hook } = await scene(t)
  await hook('reference-transaction', '[ "$1" = committed ] && kill -9 $PPID; exit 0')
  const next = await commit()
  t.deepEqual(await store.refs.push([{ ref: one, expected: null, next }]), { kind: 'done', bytesSent: null })
  t.is((await store.refs.fetch([one])).get(one), next)
})

test('a push that died before it landed is no refusal, and nothing is on the remote', async (t) => {
  const { store, commit, hook } = await scene(t)
  await hook('reference-transaction', '[ "$1" = prepared ] && kill -9 $PPID; exit 1')
  const update = [{ ref: one, expected: null, next: await commit() }]
  t.is((await failure(store.refs.push(update))).code, 'remote-access')
  t.is((await store.refs.fetch([one])).size, 0)
})

test('a remote that is not there cannot be fetched from or pushed to', async (t) => {
  const { box, store, commit } = await scene(t)
  const next = await commit()
  await rm(box.path('remote.git'), { recursive: true })
  const errors = [
    await failure(store.refs.fetch([one])),
    await failure(store.refs.push([{ ref: one, expected: null, next }])),
  ]
  for (const error of errors) {
    t.is(error.code, 'remote-access')
    t.is(error.hint, 'git ls-remote origin HEAD')
    t.regex(error.message, /the remote origin/)
  }
})

test('a password in the URL is not shown', async (t) => {
  const box = await sandbox(t)
  const url = 'http://ada:hunter2@localhost:1/x.git'
  await box.project('laptop', url)
  const store = await box.openProject('laptop', url)
  const error = await failure(store.refs.fetch([one]))
  t.is(error.code, 'remote-access')
  t.false(`${error.message}${error.hint}${JSON.stringify(error.data)}`.includes('hunter2'))
})

test('a remote that answers, but holds what git refuses, is not called unreachable', async (t) => {
  const { box, store } = await scene(t)
  const tree = await box.git('remote.git', 'hash-object', '-t', 'tree', '-w', '/dev/null')
  const file = await box.write(
    'bad',
    `tree ${tree}\nauthor no address at all\ncommitter x <x> 1 +0000\n\nx\n`,
  )
  const bad = await box.git('remote.git', 'hash-object', '--literally', '-t', 'commit', '-w', file)
  await box.git('remote.git', 'update-ref', one, bad)
  t.is((await failure(store.refs.fetch([one]))).code, 'git-failed')
})

test('refs with odd names beside ours are not returned', async (t) => {
  const { box, store, commit } = await scene(t)
  const next = await commit()
  await store.refs.push([{ ref: one, expected: null, next }])
  for (const name of [`${one}x`, `${two}/deep`, 'refs/teleport/index/nobody', 'refs/teleport/sessions/x']) {
    await box.git('remote.git', 'update-ref', name, next)
  }
  t.deepEqual(await store.refs.fetch([one, two]), new Map([[one, next]]))
  t.deepEqual(await store.refs.fetch([patterns.sessions(''), patterns.indexes]), new Map([[one, next]]))
})

test('a fetch prunes what is gone from the remote under its patterns, and nothing else', async (t) => {
  const { box, store, commit } = await scene(t)
  const next = await commit()
  await store.refs.push([
    { ref: one, expected: null, next },
    { ref: two, expected: null, next },
  ])
  await store.refs.fetch([patterns.sessions('')])
  await store.refs.accept([{ ref: one, expected: null, next }])
  const others = [
    'refs/pending/x',
    'refs/local/x',
    'refs/heads/x',
    'refs/tags/x',
    'refs/remotes/git-teleport-store/x',
    'refs/incoming/0000000000000000/sessions/x',
    `refs/incoming/${store.remote.key}/other/x`,
  ]
  for (const ref of others) await box.git('laptop/.git/teleport', 'update-ref', ref, next)
  const before = await refsOf(box)
  for (const ref of [one, two]) await box.git('remote.git', 'update-ref', '-d', ref)

  t.is((await store.refs.fetch([one])).size, 0)
  const incoming = (ref: string) => ref.replace('refs/teleport', `refs/incoming/${store.remote.key}`)
  t.deepEqual(
    await refsOf(box),
    before.filter((ref) => ref !== incoming(one)),
  )
  t.is((await store.refs.fetch([patterns.sessions('')])).size, 0)
  t.deepEqual(
    await refsOf(box),
    before.filter((ref) => ref !== incoming(one) && ref !== incoming(two)),
  )
  t.is(await store.refs.seen(one), next)
})

const refsOf = async (box: Sandbox) =>
  (await box.git('laptop/.git/teleport', 'for-each-ref', '--format=%(refname)')).split('\n')

/** How many blobs each pack of that repository holds, most first. (A pack may repeat a tree as a base for deltas.) */
async function blobsOfPacks(box: Sandbox, gitDir: string): Promise<readonly number[]> {
  const names = await readdir(box.path(gitDir, 'objects/pack')).catch(() => [])
  const counts = names
    .filter((name) => name.endsWith('.idx'))
    .map(async (name) => {
      const listed = await box.git(gitDir, 'verify-pack', '-v', path.join('objects/pack', name))
      return listed.split('\n').filter((line) => /^[0-9a-f]{40} blob/.test(line)).length
    })
  return (await Promise.all(counts)).sort((a, b) => b - a)
}

test('a chain sends only what is new, both ways, and what is known is not fetched again', async (t) => {
  const { box, store } = await scene(t)
  await box.project('desktop', box.path('remote.git'))
  const desktop = await box.openProject('desktop', box.path('remote.git'))
  const files: Record<string, Buffer> = { 'key.age': randomBytes(500) }
  for (const name of ['0001', '0002', '0003']) files[`segments/${name}`] = randomBytes(5000)

  const first = await writeCommit(store, files)
  await store.refs.push([{ ref: one, expected: null, next: first }])
  t.deepEqual(await blobsOfPacks(box, 'remote.git'), [4])
  await desktop.refs.fetch([one])
  await desktop.refs.accept([{ ref: one, expected: null, next: first }])
  t.deepEqual(await blobsOfPacks(box, 'desktop/.git/teleport'), [4])

  await desktop.refs.fetch([one])
  await box.git(
    'desktop/.git/teleport',
    'update-ref',
    '-d',
    one.replace('teleport', `incoming/${desktop.remote.key}`),
  )
  await desktop.refs.fetch([one, patterns.indexes])
  t.deepEqual(await blobsOfPacks(box, 'desktop/.git/teleport'), [4])

  const second = await writeCommit(store, { ...files, 'segments/0004': randomBytes(100) }, first)
  await store.refs.push([{ ref: one, expected: first, next: second }])
  t.deepEqual(await blobsOfPacks(box, 'remote.git'), [4, 1])
  await desktop.refs.fetch([one])
  t.deepEqual(await blobsOfPacks(box, 'desktop/.git/teleport'), [4, 1])
})

test('what ssh leaves running, and what holds stderr open, is not waited for', async (t) => {
  const box = await sandbox(t)
  const remote = await box.bare('remote.git')
  const shared = box.path('shared')
  const ssh = await box.write(
    'ssh',
    `#!/bin/sh\nsleep 600 </dev/null >/dev/null &\necho $! >>'${shared}'\nshift\nexec sh -c "$*"\n`,
    0o755,
  )
  const url = `ssh://host${remote}`
  await box.project('laptop', url)
  const settings = ['config', '--file', box.path('gitconfig')]
  await box.git('.', ...settings, 'core.sshCommand', ssh)
  await box.git('.', ...settings, 'ssh.variant', 'simple')
  const store = await box.openProject('laptop', url)
  t.is((await store.refs.fetch([one])).size, 0)
  const left = (await readFile(shared, 'utf8')).split('\n').filter(Boolean).map(Number)
  t.true(left.length > 0)
  // It lives: nobody has waited for its end.
  for (const pid of left) t.true(process.kill(pid, 'SIGTERM'))
})
