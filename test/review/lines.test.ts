import test from 'ava'
import fc from 'fast-check'
import { splitLines } from '../../src/review/lines.ts'

async function* chunksOf(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function linesOf(bytes: Uint8Array, size: number, maxBytes?: number): Promise<string[]> {
  const lines: string[] = []
  for await (const line of splitLines(chunksOf(bytes, size), maxBytes))
    lines.push(Buffer.from(line).toString())
  return lines
}

test('lines come out the same however the bytes come in', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.stringMatching(/^[^\n]*$/u)),
      fc.integer({ min: 1, max: 20 }),
      async (lines, size) => {
        const bytes = new TextEncoder().encode(lines.map((line) => `${line}\n`).join(''))
        const clean = lines.map((line) => Buffer.from(line).toString())
        t.deepEqual(await linesOf(bytes, size), clean)
      },
    ),
  )
})

test('a last line without its newline comes too', async (t) => {
  t.deepEqual(await linesOf(Buffer.from('a\n\nb'), 2), ['a', '', 'b'])
})

test('of a line that is too long only the beginning is held', async (t) => {
  t.deepEqual(await linesOf(Buffer.from('123456789\nab\n'), 4, 5), ['123456', 'ab'])
})

test('a chunk whose memory is used again does no harm', async (t) => {
  async function* reused(): AsyncGenerator<Uint8Array> {
    const memory = Buffer.from('abc')
    yield memory
    memory.write('d\ne')
    yield memory
  }
  const lines: string[] = []
  for await (const line of splitLines(reused())) lines.push(Buffer.from(line).toString())
  t.deepEqual(lines, ['abcd', 'e'])
})
