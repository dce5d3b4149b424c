/** What the tests of this folder share: files in memory, raw tar blocks, arbitrary values, a check for our errors. */

import { createHash } from 'node:crypto'
import type { ExecutionContext } from 'ava'
import fc from 'fast-check'
import type { PieceSource } from '../../src/bundle/plan.ts'
import { type ErrorCode, TeleportError } from '../../src/errors.ts'
import {
  type DeviceId,
  isDeviceId,
  isOid,
  isSha256,
  type LocalFile,
  type Oid,
  type Origin,
  type PieceRow,
  parseSessionId,
  type SegmentRow,
  type Sha256,
} from '../../src/model.ts'

export const session = parseSessionId('3f2a91c4-5d1e-4c7b-9a60-2b8e7f410c55')
export const ada = device('a'.repeat(26))
export const bob = device('b'.repeat(26))

export function device(text: string): DeviceId {
  if (isDeviceId(text)) return text
  throw new Error(text)
}

export function oid(digit: string): Oid {
  const text = digit.repeat(40)
  if (isOid(text)) return text
  throw new Error(text)
}

export function digest(bytes: Uint8Array | string): Sha256 {
  const text = createHash('sha256').update(bytes).digest('hex')
  if (isSha256(text)) return text
  throw new Error(text)
}

export const adasLaptop: Origin = {
  device: ada,
  host: 'laptop',
  principal: 'ada@example.org',
  platform: 'posix',
  home: '/home/ada',
  config: '/home/ada/.claude',
  root: '/home/ada/work/widget',
  cwd: '/home/ada/work/widget',
  projectDir: '-home-ada-work-widget',
}

export const bobsDesktop: Origin = {
  device: bob,
  host: 'desktop',
  principal: 'bob@example.org',
  platform: 'win32',
  home: 'C:\\Users\\bob',
  config: 'C:\\Users\\bob\\.claude',
  root: 'C:\\src\\widget',
  cwd: 'C:\\src\\widget',
  projectDir: 'C--src-widget',
}

export function segmentRow(number: number, over: Partial<SegmentRow> = {}): SegmentRow {
  return {
    name: String(number).padStart(4, '0'),
    seq: [number, number],
    by: ada,
    origin: 0,
    codec: 'tar+brotli',
    parts: 1,
    sizes: [1234, 5632],
    sha256: [digest(`cipher ${number}`), digest(`plain ${number}`)],
    ...over,
  }
}

/** A file in memory that yields its bytes in pieces of `step`. */
export function localFile(
  name: string,
  content: Uint8Array | string,
  over: Partial<LocalFile> = {},
  step = 7,
): LocalFile {
  const bytes = Buffer.from(content)
  return {
    name,
    localPath: `/local/${name}`,
    size: bytes.length,
    async *read(start, end) {
      for (let at = start; at < end; at += step) yield bytes.subarray(at, Math.min(end, at + step))
    },
    ...over,
  }
}

/** A source of one `whole` first generation, unless `over` says otherwise. */
export function source(
  name: string,
  content: string | Uint8Array,
  over: Partial<PieceRow> = {},
): PieceSource {
  const bytes = Buffer.from(content)
  return {
    row: { name, gen: 1, op: 'whole', at: 0, size: bytes.length, sha256: digest(bytes), ...over },
    async *read() {
      yield bytes
    },
  }
}

export async function collect(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all)
}

/** The bytes in pieces of `step`. */
export async function* chunked(bytes: Uint8Array, step = 1000): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step)
}

export async function failsWith(
  t: ExecutionContext,
  code: ErrorCode,
  work: () => unknown,
  message?: RegExp,
): Promise<void> {
  const error = await t.throwsAsync(async () => work(), { instanceOf: TeleportError })
  t.is(error?.code, code, error?.message)
  if (message) t.regex(error?.message ?? '', message)
}

/** For fuzzing: nothing but our own refusal may come out. */
export async function survives(work: () => unknown): Promise<boolean> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof TeleportError) || error.code === 'bug') throw error
  }
  return true
}

/** What JSON keeps of a value. */
export const saved = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

