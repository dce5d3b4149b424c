import test from 'ava'
import fc from 'fast-check'
import { digestConversation, parseDigest } from '../../src/review/digest.ts'
import { findWords } from '../../src/review/find-words.ts'

const text = (words: string) => ({ number: 1, uuid: 'u', time: '', kind: 'prompt' as const, text: words })
const excerpts = (words: string, ...wanted: string[]) =>
  findWords([text(words)], wanted).map(({ excerpt }) => excerpt)

async function* linesOf(rows: readonly object[]): AsyncGenerator<Uint8Array> {
  for (const row of rows) yield Buffer.from(JSON.stringify(row))
}

test('all words must be there, whatever their case; one with blanks is a phrase', (t) => {
  t.deepEqual(excerpts('Retry the\n  upload', 'UPLOAD', 'retry'), ['Retry the upload'])
  t.deepEqual(excerpts('Retry the upload', 'retry upload'), [])
  t.deepEqual(excerpts('Retry the\nupload', 'the  upload'), ['Retry the upload'])
  t.deepEqual(excerpts('Cafe\u0301 İstanbul', 'café'), ['Café İstanbul'])
  t.deepEqual(excerpts('anything', ' '), [])
})

test('an excerpt shows the words, and says where they stand in it', (t) => {
  const [match] = findWords([text(`${'a '.repeat(500)}needle in a haystack`)], ['Needle'])
  t.is(match?.excerpt.length, 60)
  t.deepEqual(
    match?.places.map(([from, to]) => match.excerpt.slice(from, to)),
    ['needle'],
  )
})

test('places are within the excerpt and never overlap', (t) => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.array(fc.string({ unit: 'binary', maxLength: 3 })),
      (line, words) => {
        for (const { excerpt, places } of findWords([text(`${line}${words.join(' ')}`)], words)) {
          let last = 0
          for (const [from, to] of places) {
            t.true(from >= last && to > from && to <= excerpt.length)
            last = to
          }
        }
      },
    ),
  )
})

test('a digest holds prompts, answers, calls and files, and neither results nor thinking', async (t) => {
  const answer = (...content: object[]) => ({
    type: 'assistant',
    uuid: 'a',
    message: { role: 'assistant', content },
  })
  const rows = [
    { type: 'user', uuid: 'p', message: { role: 'user', content: 'First?' } },
    answer({ type: 'thinking', thinking: 'secretly' }, { type: 'text', text: 'Yes.' }),
    answer({ type: 'tool_use', id: 't', name: 'Read', input: { file_path: '/top/src/a.ts' } }),
    {
      type: 'user',
      message: { content: [{ type: 'tool_result', tool_use_id: 't', content: 'result text' }] },
    },
    { type: 'user', isMeta: true, message: { content: 'hidden words' } },
    { type: 'user', message: { content: 'Last.' } },
  ]
  const digest = await digestConversation(linesOf(rows), ['/top'])
  t.like(digest, { first: 'First?', last: 'Last.', messages: 5, files: ['src/a.ts'] })
  t.deepEqual(
    digest.texts.map(({ number, kind, text: words }) => [number, kind, words]),
    [
      [1, 'prompt', 'First?'],
      [2, 'answer', 'Yes.'],
      [3, 'call', '[Read] /top/src/a.ts'],
      [5, 'prompt', 'Last.'],
    ],
  )
  t.deepEqual(parseDigest(JSON.parse(JSON.stringify(digest))), digest)
  for (const wrong of [null, {}, { ...digest, files: [1] }, { ...digest, texts: [{}] }])
    t.is(parseDigest(wrong), undefined)
})
