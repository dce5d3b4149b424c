import test from 'ava'
import fc from 'fast-check'
import { type Agents, type Conversed, readConversation } from '../../src/review/conversation.ts'
import { createPaging, entriesOf, viewPage } from '../../src/review/pages.ts'
import { placeLines } from '../../src/review/placed-lines.ts'

const row = (n: number, content: unknown, type = 'user', more: object = {}) => ({
  type,
  uuid: `u${n}`,
  timestamp: new Date(Date.UTC(2026, 10, 20) + n * 1000).toISOString(),
  message: { role: type, content },
  ...more,
})

const text = (rows: readonly object[]) => rows.map((each) => `${JSON.stringify(each)}\n`).join('')

async function* chunks(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function* bare(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for await (const { line } of placeLines(chunks(bytes, 1000), 0)) yield line
}

async function all<T>(source: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = []
  for await (const each of source) found.push(each)
  return found
}

const linesOf = (of: string) =>
  async function* () {
    for (const line of of.trimEnd().split('\n')) yield Buffer.from(line)
  }

/** Prompts, answers, results, rows that are none, and calls of subagents with transcripts of their own. */
const talk = fc.array(
  fc.oneof(
    fc.constant('prompt' as const),
    fc.constant('answer' as const),
    fc.constant('call' as const),
    fc.constant('agent' as const),
    fc.constant('noise' as const),
    fc.constant('broken' as const),
  ),
  { maxLength: 400 },
)

function told(kinds: readonly string[]): { readonly bytes: Buffer; readonly agents: Agents } {
  const agents = new Map<string, () => AsyncIterable<Uint8Array>>()
  const lines = kinds.map((kind, n) => {
    if (kind === 'prompt') return text([row(n, `ask ${n}`)])
    if (kind === 'answer') return text([row(n, [{ type: 'text', text: `say ${n}` }], 'assistant')])
    if (kind === 'noise') return text([{ type: 'mode', n }])
    if (kind === 'broken') return '{"type":\n'
    // Few ids, so that some calls come again: each subagent is told once.
    const id = kind === 'agent' ? `a${n % 7}` : `t${n}`
    const asides = Array.from({ length: n % 90 }, (_, at) =>
      row(at, `aside ${at}`, 'user', { isSidechain: true }),
    )
    if (kind === 'agent') agents.set(id, linesOf(text(asides)))
    const call = row(n, [{ type: 'tool_use', id, name: 'Agent', input: {} }], 'assistant')
    return text([call, row(n, [{ type: 'tool_result', tool_use_id: id, content: `done ${n}` }])])
  })
  return { bytes: Buffer.from(lines.join('')), agents }
}

test('pages hold every entry once and in order, also when the transcript came bit by bit', async (t) => {
  await fc.assert(
    fc.asyncProperty(talk, fc.array(fc.nat(1000), { maxLength: 4 }), async (kinds, cuts) => {
      const { bytes, agents } = told(kinds)
      const expected = await all(readConversation(bare(bytes), { agents }))
      const paging = createPaging({ roots: [], rows: null })
      const ends = [
        ...cuts.map((cut) => Math.floor((bytes.length * cut) / 1000)).sort((a, b) => a - b),
        bytes.length,
      ]
      for (const end of ends) {
        const part = bytes.subarray(paging.end, end)
        await paging.extend(placeLines(chunks(part, 700), paging.end), agents)
      }
      const pages: (readonly Conversed[])[] = []
      for (const page of paging.pages) {
        const lines = placeLines(chunks(bytes.subarray(page.offset), 900), page.offset)
        pages.push(await all(entriesOf(page, lines, paging.agentsFrom(page, agents))))
      }
      t.deepEqual(pages.flat(), expected)
      t.is(paging.end, bytes.length)
      t.deepEqual(
        paging.pages.map(({ first, last }) => [first, last]),
        pages.map((entries) => {
          const numbers = entries.flatMap(({ number }) => (number === null ? [] : [number]))
          return [numbers[0] ?? null, numbers.at(-1) ?? null]
        }),
      )
      t.true(pages.every((entries) => entries.length > 0 && entries.length <= 160))
    }),
    { numRuns: 12 },
  )
})

test('of a range of rows only these are in the pages, with the numbers that they have in the whole', async (t) => {
  const rows = Array.from({ length: 10 }, (_, n) => row(n, `ask ${n}`))
  const bytes = Buffer.from(text(rows))
  const paging = createPaging({ roots: [], rows: [3, 5] })
  await paging.extend(placeLines(chunks(bytes, 100), 0), new Map())
  const [page] = paging.pages
  t.is(paging.pages.length, 1)
  t.deepEqual(
    paging.prompts.map(({ number, text, page, uuid }) => ({ number, text, page, uuid })),
    [4, 5, 6].map((number) => ({ number, text: `ask ${number - 1}`, page: 0, uuid: `u${number - 1}` })),
  )
  t.is(paging.stats().turns, 3)
  if (!page) return t.fail('there is no page')
  const lines = placeLines(chunks(bytes.subarray(page.offset), 100), page.offset)
  const shown = await viewPage(entriesOf(page, lines, new Map()), [])
  t.deepEqual(
    shown.map(({ number }) => number),
    [4, 5, 6],
  )
})

test('a line that is still being written is left for later', async (t) => {
  const bytes = Buffer.from(`${text([row(1, 'whole')])}{"type":"us`)
  const paging = createPaging({ roots: [], rows: null })
  await paging.extend(placeLines(chunks(bytes, 10), 0), new Map())
  t.is(paging.messages, 1)
  t.is(bytes.subarray(paging.end).toString(), '{"type":"us')
})
