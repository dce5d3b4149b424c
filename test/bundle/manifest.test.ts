/** The manifest's encoded form. */

import { brotliDecompressSync } from 'node:zlib'
import test from 'ava'
import fc from 'fast-check'
import { encodeManifest, parseManifest } from '../../src/bundle/manifest.ts'
import type { Manifest } from '../../src/model.ts'
import { manifest } from './samples.ts'
import {
  anySha256,
  anyText,
  anyTime,
  bob,
  digest,
  failsWith,
  mutated,
  oid,
  segmentRow,
  survives,
} from './support.ts'
import { brotli } from './tars.ts'

const compress = (plain: Uint8Array | string) => brotli(Buffer.from(plain), 1)
const encode = (value: unknown) => compress(JSON.stringify(value))

const anyManifest: fc.Arbitrary<Manifest> = fc
  .record({
    seq: fc.integer({ min: 1, max: 1e6 }),
    redacted: fc.boolean(),
    client: fc.option(anyText),
    title: fc.option(anyText),
    holder: fc.option(fc.record({ principal: anyText, since: anyTime })),
    dead: fc.nat(),
    fold: anySha256,
    branch: fc.option(anyText),
    time: anyTime,
  })
  .map(({ fold, branch, time, ...over }) => ({
    ...manifest,
    ...over,
    segments: manifest.segments.slice(0, Math.min(over.seq, manifest.segments.length)),
    files: { ...manifest.files, fold },
    links: [{ commit: oid('1'), tree: oid('2'), patchId: null, branch, message: null, time }],
  }))

test('a manifest comes back as it was encoded', async (t) => {
  await fc.assert(
    fc.asyncProperty(anyManifest, async (value) => {
      t.deepEqual(await parseManifest(await encodeManifest(value)), value)
    }),
    { numRuns: 25 },
  )
})

test('ten segments and two origins take at most 1.6 kB', async (t) => {
  const segments = Array.from({ length: 10 }, (_, at) =>
    segmentRow(at + 1, {
      by: at % 2 === 0 ? (manifest.origins[0]?.device ?? bob) : bob,
      origin: at % 2,
      seq: [4 * at + 1, 4 * at + 4],
      sizes: [12_345 * at + 678, 123_456 * at + 789],
    }),
  )
  const bytes = await encodeManifest({ ...manifest, seq: 40, segments, links: [], holder: null })
  t.true(bytes.length <= 1600, `${bytes.length}`)
})

test('what a later minor version adds to the manifest is left out', async (t) => {
  const more = { ...manifest, mood: 'good', files: { ...manifest.files, dirs: 3 } }
  t.deepEqual(await parseManifest(encode(more)), manifest)
})

test('random and mutated manifests are refused, never more', async (t) => {
  const valid = await encodeManifest(manifest)
  const plain = brotliDecompressSync(valid)
  await fc.assert(
    fc.asyncProperty(fc.uint8Array(), (bytes) => survives(() => parseManifest(bytes))),
    { numRuns: 60 },
  )
  await fc.assert(fc.asyncProperty(mutated(valid), (bytes) => survives(() => parseManifest(bytes))))
  await fc.assert(fc.asyncProperty(mutated(plain), (bytes) => survives(() => parseManifest(compress(bytes)))))
  t.pass()
})

const [first, second] = manifest.segments
for (const [what, value] of Object.entries({
  'is a list': [],
  'has no format': { ...manifest, format: undefined },
  'names no session': { ...manifest, session: 'x' },
  'has an origin with a relative path': { ...manifest, origins: [{ ...manifest.origins[0], root: 'work' }] },
  'has a posix origin with a drive': { ...manifest, origins: [{ ...manifest.origins[0], home: 'C:\\x' }] },
  'has an origin whose project folder climbs': {
    ...manifest,
    origins: [{ ...manifest.origins[0], projectDir: '..' }],
  },
  'has a segment of no origin': { ...manifest, segments: [{ ...first, origin: 9 }] },
  'has a segment of a later push': { ...manifest, segments: [{ ...first, seq: [1, 99] }] },
  'has a segment that ends before it starts': { ...manifest, segments: [{ ...first, seq: [2, 1] }] },
  'has segments out of order': { ...manifest, segments: [second, { ...first, seq: second?.seq }] },
  'has overlapping segments': {
    ...manifest,
    segments: [
      { ...first, seq: [1, 2] },
      { ...second, seq: [1, 2] },
    ],
  },
  'uses a segment number twice': { ...manifest, segments: [first, first] },
  'has a segment named like a path': { ...manifest, segments: [{ ...first, name: '../1' }] },
  'has a segment number with five digits and a zero': {
    ...manifest,
    segments: [{ ...first, name: '00001' }],
  },
  'has a codec that nobody knows': { ...manifest, segments: [{ ...first, codec: 'zip' }] },
  'has a segment in no part': { ...manifest, segments: [{ ...first, parts: 0 }] },
  'has a time that is none': { ...manifest, holder: { principal: 'a', since: '2026-02-30T00:00:00Z' } },
  'has a time with an offset': {
    ...manifest,
    holder: { principal: 'a', since: '2026-02-03T00:00:00+01:00' },
  },
})) {
  test(`a manifest that ${what} is damaged`, (t) =>
    failsWith(t, 'damaged-bundle', () => parseManifest(encode(value))))
}

test('a refusal names the member, and none of the content', async (t) => {
  const value = { ...manifest, segments: [{ ...first, codec: 'secret' }] }
  const error = await t.throwsAsync(parseManifest(encode(value)))
  t.is(error?.message, 'the manifest: segments.0.codec has an unknown value')
})

test('a manifest with trailing bytes or a cut one is damaged', async (t) => {
  const valid = await encodeManifest(manifest)
  await failsWith(
    t,
    'damaged-bundle',
    () => parseManifest(Buffer.concat([valid, Buffer.from('x')])),
    /follows/,
  )
  await failsWith(t, 'damaged-bundle', () => parseManifest(valid.subarray(0, -1)))
  await failsWith(t, 'damaged-bundle', () => parseManifest(Buffer.alloc(0)))
})

test('a manifest that unpacks to gigabytes ends early', async (t) => {
  const bomb = brotli(Buffer.alloc(16 * 1024 ** 2, ' '))
  t.true(bomb.length < 10_000)
  await failsWith(t, 'damaged-bundle', () => parseManifest(bomb), /more than 4194304 bytes/)
})

test('segments that declare more than allowed are unsafe', (t) => {
  const large = { ...manifest, segments: [{ ...first, sizes: [1, 2 * 1024 ** 3 + 1] }] }
  return failsWith(t, 'unsafe-bundle', () => parseManifest(encode(large)))
})

test('a __proto__ member changes nothing', async (t) => {
  const json = JSON.stringify(manifest).replace('{', '{"__proto__":{"evil":true},')
  const parsed = await parseManifest(compress(json))
  t.deepEqual(parsed, manifest)
  t.false('evil' in parsed)
})

test('manifests of other formats say what to do', async (t) => {
  const error = await t.throwsAsync(parseManifest(encode({ format: 2 })))
  t.like(error, { code: 'format-too-new', hint: 'npm install --global git-teleport@latest' })
  await failsWith(t, 'format-too-old', () => parseManifest(encode({ format: 0 })))
  await failsWith(t, 'damaged-bundle', () => parseManifest(encode({ format: '2' })))
})

test('what could not be read back as a manifest is not encoded', (t) =>
  failsWith(t, 'bug', () =>
    encodeManifest({ ...manifest, repo: '', files: { ...manifest.files, fold: digest('') } }),
  ))
