/** Every way that we know to make a segment dangerous, refused by name; and the ones that we do not, by fuzzing. */

import { gzipSync } from 'node:zlib'
import test from 'ava'
import fc from 'fast-check'
import { defaultLimits } from '../../src/bundle/limits.ts'
import { unpackSegment } from '../../src/bundle/unpack.ts'
import type { PieceRow } from '../../src/model.ts'
import { chunked, collect, digest, failsWith, mutated, source, survives } from './support.ts'
import { brotli, headerBlock, ignore, tableEntry, tarEnd, tarEntry, unpackPlain } from './tars.ts'

const row = source('uploads/a.txt', 'hello').row
const other = source('uploads/b.txt', 'world').row
const table = tableEntry([row])
const entry = tarEntry(row.name, 'hello')
const valid = Buffer.concat([table, entry, tarEnd])

/** The stream with one byte of the second header changed and its checksum made right again. */
function withTypeFlag(flag: string): Buffer {
  const bytes = Buffer.from(entry)
  bytes.write(flag, 156)
  bytes.fill(' ', 148, 156)
  const sum = bytes.subarray(0, 512).reduce((total, byte) => total + byte, 0)
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return Buffer.concat([table, bytes, tarEnd])
}

test('the hand-made stream is good, so that each change below is what is refused', async (t) => {
  t.deepEqual(await unpackPlain(valid), [row])
})

for (const type of ['SymbolicLink', 'Link'] as const) {
  test(`a ${type} in the place of a file is unsafe`, (t) => {
    const link = headerBlock({ path: row.name, type, linkpath: '/etc/passwd', size: 0 })
    return failsWith(t, 'unsafe-bundle', () =>
      unpackPlain(Buffer.concat([table, link, Buffer.alloc(512), tarEnd])),
    )
  })
}

for (const [what, flag] of Object.entries({
  'a character device': '3',
  'a block device': '4',
  'a directory': '5',
  'a fifo': '6',
  'a contiguous file': '7',
  'a pax header': 'x',
  'a global pax header': 'g',
  'a GNU long name': 'L',
  'a GNU long link': 'K',
})) {
  test(`${what} in the place of a file is unsafe`, (t) =>
    failsWith(t, 'unsafe-bundle', () => unpackPlain(withTypeFlag(flag))))
}

const longer = Buffer.concat([table, entry, tarEntry('uploads/x', 'more'), tarEnd])
for (const [what, plain] of Object.entries({
  'an entry of unknown type': withTypeFlag('Z'),
  'another name': Buffer.concat([table, tarEntry('uploads/z.txt', 'hello'), tarEnd]),
  'a name that climbs': Buffer.concat([table, tarEntry('../../.bashrc', 'hello'), tarEnd]),
  'another size': Buffer.concat([
    table,
    headerBlock({ path: row.name, size: 4 }),
    entry.subarray(512),
    tarEnd,
  ]),
  'a negative size': Buffer.concat([
    table,
    headerBlock({ path: row.name, size: -5 }),
    entry.subarray(512),
    tarEnd,
  ]),
  'a setuid bit': Buffer.concat([table, tarEntry(row.name, 'hello', { mode: 0o4755 }), tarEnd]),
  'an owner': Buffer.concat([table, tarEntry(row.name, 'hello', { uname: 'root' }), tarEnd]),
  'a time': Buffer.concat([table, tarEntry(row.name, 'hello', { mtime: new Date(1e12) }), tarEnd]),
  'a wrong checksum': Buffer.concat([table, Buffer.from(entry).fill('9', 150, 151), tarEnd]),
  'other content': Buffer.concat([table, tarEntry(row.name, 'jello'), tarEnd]),
  'padding that hides bytes': Buffer.concat([table, Buffer.from(entry).fill('x', 1000, 1024), tarEnd]),
  'a table after the file': Buffer.concat([entry, table, tarEnd]),
  'two tables': Buffer.concat([table, table, tarEnd]),
  'an entry more': longer,
  'an entry after the end': Buffer.concat([valid, entry]),
  'bytes after the end': Buffer.concat([valid, Buffer.from('x')]),
  'empty blocks after the end': Buffer.concat([valid, Buffer.alloc(8192)]),
  'one empty block at the end': valid.subarray(0, -512),
  'no end': valid.subarray(0, -1024),
  'no file': Buffer.concat([table, tarEnd]),
  'half a file': Buffer.concat([table, entry.subarray(0, 515)]),
  'no table': tarEnd,
  nothing: Buffer.alloc(0),
  'gzip inside': gzipSync(valid),
  'files in another order': Buffer.concat([
    tableEntry([row, other]),
    tarEntry(other.name, 'world'),
    tarEntry(row.name, 'hello'),
    tarEnd,
  ]),
  'one file twice': Buffer.concat([tableEntry([row, other]), entry, entry, tarEnd]),
})) {
  test(`a segment with ${what} is damaged`, async (t) => {
    await failsWith(t, 'damaged-bundle', () => unpackPlain(plain))
    // Also where the declared size is that of the table's layout, so that the reader itself has to notice.
    await failsWith(t, 'damaged-bundle', () => unpackPlain(plain, ignore, { plainSize: valid.length }))
  })
}

