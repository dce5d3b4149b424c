import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { compactStore, storeSize } from '../../src/git-store/maintenance.ts'
import { sessionRef } from '../../src/git-store/refs.ts'
import { listStates, readState, removeState, statePath, writeState } from '../../src/git-store/state-files.ts'
import { openStore, storeExists } from '../../src/git-store/store.ts'
import { openUserRepo } from '../../src/git-store/user-repo.ts'
import { sandbox, session, writeCommit } from './sandbox.ts'

const remote = { name: 'origin', url: '/nowhere', key: '0123456789abcdef' }

test('a store is made once, however many come at once, and belongs to the user alone', async (t) => {
  const box = await sandbox(t)
  await box.project('laptop', '/nowhere')
  const repo = await openUserRepo(box.path('laptop'), box.env)
  t.false(await storeExists(repo))
  const stores = await Promise.all([1, 2, 3, 4].map(() => openStore(repo, remote)))
  t.true(await storeExists(repo))
  t.deepEqual(
    stores.map(({ dir }) => dir),
    Array.from({ length: 4 }, () => box.path('laptop/.git/teleport')),
  )
  t.deepEqual((await readdir(box.path('laptop/.git'))).sort(), [
    'HEAD',
    'config',
    'objects',
    'refs',
    'teleport',
  ])
  t.is((await stat(box.path('laptop/.git/teleport'))).mode & 0o777, 0o700)
})

test("a store sees the user's configuration first and its own after it", async (t) => {
  const box = await sandbox(t)
  await box.project('laptop', '/nowhere')
  await box.open('laptop')
  const config = await readFile(box.path('laptop/.git/teleport/config'), 'utf8')
  t.true(config.startsWith('[include]\n\tpath = ../config\n'))
  const get = (key: string) => box.git('.', '--git-dir=laptop/.git/teleport', 'config', key)
  t.is(await get('remote.origin.url'), '/nowhere')
  t.is(await get('core.bare'), 'true')
  t.is(await get('core.hooksPath'), '/dev/null')
  t.is(await get('fetch.fsckObjects'), 'true')
  await rename(box.path('laptop'), box.path('moved'))
  t.is(await box.git('.', '--git-dir=moved/.git/teleport', 'config', 'remote.origin.url'), '/nowhere')
})

test('what killed processes left of a store is swept, what a living one makes is not', async (t) => {
  const box = await sandbox(t)
  await box.project('laptop', '/nowhere')
  const gone = Number(execFileSync('sh', ['-c', 'echo $$']).toString())
  const [dead, living] = [`teleport.${gone}.00000000.tmp`, `teleport.${process.pid}.00000000.tmp`]
  for (const name of [dead, living]) await mkdir(box.path('laptop/.git', name))
  await box.open('laptop')
  const names = await readdir(box.path('laptop/.git'))
  t.false(names.includes(dead))
  t.true(names.includes(living))
})

test('something else in the place of the store is left alone', async (t) => {
  const box = await sandbox(t)
  await box.project('laptop', '/nowhere')
  const mine = await box.write('laptop/.git/teleport/mine', 'x')
  await t.throwsAsync(box.open('laptop'), { code: 'store-damaged' })
  t.is(await readFile(mine, 'utf8'), 'x')
  await rm(box.path('laptop/.git/teleport'), { recursive: true })
  await writeFile(box.path('laptop/.git/teleport'), 'x')
  await t.throwsAsync(box.open('laptop'), { code: 'store-damaged' })
})

test('a process ends by itself once its store is closed', async (t) => {
  const box = await sandbox(t)
  await box.project('laptop', '/nowhere')
  const store = await box.open('laptop')
  const oid = await store.objects.writeBlob(Buffer.from('x'))
  const folder = path.resolve(import.meta.dirname, '../../src/git-store')
  const script = `
    const { openUserRepo } = await import(${JSON.stringify(path.join(folder, 'user-repo.js'))})
    const { openStore } = await import(${JSON.stringify(path.join(folder, 'store.js'))})
    const repo = await openUserRepo('.', process.env)
    const store = await openStore(repo, ${JSON.stringify(remote)})
    await store.objects.readBlob('${oid}', 10)
    await store.objects.sizeOf('${oid}')
    await store.close()`
  const args = ['--input-type=module', '--eval', script]
  t.notThrows(() =>
    execFileSync(process.execPath, args, { cwd: box.path('laptop'), env: box.env, timeout: 20_000 }),
  )
})

test('a state is kept for each session and remote', async (t) => {
  const box = await sandbox(t)
  const place = { remote, path: (...parts: string[]) => box.path('teleport', ...parts) }
  t.deepEqual(await listStates(place), [])
  t.is(await readState(place, session(1)), undefined)
  await writeState(place, session(2), { seq: 1 })
  await writeState(place, session(1), { seq: 2 })
  await writeState(place, session(1), { seq: 3 })
  await box.write(`teleport/state/${remote.key}/notes.json`, '{}')
  t.deepEqual(await listStates(place), [session(1), session(2)])
  t.deepEqual(await listStates({ ...place, remote: { ...remote, key: 'f'.repeat(16) } }), [])
  t.deepEqual(await readState(place, session(1)), { seq: 3 })
  t.is((await stat(statePath(place, session(1)))).mode & 0o777, 0o600)
  t.deepEqual((await readdir(path.dirname(statePath(place, session(1))))).length, 3)
  await removeState(place, session(1))
  await removeState(place, session(1))
  t.deepEqual(await listStates(place), [session(2)])
})

test('a state that is no JSON is named, not guessed at', async (t) => {
  const box = await sandbox(t)
  const place = { remote, path: (...parts: string[]) => box.path('teleport', ...parts) }
  await box.write(`teleport/state/${remote.key}/${session(1)}.json`, '{"seq":')
  await t.throwsAsync(readState(place, session(1)), { code: 'store-damaged' })
})

test('compacting packs what refs hold and spares what is young, whatever the user has configured', async (t) => {
  const box = await sandbox(t)
  await box.project('laptop', '/nowhere')
  await box.git('laptop', 'config', 'gc.pruneExpire', 'now')
  t.deepEqual(await storeSize(box.path('laptop/.git/teleport')), { bytes: 0, files: 0, packs: 0, loose: 0 })
  const store = await box.open('laptop')
  const next = await writeCommit(store, { a: randomBytes(1000), b: 'b' })
  await store.refs.accept([{ ref: sessionRef(session(1)), expected: null, next }])
  const young = await store.objects.writeBlob(Buffer.from('not pushed yet'))
  t.like(await storeSize(store.dir), { packs: 0, loose: 5 })
  const { before, after } = await compactStore(store)
  t.true(before > 0 && after > 0)
  t.like(await storeSize(store.dir), { packs: 1, loose: 1, bytes: after })
  t.is((await store.objects.readBlob(young, 100)).length, 14)
  t.is(await store.refs.seen(sessionRef(session(1))), next)
  t.true((await store.objects.readCommit(next)).length > 0)
})
