/** The list of what was removed: an inverse of redaction, and hostile ones. */

import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import { asSha256, parseSessionId } from '../../src/model.ts'
import {
  applyPatches,
  type Edit,
  encodeEdit,
  encodePatchHead,
  encodePieceEnd,
  encodePieceStart,
  type PatchItem,
  parsePatches,
} from '../../src/redact/patch.ts'
import { chunksOf, redactAll, token } from './support.ts'

const subject = { session: parseSessionId('3f2a91c4-5d1e-4c7b-9a60-2b8e7f410c55'), segment: '0003' }
const digest = (bytes: Uint8Array) => asSha256(createHash('sha256').update(bytes).digest('hex'))

function encodeList(piece: number, edits: readonly Edit[], original: Uint8Array): Buffer {
  const end = { piece, edits: edits.length, size: original.length, sha256: digest(original) }
  return Buffer.concat([
    encodePatchHead(subject),
    encodePieceStart(piece),
    ...edits.map(encodeEdit),
    encodePieceEnd(end),
  ])
}

async function readAll(list: Uint8Array, chunkBytes = 50): Promise<readonly PatchItem[]> {
  const items: PatchItem[] = []
  for await (const item of parsePatches(chunksOf(list, chunkBytes), subject)) items.push(item)
  return items
}

async function restore(redacted: Uint8Array, list: Uint8Array, chunkBytes = 50): Promise<Buffer> {
  const parts: Uint8Array[] = []
  const items = parsePatches(chunksOf(list, chunkBytes), subject)
  for await (const part of applyPatches(chunksOf(redacted, chunkBytes), items)) parts.push(Buffer.from(part))
  return Buffer.concat(parts)
}

test('what redaction does to a transcript is undone to the byte', async (t) => {
  const part = fc.constantFrom(
    'plain é',
    token,
    'password: "correct7horse"',
    '\n',
    '"',
    '\\',
    '😀',
    'x'.repeat(300),
  )
  const row = fc.record({
    type: fc.constantFrom('user', 'api-request', 'assistant'),
    message: fc.array(
      fc.record({
        type: fc.constantFrom('text', 'thinking'),
        text: fc.array(part).map((all) => all.join(' ')),
      }),
    ),
  })
  const content = fc.array(
    fc.oneof(
      row.map((value) => JSON.stringify(value)),
      fc.constantFrom('', 'torn {', `{"a":"${token}`),
    ),
  )
  const property = fc.asyncProperty(content, fc.integer({ min: 1, max: 100 }), async (rows, chunkBytes) => {
    const original = Buffer.from(rows.map((each) => `${each}\n`).join(''))
    const { output, edits } = await redactAll('session.jsonl', original)
    if (edits.length === 0) return output.equals(original)
    return (await restore(output, encodeList(0, edits, original), chunkBytes)).equals(original)
  })
  await t.notThrowsAsync(async () => fc.assert(property, { numRuns: 40 }))
})

const sample: readonly Edit[] = [
  { at: 2, length: 3, original: Buffer.from('secret\n') },
  { at: 5, length: 0, original: Buffer.from('{}') },
  { at: 9, length: 1, original: new Uint8Array(0) },
]
const redacted = Buffer.from('abXYZfghiJk')
const original = Buffer.from('absecret\n{}fghik')

test('edits are read back as they were written', async (t) => {
  const items = await readAll(encodeList(4, sample, original), 3)
  t.deepEqual(
    items.map((item) =>
      item.kind === 'edit' ? { ...item.edit, original: Buffer.from(item.edit.original) } : item.end.piece,
    ),
    [...sample.map((edit) => ({ ...edit, original: Buffer.from(edit.original) })), 4],
  )
  t.true((await restore(redacted, encodeList(4, sample, original))).equals(original))
})

const head = Buffer.from(encodePatchHead(subject)).toString()
const list = encodeList(0, sample, original).toString('latin1')
const bad: readonly (readonly [string, string])[] = [
  ['empty', ''],
  ['another session', list.replace('3f2a', '4f2a')],
  ['another segment', list.replace('0003', '0004')],
  ['no version', list.replace('"v":1,', '')],
  ['another spelling', list.replace('{"piece":0}', '{"piece": 0}')],
  ['one more member', list.replace('{"piece":0}', '{"piece":0,"x":1}')],
  ['a prototype', list.replace('{"piece":0}', '{"__proto__":{"piece":0}}')],
  ['a negative place', list.replace('"at":2', '"at":-2')],
  ['a broken number', list.replace('"at":2', '"at":2.5')],
  ['edits that overlap', list.replace('"at":5', '"at":4')],
  ['a size beyond the end', list.replace('"size":7', '"size":7000')],
  ['a size beyond all bounds', list.replace('"size":7', '"size":9007199254740991')],
  ['a wrong count', list.replace('"edits":3', '"edits":2')],
  ['a piece twice', list + list.slice(head.length)],
  ['no end', list.slice(0, list.indexOf('{"end"'))],
  ['an endless line', `${head}${' '.repeat(5000)}`],
  ['no last line feed', list.slice(0, -1)],
  [
    'a piece without edits',
    `${head}{"piece":0}\n{"end":0,"edits":0,"size":0,"sha256":"${'0'.repeat(64)}"}\n`,
  ],
]

for (const [what, text] of bad) {
  test(`a list is refused for ${what}`, async (t) => {
    await t.throwsAsync(readAll(Buffer.from(text, 'latin1')), { code: 'damaged-bundle' })
  })
}

test('the example of the format page is one', async (t) => {
  const page = await readFile(path.resolve(import.meta.dirname, '../../../docs/format.md'), 'utf8')
  const [, example = ''] = /## Removed parts[\s\S]*?```\n([\s\S]*?)```/.exec(page) ?? []
  const items = await readAll(Buffer.from(example))
  const before = '{"type":"user","message":"I am s3cr3t! and this is a row"}\n'
  const after = before.replace('s3cr3t!', '[REDACTED:known-value:1a2b]')
  t.is(items.length, 2)
  t.is((await restore(Buffer.from(after), Buffer.from(example))).toString(), before)
})

test('a later version says so', async (t) => {
  await t.throwsAsync(readAll(Buffer.from(list.replace('"v":1', '"v":2'))), { code: 'format-too-new' })
})

test('bytes that do not lead to the original are refused', async (t) => {
  const good = encodeList(0, sample, original)
  await t.throwsAsync(restore(Buffer.from('abXYZfghiJK'), good), { code: 'damaged-bundle' })
  await t.throwsAsync(restore(Buffer.from('abXYZfghi'), good), { code: 'damaged-bundle' })
  await t.throwsAsync(restore(Buffer.from('ab'), good), { code: 'damaged-bundle' })
  await t.throwsAsync(restore(redacted, encodeList(0, sample, Buffer.from('else'))), {
    code: 'damaged-bundle',
  })
})

test('any bytes are refused or read, and never more than they say', async (t) => {
  const property = fc.asyncProperty(
    fc.uint8Array({ maxLength: 80 }),
    fc.nat(list.length),
    async (noise, at) => {
      const bytes = Buffer.concat([Buffer.from(list, 'latin1').subarray(0, at), noise])
      const error = await readAll(bytes).then(
        () => undefined,
        (reason: unknown) => reason,
      )
      return (
        error === undefined ||
        (error instanceof Error &&
          'code' in error &&
          /^(?:damaged-bundle|format-too-new)$/.test(String(error.code)))
      )
    },
  )
  await t.notThrowsAsync(async () => fc.assert(property, { numRuns: 200 }))
})
