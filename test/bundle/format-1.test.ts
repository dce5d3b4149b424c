/** The frozen fixtures of format 1, read and made again; and docs/format.md, held to them. */

import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'
import test from 'ava'
import { unpackArchive } from '../../src/bundle/archive.ts'
import { parseIndexEntry } from '../../src/bundle/index-entry.ts'
import { defaultLimits } from '../../src/bundle/limits.ts'
import { encodeManifest, parseManifest } from '../../src/bundle/manifest.ts'
import { encodePieces } from '../../src/bundle/pieces.ts'
import { parseCommitMessage } from '../../src/bundle/trailers.ts'
import { unpackSegment } from '../../src/bundle/unpack.ts'
import {
  archiveMeta,
  chainSteps,
  makeFixtures,
  makeManifest,
  pushes,
  readArchived,
  totals,
} from './fixtures.ts'
import { indexEntry, indexTrailers, tombstone, trailers } from './samples.ts'
import { chunked, collect, digest } from './support.ts'

const root = path.resolve(import.meta.dirname, '../../..')
const folder = path.join(root, 'fixtures/format-1')
const frozen = (name: string) => readFileSync(path.join(folder, name))
const frozenText = (name: string) => frozen(name).toString()
const isCompressed = (name: string) => /\.(?:br|gz)$/.test(name)

const made = await makeFixtures()

test('there is a frozen file for every encoding, and no other', (t) => {
  t.deepEqual(readdirSync(folder).sort(), [...made.keys()].sort())
})

for (const [name, bytes] of made) {
  if (isCompressed(name)) continue
  test(`${name} is made byte for byte as it was frozen`, (t) => {
    t.is(digest(bytes), digest(frozen(name)))
    t.is(bytes.length, frozen(name).length)
  })
}

for (const [index, sources] of pushes.entries()) {
  test(`frozen segment ${index + 1} is read`, async (t) => {
    const name = `segment-000${index + 1}.tar`
    const plain = frozen(name)
    const contents: string[] = []
    const rows = await unpackSegment(
      chunked(frozen(`${name}.br`)),
      {
        pieces() {},
        async piece(_row, content) {
          contents.push((await collect(content)).toString())
        },
      },
      { plainSize: plain.length, plainSha256: digest(plain) },
    )
    t.deepEqual(
      rows,
      sources.map(({ row }) => row),
    )
    const expected = await Promise.all(
      sources
        .filter(({ row }) => row.op !== 'gone')
        .map(async ({ read }) => (await collect(read())).toString()),
    )
    t.deepEqual(contents, expected)
  })
}

test('the frozen manifest is read', async (t) => {
  t.deepEqual(await parseManifest(frozen('manifest.json.br')), await makeManifest())
  t.deepEqual(JSON.parse(frozenText('manifest.json')), await makeManifest())
})

test('the frozen index entry and tombstone are read', (t) => {
  t.deepEqual(parseIndexEntry(frozen('index-live.json')), indexEntry)
  t.deepEqual(parseIndexEntry(frozen('index-removed.json')), tombstone)
})

test('the frozen commit messages are read', (t) => {
  t.deepEqual(parseCommitMessage(frozenText('commit-session.txt')), trailers)
  t.deepEqual(parseCommitMessage(frozenText('commit-index.txt')), indexTrailers)
})

test('the frozen archive is read', async (t) => {
  const meta = await unpackArchive(chunked(frozen('archive.tar.gz')), {
    async meta() {},
    async file(name, content) {
      t.deepEqual(await collect(content), await collect(readArchived(name)))
    },
  })
  t.deepEqual(meta, archiveMeta)
  t.deepEqual(gunzipSync(frozen('archive.tar.gz')), gunzipSync(made.get('archive.tar.gz') ?? Buffer.alloc(0)))
})

const page = readFileSync(path.join(root, 'docs/format.md'), 'utf8')
const blocks = [...page.matchAll(/^```\w*\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block)

test('the page shows the frozen commit messages', (t) => {
  t.true(blocks.includes(frozenText('commit-session.txt')))
  t.true(blocks.includes(frozenText('commit-index.txt')))
})

test('the page shows a real table of a segment', (t) => {
  const table = Buffer.from(encodePieces(pushes[1]?.map(({ row }) => row) ?? [])).toString()
  t.true(frozenText('segment-0002.tar').includes(table))
  t.true(blocks.includes(table))
})

test('the page shows the real manifest, index entry and archive table', async (t) => {
  const shown = blocks.filter((block) => block.startsWith('{ ')).map((block): unknown => JSON.parse(block))
  t.deepEqual(shown, [await makeManifest(), indexEntry, archiveMeta])
})

test('the worked example of chain and fold has the frozen numbers', (t) => {
  const steps = chainSteps().filter(({ name }) => name === 'session.jsonl')
  for (const { sha256, chain, size } of steps) {
    t.true(page.includes(sha256))
    t.true(page.includes(chain))
    t.true(page.includes(size.toString(16).padStart(16, '0')))
  }
  for (const name of new Set(chainSteps().map((step) => step.name))) {
    const last = chainSteps().findLast((step) => step.name === name)
    t.true(page.includes(`${last?.chain}`), name)
  }
  t.true(page.includes(totals.fold))
})

test('the limits on the page are those of the program', async (t) => {
  t.deepEqual(defaultLimits, { maxBytes: 2 * 2 ** 30, maxPieces: 100_000, maxManifestBytes: 4 * 2 ** 20 })
  for (const limit of ['2 GiB', '100,000 rows', '4 MiB']) t.true(page.includes(limit), limit)
  t.true((await encodeManifest(await makeManifest())).length < 1600)
})
