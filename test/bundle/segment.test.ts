/** Segments there and back: pack and unpack, and the plain tools that must read them too. */

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { brotliDecompressSync } from 'node:zlib'
import test from 'ava'
import fc from 'fast-check'
import { packSegment, plainSizeOf } from '../../src/bundle/pack.ts'
import type { PieceSource } from '../../src/bundle/plan.ts'
import { unpackSegment } from '../../src/bundle/unpack.ts'
import type { PieceRow } from '../../src/model.ts'
import { chunked, collect, digest, failsWith, logicalNames, source } from './support.ts'

async function pack(sources: readonly PieceSource[]): Promise<{ plain: Buffer; compressed: Buffer }> {
  const plain: Uint8Array[] = []
  const compressed = await collect(packSegment(sources, { onPlain: (chunk) => plain.push(chunk) }))
  return { plain: Buffer.concat(plain), compressed }
}

async function unpack(
  compressed: AsyncIterable<Uint8Array>,
  plain: Uint8Array,
): Promise<[PieceRow, string][]> {
  const pieces: [PieceRow, string][] = []
  await unpackSegment(
    compressed,
    {
      pieces() {},
      async piece(row, content) {
        pieces.push([row, (await collect(content)).toString()])
      },
    },
    { plainSize: plain.length, plainSha256: digest(plain) },
  )
  return pieces
}

const gone = (name: string): PieceSource => source(name, '', { op: 'gone', gen: 2 })
const anySources: fc.Arbitrary<PieceSource[]> = fc
  .array(
    fc.record({
      name: fc.constantFrom(...logicalNames),
      content: fc.string({ maxLength: 2000 }),
      gone: fc.boolean(),
    }),
    { maxLength: 6 },
  )
  .map((picks) => picks.map((pick) => (pick.gone ? gone(pick.name) : source(pick.name, pick.content))))

test('a segment comes back row by row, byte by byte, however its stream is cut', async (t) => {
  await fc.assert(
    fc.asyncProperty(anySources, fc.integer({ min: 1, max: 700 }), async (sources, step) => {
      const { plain, compressed } = await pack(sources)
      t.is(plain.length, plainSizeOf(sources))
      const expected = await Promise.all(
        sources
          .filter(({ row }) => row.op !== 'gone')
          .map(async (each) => [each.row, (await collect(each.read())).toString()]),
      )
      t.deepEqual(await unpack(chunked(compressed, step), plain), expected)
    }),
    { numRuns: 25 },
  )
})

test('equal sources give equal bytes, however they are cut', async (t) => {
  const text = Array.from({ length: 8_000 }, (_, at) => `line ${at * 7919}\n`).join('')
  const cut = (step: number): PieceSource => ({
    ...source('session.jsonl', text),
    read: () => chunked(Buffer.from(text), step),
  })
  const [one, two] = [await pack([cut(100)]), await pack([cut(99_999)])]
  t.deepEqual(one.compressed, two.compressed)
  t.deepEqual(brotliDecompressSync(one.compressed), one.plain)
})

test('one name may occur twice: the order of the table rules', async (t) => {
  const sources = [source('session.jsonl', 'one'), source('session.jsonl', 'two', { op: 'append', at: 3 })]
  const { plain, compressed } = await pack(sources)
  t.deepEqual(
    (await unpack(chunked(compressed), plain)).map(([, content]) => content),
    ['one', 'two'],
  )
})

test('dropped rows keep their place in the table and have no bytes', async (t) => {
  const dropped = source('session.jsonl', 'old', { dropped: true })
  const sources = [dropped, source('session.jsonl', 'new', { gen: 2 })]
  const { plain, compressed } = await pack(sources)
  t.false(plain.includes('old'))
  t.deepEqual(
    (await unpack(chunked(compressed), plain)).map(([row, content]) => [row.gen, content]),
    [[2, 'new']],
  )
})