/** Feeds `parse` what is still JSON of a record whose bytes were changed. */
export async function survivesDamage(record: unknown, parse: (value: unknown) => unknown): Promise<void> {
  await fc.assert(
    fc.asyncProperty(mutated(Buffer.from(JSON.stringify(record))), (bytes) => {
      const value = jsonIn(bytes)
      fc.pre(value !== undefined)
      return survives(() => parse(value))
    }),
    { numRuns: 300 },
  )
}

/** `undefined` where it is none. */
function jsonIn(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString())
  } catch {
    return undefined
  }
}

/** Valid bytes with a few of them changed, cut out or doubled. */
export function mutated(valid: Uint8Array): fc.Arbitrary<Uint8Array> {
  const edit = fc.record({
    at: fc.nat(Math.max(0, valid.length - 1)),
    kind: fc.constantFrom('flip', 'cut', 'double', 'insert'),
    byte: fc.nat(255),
    span: fc.integer({ min: 1, max: 40 }),
  })
  return fc.array(edit, { minLength: 1, maxLength: 4 }).map((edits) =>
    edits.reduce<Buffer>((bytes, { at, kind, byte, span }) => {
      const head = bytes.subarray(0, at)
      const tail = bytes.subarray(at)
      if (kind === 'flip') return Buffer.concat([head, Buffer.from([byte]), tail.subarray(1)])
      if (kind === 'cut') return Buffer.concat([head, tail.subarray(span)])
      if (kind === 'double') return Buffer.concat([head, tail.subarray(0, span), tail])
      return Buffer.concat([head, Buffer.alloc(span, byte), tail])
    }, Buffer.from(valid)),
  )
}

export const logicalNames = [
  'session.jsonl',
  'history.jsonl',
  'session-subdir/subagents/agent-a1.jsonl',
  'session-subdir/subagents/agent-a1.meta.json',
  'session-subdir/subagents/workflows/wf_1/journal.jsonl',
  'session-subdir/tool-results/toolu_01.txt',
  `session-subdir/tool-results/${'n'.repeat(116)}.txt`,
  'session-subdir/tool-results/pdf-1/page-01.jpg',
  'file-history/0123456789abcdef@v1',
  'tasks/1.json',
  'todos/agent-a1.json',
  'plans/calm-river.md',
  'uploads/notes.txt',
  'paste-cache/0123456789abcdef.txt',
  'session-env/sessionstart-hook-0.sh',
] as const

/** Any text that can be said in JSON, lone surrogates included. */
export const anyText = fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text.replaceAll('\0', ''))
export const anySha256 = fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => digest(bytes))
export const anyTime = fc
  .date({ min: new Date('2000-01-01'), max: new Date('2099-01-01'), noInvalidDate: true })
  .map((date) => `${date.toISOString().slice(0, 19)}Z`)
export const anyOid = fc.constantFrom(...'0123456789abcdef').map(oid)

/** A log of legal rows: for each pick, the next thing that can happen to that file. */
export const anyLog: fc.Arbitrary<readonly PieceRow[]> = fc
  .array(
    fc.record({
      name: fc.constantFrom(...logicalNames),
      op: fc.constantFrom('append', 'append', 'append', 'whole', 'gone'),
      content: fc.string({ minLength: 1, maxLength: 30 }),
    }),
    { maxLength: 25 },
  )
  .map((picks) => {
    const files = new Map<string, { gen: number; size: number; gone: boolean }>()
    return picks.flatMap(({ name, op, content }): PieceRow[] => {
      const file = files.get(name)
      const size = Buffer.byteLength(content)
      const gen = (file?.gen ?? 0) + 1
      if (!file || file.gone || op === 'whole') {
        files.set(name, { gen, size, gone: false })
        return [{ name, gen, op: 'whole', at: 0, size, sha256: digest(content) }]
      }
      if (op === 'gone') {
        files.set(name, { gen, size: 0, gone: true })
        return [{ name, gen, op: 'gone', at: 0, size: 0, sha256: digest('') }]
      }
      files.set(name, { ...file, size: file.size + size })
      return [{ name, gen: file.gen, op: 'append', at: file.size, size, sha256: digest(content) }]
    })
  })
