/** The archive of export and import. */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import test from 'ava'
import fc from 'fast-check'
import { type ArchiveMeta, packArchive, unpackArchive } from '../../src/bundle/archive.ts'
import {
  adasLaptop,
  chunked,
  collect,
  digest,
  failsWith,
  logicalNames,
  mutated,
  session,
  survives,
} from './support.ts'
import { tarEnd, tarEntry } from './tars.ts'

type Contents = Readonly<Record<string, string>>

function metaOf(contents: Contents): ArchiveMeta {
  const files = Object.entries(contents).map(([name, content]) => ({
    name,
    size: Buffer.byteLength(content),
    sha256: digest(content),
    ...(name.startsWith('file-history/') ? { path: '/home/ada/work/widget/app.js' } : {}),
  }))
  return { format: 1, session, origin: adasLaptop, title: 'Fix it', client: '2.1.329', files }
}

const pack = (contents: Contents, meta = metaOf(contents)) =>
  collect(packArchive(meta, (name) => chunked(Buffer.from(contents[name] ?? ''), 1000)))

async function unpack(bytes: Uint8Array, step = 1000): Promise<{ meta: ArchiveMeta; contents: Contents }> {
  const found: Record<string, string> = {}
  let early: ArchiveMeta | undefined
  const meta = await unpackArchive(chunked(bytes, step), {
    async meta(value) {
      early = value
    },
    async file(name, content) {
      if (!early) throw new Error('a file came before the meta')
      found[name] = (await collect(content)).toString()
    },
  })
  return { meta, contents: found }
}

/** An archive with any meta, packed by hand. */
const handmade = (meta: unknown, ...entries: readonly Uint8Array[]) =>
  gzipSync(Buffer.concat([tarEntry('meta.json', JSON.stringify(meta)), ...entries, tarEnd]))

const contents = { 'session.jsonl': '{"type":"user"}\n', 'uploads/a.txt': 'hello' }
const meta = metaOf(contents)
const entries = Object.entries(contents).map(([name, content]) => tarEntry(name, content))

test('an archive comes back file by file, however its stream is cut', async (t) => {
  const anyContents = fc.dictionary(fc.constantFrom(...logicalNames), fc.string({ maxLength: 1500 }), {
    noNullPrototype: true,
  })
  await fc.assert(
    fc.asyncProperty(anyContents, fc.integer({ min: 1, max: 900 }), async (value, step) => {
      t.deepEqual(await unpack(await pack(value), step), { meta: metaOf(value), contents: value })
    }),
    { numRuns: 25 },
  )
})

test('equal sessions give equal archives', async (t) => {
  t.deepEqual(gunzipSync(await pack(contents)), gunzipSync(await pack(contents)))
})

test('tar alone can unpack it', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'archive-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  execFileSync('tar', ['-xzf', '-', '-C', folder], {
    input: await pack(contents),
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  t.is(readFileSync(path.join(folder, 'uploads/a.txt'), 'utf8'), 'hello')
  t.deepEqual(JSON.parse(readFileSync(path.join(folder, 'meta.json'), 'utf8')), meta)
})

test('the hand-made archive is good, so that each change below is what is refused', async (t) => {
  t.deepEqual(await unpack(handmade(meta, ...entries)), { meta, contents })
})

const [first, second] = meta.files
for (const [what, value] of Object.entries({
  'a name that climbs': { ...meta, files: [{ ...first, name: '../../.bashrc' }] },
  'a name outside the list': { ...meta, files: [{ ...first, name: 'settings.json' }] },
  'two files of one name': { ...meta, files: [first, first] },
  'names that differ in case only': { ...meta, files: [second, { ...second, name: 'uploads/A.txt' }] },
  'a path for something else than a checkpoint': { ...meta, files: [{ ...first, path: '/x' }] },
  'more bytes than allowed': { ...meta, files: [{ ...first, size: 2 * 1024 ** 3 + 1 }] },
})) {
  test(`an archive with ${what} is unsafe`, (t) =>
    failsWith(t, 'unsafe-bundle', () => unpack(handmade(value, ...entries))))
}

for (const [what, bytes] of Object.entries({
  'no gzip': Buffer.concat([tarEntry('meta.json', JSON.stringify(meta)), ...entries, tarEnd]),
  nothing: Buffer.alloc(0),
  'no meta': gzipSync(tarEnd),
  'a meta in the wrong place': gzipSync(
    Buffer.concat([...entries, tarEntry('meta.json', JSON.stringify(meta)), tarEnd]),
  ),
  'a file less': handmade(meta, ...entries.slice(1)),
  'a file more': handmade({ ...meta, files: [first] }, ...entries),
  'files in another order': handmade(meta, ...entries.toReversed()),
  'a wrong digest': handmade({ ...meta, files: [{ ...first, sha256: digest('x') }, second] }, ...entries),
  'an unknown session': handmade({ ...meta, session: 'x' }, ...entries),
  'bytes after the tar': gzipSync(
    Buffer.concat([gunzipSync(handmade(meta, ...entries)), Buffer.alloc(10_240)]),
  ),
  'bytes after the gzip': Buffer.concat([handmade(meta, ...entries), Buffer.from('garbage')]),
  'a second gzip member': Buffer.concat([handmade(meta, ...entries), gzipSync('more')]),
  'its end cut off': handmade(meta, ...entries).subarray(0, -9),
})) {
  test(`an archive with ${what} is damaged`, (t) => failsWith(t, 'damaged-bundle', () => unpack(bytes)))
}

test('a link in an archive is unsafe', (t) => {
  const link = tarEntry('session.jsonl', '', { type: 'SymbolicLink', linkpath: '/etc/passwd', size: 0 })
  return failsWith(t, 'unsafe-bundle', () => unpack(handmade(meta, link, ...entries.slice(1))))
})

test('a bomb ends where its table does', (t) =>
  failsWith(t, 'damaged-bundle', () => unpack(handmade(meta, ...entries, Buffer.alloc(32 * 1024 ** 2)))))

test('archives of other formats say what to do', async (t) => {
  await failsWith(t, 'format-too-new', () => unpack(handmade({ format: 2 })))
  await failsWith(t, 'format-too-old', () => unpack(handmade({ format: 0 })))
})

test('a file of other than its size fails while it is packed', async (t) => {
  await failsWith(t, 'failed', () => pack({ 'uploads/a': 'x' }, metaOf({ 'uploads/a': 'xy' })))
  await failsWith(t, 'bug', () => pack({}, { ...meta, client: 'x'.repeat(101) }))
})

test('random and mutated archives are refused, never more', async (t) => {
  const valid = handmade(meta, ...entries)
  await fc.assert(
    fc.asyncProperty(fc.uint8Array(), (bytes) => survives(() => unpack(bytes))),
    { numRuns: 50 },
  )
  await fc.assert(fc.asyncProperty(mutated(valid), (bytes) => survives(() => unpack(bytes))))
  await fc.assert(
    fc.asyncProperty(mutated(gunzipSync(valid)), (bytes) => survives(() => unpack(gzipSync(bytes)))),
  )
  t.pass()
})