test('brotli and tar alone can unpack a segment, long names and empty files included', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'segment-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const sources = [
    ...logicalNames.map((name) => source(name, `content of ${name}\n`)),
    source('uploads/empty', ''),
    source(`session-subdir/tool-results/${'a'.repeat(120)}/${'b'.repeat(120)}/${'c'.repeat(120)}`, 'deep'),
  ]
  const { compressed } = await pack(sources)
  const tar = execFileSync('brotli', ['-d', '-c'], { input: compressed })
  execFileSync('tar', ['-x', '-f', '-', '-C', folder], { input: tar, stdio: ['pipe', 'pipe', 'pipe'] })
  t.true(
    readFileSync(path.join(folder, 'pieces.json'), 'utf8').startsWith(
      '{"v":1,"pieces":[\n{"name":"session.jsonl",',
    ),
  )
  for (const { row, read } of sources) {
    const file = path.join(folder, row.name)
    t.deepEqual(readFileSync(file), await collect(read()))
    t.is(statSync(file).mode & 0o7777, 0o600)
  }
  t.is(readdirSync(path.join(folder, 'uploads')).length, 2)
})

test('a source with other than its size fails, and so does one that throws', async (t) => {
  const lying = (over: Partial<PieceRow>) => collect(packSegment([source('uploads/a', 'hello', over)]))
  await failsWith(t, 'failed', () => lying({ size: 4 }), /uploads\/a/)
  await failsWith(t, 'failed', () => lying({ size: 6 }))
  const broken: PieceSource = {
    ...source('uploads/a', 'hello'),
    async *read() {
      yield* []
      throw new RangeError('disk')
    },
  }
  await t.throwsAsync(collect(packSegment([broken])), { instanceOf: RangeError })
})

test('progress names the step and counts plain bytes', async (t) => {
  const seen: [string, number | undefined][] = []
  let bytes = 0
  const progress = {
    step: (doing: string, total?: number) => void seen.push([doing, total]),
    advance: (more: number) => {
      bytes += more
    },
    done() {},
  }
  const sources = [source('uploads/a', 'x'.repeat(100_000))]
  await collect(packSegment(sources, { progress }))
  t.deepEqual(seen, [['packing', plainSizeOf(sources)]])
  t.is(bytes, plainSizeOf(sources))
})

test('what a handler leaves is drained and checked all the same', async (t) => {
  const { plain, compressed } = await pack([
    source('uploads/a', 'x'.repeat(200_000)),
    source('uploads/b', 'b'),
  ])
  const seen: string[] = []
  const lazy = {
    pieces() {},
    async piece(row: PieceRow, content: AsyncIterable<Uint8Array>) {
      seen.push(row.name)
      if (row.name === 'uploads/a') for await (const _ of content) break
    },
  }
  const rows = await unpackSegment(chunked(compressed), lazy, {
    plainSize: plain.length,
    plainSha256: digest(plain),
  })
  t.deepEqual(seen, ['uploads/a', 'uploads/b'])
  t.is(rows.length, 2)
})

test('an error of the handler or of the source passes unchanged and ends the source', async (t) => {
  const { plain, compressed } = await pack([source('uploads/a', 'hello')])
  const declared = { plainSize: plain.length, plainSha256: digest(plain) }
  const failing = {
    pieces() {
      throw new RangeError('no')
    },
    async piece() {},
  }
  let ended = false
  const watched = async function* () {
    try {
      yield* chunked(compressed, 10)
    } finally {
      ended = true
    }
  }
  await t.throwsAsync(unpackSegment(watched(), failing, declared), { instanceOf: RangeError, message: 'no' })
  t.true(ended)
  const broken = async function* () {
    yield compressed.subarray(0, 5)
    throw new RangeError('network')
  }
  const ignore = { pieces() {}, async piece() {} }
  await t.throwsAsync(unpackSegment(broken(), ignore, declared), {
    instanceOf: RangeError,
    message: 'network',
  })
})
