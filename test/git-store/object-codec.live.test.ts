/** One suite for every codec: small objects written by isomorphic-git, and git alone in both object formats. */

import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { formatCommit } from '../../src/git-store/commit.ts'
import { IsoCodec, largestInProcess } from '../../src/git-store/iso-codec.ts'
import { NativeCodec } from '../../src/git-store/native-codec.ts'
import type { ObjectCodec, ObjectFormat } from '../../src/git-store/object-codec.ts'
import { openObjects } from '../../src/git-store/objects.ts'
import { asOid, type Sandbox, sandbox } from './sandbox.ts'

interface Bench {
  readonly objects: ObjectCodec
  readonly box: Sandbox
  readonly format: ObjectFormat
}

type Make = (gitdir: string, native: NativeCodec) => ObjectCodec

const codecs: Readonly<Record<string, readonly [ObjectFormat, Make]>> = {
  'isomorphic-git': ['sha1', (gitdir, native) => new IsoCodec(gitdir, native)],
  'git, SHA-1': ['sha1', (_, native) => native],
  'git, SHA-256': ['sha256', (_, native) => native],
}

async function bench(t: ExecutionContext, format: ObjectFormat, make: Make): Promise<Bench> {
  const box = await sandbox(t)
  await box.bare('store', format)
  const context = { cwd: box.dir, environment: { ...box.env, GIT_DIR: box.path('store'), LC_ALL: 'C' } }
  const objects = make(box.path('store'), new NativeCodec(context, format))
  t.teardown(() => objects.close())
  return { objects, box, format }
}

const sizes = [0, 300_000, largestInProcess, largestInProcess + 1]

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const chunk of chunks) parts.push(chunk)
  return Buffer.concat(parts)
}

for (const [name, [format, make]] of Object.entries(codecs)) {
  test(`${name}: blobs of every size come back, whole or streamed, under git's own ids`, async (t) => {
    const { objects } = await bench(t, format, make)
    for (const size of sizes) {
      const content = randomBytes(size)
      const oid = await objects.writeBlob(content)
      t.is(oid, asOid(createHash(format).update(`blob ${size}\0`).update(content).digest('hex')))
      t.true(content.equals(await objects.readBlob(oid, size)))
      t.is(await objects.sizeOf(oid), size)
    }
    const content = randomBytes(2 * largestInProcess)
    const oid = await objects.writeBlob(content)
    t.true(content.equals(await collect(objects.streamBlob(oid))))
  })

  test(`${name}: writing twice is fine, and git finds nothing to complain about`, async (t) => {
    const { objects, box } = await bench(t, format, make)
    const blob = await objects.writeBlob(Buffer.from('one'))
    t.is(await objects.writeBlob(Buffer.from('one')), blob)
    const empty = await objects.writeTree([])
    const tree = await objects.writeTree([
      { mode: '100644', name: 'b', oid: blob },
      { mode: '040000', name: 'a', oid: empty },
    ])
    const ada = { name: 'Ada', email: 'ada@example.com', seconds: 1, zone: '+0000' }
    const raw = formatCommit({ tree, parent: null, author: ada, committer: ada, message: 'x\n' })
    const commit = await objects.writeCommit(raw)
    t.true(Buffer.from(raw).equals(await objects.readCommit(commit)))
    t.deepEqual(
      (await objects.readTree(tree)).map((entry) => entry.name),
      ['a', 'b'],
    )
    t.is(await box.git('store', 'rev-parse', `${commit}^{tree}`), tree)
    t.is(await box.git('store', 'fsck', '--strict', '--no-dangling'), '')
  })

  test(`${name}: what is missing, of another type or too large is an error, and the next read works`, async (t) => {
    const { objects } = await bench(t, format, make)
    const missing = asOid(`${'0'.repeat(format === 'sha1' ? 39 : 63)}1`)
    const blob = await objects.writeBlob(randomBytes(100_000))
    const damaged = { code: 'damaged-bundle' }
    const answers = await Promise.allSettled([
      objects.readBlob(missing, 10),
      objects.readBlob(blob, 99_999),
      objects.readTree(blob),
      objects.readBlob(blob, 100_000),
      objects.sizeOf(missing),
      objects.readCommit(blob),
      collect(objects.streamBlob(missing)),
      objects.readBlob(blob, 100_000),
    ])
    t.deepEqual(
      answers.map((answer) => (answer.status === 'fulfilled' ? 'read' : answer.reason.code)),
      [damaged.code, damaged.code, damaged.code, 'read', damaged.code, 'unsafe-bundle', damaged.code, 'read'],
    )
  })

  test(`${name}: many blobs are read in order, packed or loose, while others read too`, async (t) => {
    const { objects, box } = await bench(t, format, make)
    const contents = Array.from({ length: 12 }, (_, index) => Buffer.from(`entry ${index}`))
    const oids = await Promise.all(contents.slice(0, 6).map((content) => objects.writeBlob(content)))
    await box.git('store', 'repack', '-q', '-d', '--keep-unreachable')
    oids.push(...(await Promise.all(contents.slice(6).map((content) => objects.writeBlob(content)))))
    const read: string[] = []
    for await (const [oid, content] of objects.readBlobs(oids, 64 * 1024)) {
      t.true(Buffer.from(await objects.readBlob(oid, 100)).equals(content))
      read.push(Buffer.from(content).toString())
    }
    t.deepEqual(
      read,
      contents.map((content) => content.toString()),
    )
  })

  test(`${name}: a tree is listed with all that is below it`, async (t) => {
    const { objects } = await bench(t, format, make)
    const oid = await objects.writeBlob(Buffer.from('x'))
    const inner = await objects.writeTree([{ mode: '100644', name: 'c', oid }])
    const outer = await objects.writeTree([
      { mode: '040000', name: 'b', oid: inner },
      { mode: '100644', name: 'z', oid },
    ])
    const root = await objects.writeTree([
      { mode: '040000', name: 'a', oid: outer },
      { mode: '040000', name: 'b', oid: inner },
    ])
    t.deepEqual(
      (await objects.readTreeRecursive(root)).map((entry) => entry.path),
      ['a/b/c', 'a/z', 'b/c'],
    )
  })

  test(`${name}: can be used again after it was closed`, async (t) => {
    const { objects } = await bench(t, format, make)
    const oid = await objects.writeBlob(Buffer.from('x'))
    await objects.readBlob(oid, 1)
    await objects.close()
    t.is(Buffer.from(await objects.readBlob(oid, 1)).toString(), 'x')
  })
}

