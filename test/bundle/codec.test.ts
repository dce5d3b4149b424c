/** Bounded decompression, and streams that end when their reader does. */

import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib'
import test from 'ava'
import fc from 'fast-check'
import { compressBrotli, compressGzip, decompressBrotli, decompressGzip } from '../../src/bundle/codec.ts'
import { chunked, collect, failsWith } from './support.ts'
import { brotli } from './tars.ts'

test('what is compressed comes back, by us and by others', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 5000 }),
      fc.integer({ min: 1, max: 900 }),
      async (bytes, step) => {
        const plain = Buffer.from(bytes)
        const small = await collect(compressBrotli(chunked(plain, step), plain.length))
        const zipped = await collect(compressGzip(chunked(plain, step)))
        t.deepEqual(brotliDecompressSync(small), plain)
        t.deepEqual(gunzipSync(zipped), plain)
        t.deepEqual(await collect(decompressBrotli(chunked(small, step), plain.length, 'it')), plain)
        t.deepEqual(await collect(decompressGzip(chunked(zipped, step), plain.length, 'it')), plain)
      },
    ),
    { numRuns: 25 },
  )
})

for (const [name, bomb, decompress] of [
  ['brotli', brotli(Buffer.alloc(8 * 2 ** 20)), decompressBrotli],
  ['gzip', gzipSync(Buffer.alloc(8 * 2 ** 20)), decompressGzip],
] as const) {
  test(`a ${name} bomb hands out no more than it may`, async (t) => {
    let given = 0
    await failsWith(t, 'damaged-bundle', async () => {
      for await (const chunk of decompress(chunked(bomb), 100_000, 'it')) given += chunk.length
    })
    t.true(given <= 100_000)
  })

  test(`a reader that leaves ends the source of a ${name} stream`, async (t) => {
    const ended = new Promise<boolean>((resolve) => {
      const source = async function* () {
        try {
          for (;;) yield bomb.subarray(0, 100)
        } finally {
          resolve(true)
        }
      }
      void (async () => {
        for await (const _ of decompress(source(), 2 ** 30, 'it')) break
      })()
    })
    t.true(await ended)
  })
}

test('the exact limit is allowed, one byte less is not', async (t) => {
  const small = brotliCompressSync(Buffer.from('hello'))
  t.is((await collect(decompressBrotli([small], 5, 'it'))).toString(), 'hello')
  await failsWith(t, 'damaged-bundle', () => collect(decompressBrotli([small], 4, 'it')))
})