test('a pax header cannot give a file another name or size', (t) => {
  const body = Buffer.from('22 path=../../.bashrc\n')
  const pax = Buffer.concat([headerBlock({ path: 'pax', size: body.length, type: 'ExtendedHeader' }), body])
  const smuggling = { ...row, size: 1024 }
  const plain = Buffer.concat([
    tableEntry([smuggling]),
    pax,
    Buffer.alloc(1024 - pax.length),
    entry.subarray(512),
    tarEnd,
  ])
  return failsWith(t, 'unsafe-bundle', () => unpackPlain(plain), /ExtendedHeader/)
})

test('a wrong digest of the whole is damaged though every file is right', (t) =>
  failsWith(t, 'damaged-bundle', () =>
    unpackSegment(chunked(brotli(valid)), ignore, { plainSize: valid.length, plainSha256: digest('x') }),
  ))

test('content with a wrong digest never ends cleanly in the hands of the handler, and cannot be swallowed', async (t) => {
  const plain = Buffer.concat([table, tarEntry(row.name, 'jello'), tarEnd])
  let clean = false
  const swallowing = {
    pieces() {},
    async piece(_row: PieceRow, content: AsyncIterable<Uint8Array>) {
      try {
        await collect(content)
        clean = true
      } catch {}
    },
  }
  await failsWith(t, 'damaged-bundle', () => unpackPlain(plain, swallowing), /wrong digest/)
  t.false(clean)
})

test('bytes after the brotli stream are damaged', async (t) => {
  const more = Buffer.concat([brotli(valid), Buffer.from('x')])
  await failsWith(t, 'damaged-bundle', () => unpackPlain(valid, ignore, { compressed: chunked(more) }))
  const apart = async function* () {
    yield brotli(valid)
    yield Buffer.from('x')
    yield Buffer.alloc(100_000)
  }
  await failsWith(t, 'damaged-bundle', () => unpackPlain(valid, ignore, { compressed: apart() }))
})

test('a cut brotli stream is damaged', async (t) => {
  const whole = brotli(valid)
  for (const length of [0, 1, whole.length >> 1, whole.length - 1]) {
    await failsWith(t, 'damaged-bundle', () =>
      unpackPlain(valid, ignore, { compressed: chunked(whole.subarray(0, length)) }),
    )
  }
})

test('a bomb ends at the declared size', async (t) => {
  const size = 2 ** 20
  const head = Buffer.concat([tableEntry([{ ...row, size }]), headerBlock({ path: row.name, size })])
  const compressed = brotli(Buffer.concat([head, Buffer.alloc(16 * size)]))
  t.true(compressed.length < 10_000)
  let given = 0
  const counting = {
    pieces() {},
    async piece(_row: PieceRow, content: AsyncIterable<Uint8Array>) {
      for await (const chunk of content) given += chunk.length
    },
  }
  const plainSize = head.length + size + 1024
  await failsWith(t, 'damaged-bundle', () =>
    unpackPlain(valid, counting, { compressed: chunked(compressed), plainSize }),
  )
  t.true(given <= size)
})

test('a segment that declares more than allowed is unsafe before anything is read', async (t) => {
  const untouched: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]() {
      throw new Error('was read')
    },
  }
  await failsWith(t, 'unsafe-bundle', () =>
    unpackPlain(valid, ignore, { compressed: untouched, plainSize: 2 * 1024 ** 3 + 1 }),
  )
})

test('a table of enormous size is refused by its header', async (t) => {
  const head = headerBlock({ path: 'pieces.json', size: 2 ** 31 })
  await failsWith(t, 'unsafe-bundle', () =>
    unpackPlain(Buffer.concat([head, Buffer.alloc(4096)]), ignore, { plainSize: 2 ** 30 }),
  )
})

test('as many entries as allowed are read, and one more is refused', async (t) => {
  const rows = Array.from({ length: 500 }, (_, at) => source(`tasks/${at}.json`, '').row)
  const entries = rows.map(({ name }) => headerBlock({ path: name, size: 0 }))
  const plain = Buffer.concat([tableEntry(rows), ...entries, tarEnd])
  const limited = (maxPieces: number) =>
    unpackPlain(plain, ignore, { limits: { ...defaultLimits, maxPieces } })
  t.is((await limited(500)).length, 500)
  await failsWith(t, 'unsafe-bundle', () => limited(499), /500 rows/)
})

test('100,000 entries that the table does not name are refused without looking at them', (t) => {
  const start = Buffer.concat([table, ...Array.from({ length: 100 }, () => entry)])
  const plainSize = table.length + 100_000 * entry.length + tarEnd.length
  return failsWith(t, 'damaged-bundle', () => unpackPlain(start, ignore, { plainSize }), /its table/)
})

test('random and mutated streams are refused, never more', async (t) => {
  const compressed = brotli(valid)
  const options = { numRuns: 100 }
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), (bytes) =>
      survives(() => unpackPlain(valid, ignore, { compressed: chunked(bytes) })),
    ),
    options,
  )
  await fc.assert(
    fc.asyncProperty(mutated(compressed), (bytes) =>
      survives(() => unpackPlain(valid, ignore, { compressed: chunked(bytes) })),
    ),
    options,
  )
  await fc.assert(
    fc.asyncProperty(mutated(valid), (bytes) => survives(() => unpackPlain(bytes))),
    options,
  )
  t.pass()
})

test('no mutation of a tar stream is accepted, whatever digest is declared for it', async (t) => {
  await fc.assert(
    fc.asyncProperty(mutated(valid), async (bytes) => {
      const accepted = await unpackPlain(bytes).then(
        () => true,
        () => false,
      )
      return accepted === (Buffer.compare(bytes, valid) === 0)
    }),
    { numRuns: 100 },
  )
  t.pass()
})