test('a reader that stops in the middle of a blob leaves nothing running', async (t) => {
  const { objects } = await bench(t, 'sha1', (_, native) => native)
  const oid = await objects.writeBlob(randomBytes(1_000_000))
  for await (const chunk of objects.streamBlob(oid)) {
    t.true(chunk.length > 0)
    break
  }
  t.is((await objects.readBlob(oid, 1_000_000)).length, 1_000_000)
})

test('a tree that names itself a thousand times at every level is given up, soon', async (t) => {
  const { objects } = await bench(t, 'sha1', (gitdir, native) => new IsoCodec(gitdir, native))
  const oid = await objects.writeBlob(Buffer.from('x'))
  let entries = Array.from({ length: 1000 }, (_, index) => ({
    mode: '100644' as const,
    name: `f${index}`,
    oid,
  }))
  let tree = await objects.writeTree(entries)
  for (const level of ['a', 'b', 'c', 'd']) {
    const names = Array.from({ length: 1000 }, (_, index) => `${level}${index}`)
    tree = await objects.writeTree(names.map((name) => ({ mode: '040000', name, oid: tree })))
  }
  await t.throwsAsync(objects.readTreeRecursive(tree), { code: 'unsafe-bundle' })
  entries = []
  for (let depth = 0; depth < 9; depth += 1) {
    tree = await objects.writeTree([{ mode: '040000', name: 'd', oid: tree }])
  }
  await t.throwsAsync(objects.readTreeRecursive(tree), { code: 'unsafe-bundle' })
})

test('a SHA-1 store writes small objects as loose files without starting git', async (t) => {
  const { box } = await bench(t, 'sha1', (_, native) => native)
  const nowhere = { cwd: box.dir, environment: { PATH: box.path('no-git-here') } }
  const objects = openObjects(nowhere, box.path('store'), 'sha1')
  const oid = await objects.writeBlob(Buffer.from('x'))
  t.is(await box.git('store', 'cat-file', 'blob', oid), 'x')
  await t.throwsAsync(objects.writeBlob(Buffer.alloc(largestInProcess + 1)), { code: 'no-git' })
  await t.throwsAsync(objects.readBlob(oid, 10), { code: 'no-git' })
  const other = openObjects(nowhere, box.path('store'), 'sha256')
  await t.throwsAsync(other.writeBlob(Buffer.from('x')), { code: 'no-git' })
})

for (const step of ['opened', 'written', 'renamed'] as const) {
  test(`a writer that is killed when the object is ${step} leaves no cut object`, async (t) => {
    const { box, objects } = await bench(t, 'sha1', (gitdir, native) => new IsoCodec(gitdir, native))
    const sources = path.resolve(import.meta.dirname, '../../src/git-store')
    const url = (file: string) => JSON.stringify(pathToFileURL(path.join(sources, file)).href)
    const script = `
      import { IsoCodec } from ${url('iso-codec.js')}
      import { safeFs } from ${url('safe-fs.js')}
      const fs = safeFs((step) => { if (step === '${step}') process.kill(process.pid, 'SIGKILL') })
      await new IsoCodec(${JSON.stringify(box.path('store'))}, null, fs).writeBlob(Buffer.alloc(1000, 'x'))`
    const child = promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script])
    t.like(await t.throwsAsync(child), { signal: 'SIGKILL' })
    const oid = asOid(createHash('sha1').update('blob 1000\0').update(Buffer.alloc(1000, 'x')).digest('hex'))
    const found = await objects.sizeOf(oid).catch(() => 'missing')
    t.is(found, step === 'renamed' ? 1000 : 'missing')
    t.is(await objects.writeBlob(Buffer.alloc(1000, 'x')), oid)
    t.is(await objects.sizeOf(oid), 1000)
    t.is(await box.git('store', 'fsck', '--strict', '--no-dangling'), '')
  })
}
