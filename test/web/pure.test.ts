/** What the pages compute: Markdown as a tree, changes as rows, where words and messages are. */

import test from 'ava'
import fc from 'fast-check'
import type { ViewMessage } from '../../src/review/view.ts'
import { oneAtATime } from '../../src/web/app/one-at-a-time.ts'
import { whileSeen } from '../../src/web/app/while-seen.ts'
import { diffRows } from '../../src/web/conversation/diff-rows.ts'
import { splitFences } from '../../src/web/conversation/fences.ts'
import { findWords } from '../../src/web/conversation/find.ts'
import { highlightCode, languageOf } from '../../src/web/conversation/highlight.ts'
import { parseMarkdown } from '../../src/web/conversation/markdown.ts'
import { parseInline } from '../../src/web/conversation/markdown-inline.ts'
import { anchorOf, indexIn, placeNamed } from '../../src/web/conversation/places.ts'
import { webAddress } from '../../src/web/conversation/web-address.ts'
import { injections, links, markup } from '../support/injection-corpus.ts'

test('answers are read as Markdown', (t) => {
  t.deepEqual(
    parseMarkdown('# Plan\n\nDo *this*, **then** `that`:\n\n1. one\n2. two\n   - inner\n\n> quoted'),
    [
      { kind: 'heading', level: 1, inline: ['Plan'] },
      {
        kind: 'paragraph',
        inline: [
          'Do ',
          { kind: 'em', inline: ['this'] },
          ', ',
          { kind: 'strong', inline: ['then'] },
          ' ',
          { kind: 'code', text: 'that' },
          ':',
        ],
      },
      {
        kind: 'list',
        start: 1,
        items: [
          [{ kind: 'paragraph', inline: ['one'] }],
          [
            { kind: 'paragraph', inline: ['two'] },
            { kind: 'list', start: null, items: [[{ kind: 'paragraph', inline: ['inner'] }]] },
          ],
        ],
      },
      { kind: 'quote', blocks: [{ kind: 'paragraph', inline: ['quoted'] }] },
    ],
  )
  t.deepEqual(parseMarkdown('```ts\nconst a = "*b*"\n```\nafter'), [
    { kind: 'code', language: 'ts', info: '', text: 'const a = "*b*"' },
    { kind: 'paragraph', inline: ['after'] },
  ])
  t.like(parseMarkdown('| a | b |\n| --- | --- |\n| 1 | x\\|y |'), {
    0: { kind: 'table', rows: [[['1'], ['x|y']]] },
  })
  t.deepEqual(parseMarkdown('## a # b ##  \n# ##'), [
    { kind: 'heading', level: 2, inline: ['a # b'] },
    { kind: 'heading', level: 1, inline: ['##'] },
  ])
  // What other readers of Markdown leave out stands there too.
  t.like(parseMarkdown('``` JS title="a.js"\n```'), { 0: { language: 'js', info: 'JS title="a.js"' } })
  t.like(parseMarkdown('| a |\n| - |\n| 1 | 2 |'), { 0: { rows: [[['1'], ['2']]] } })
  t.like(parseMarkdown(`| a |\n| - |\n${'|x'.repeat(40)}`), {
    0: { rows: [{ 29: ['x|x|x|x|x|x|x|x|x|x|x'] }] },
  })
  t.like(parseInline('[a](https://b.c "d")'), { 0: { href: 'https://b.c/', title: 'd' } })
  t.deepEqual(parseInline('foo_bar_baz, 2 * 3 * 4, *.ts and *.js'), ['foo_bar_baz, 2 * 3 * 4, *.ts and *.js'])
})

test('a link leads to http or https, and nowhere that it does not show', (t) => {
  t.deepEqual(parseInline('[docs](https://example.com/a_(b)) and https://example.com/x.'), [
    { kind: 'link', href: 'https://example.com/a_(b)', text: 'docs' },
    ' and ',
    { kind: 'link', href: 'https://example.com/x', text: 'https://example.com/x' },
    '.',
  ])
  t.is(webAddress('https://ex\u0430mple.com/'), 'https://xn--exmple-4nf.com/')
  for (const address of [
    'javascript:1',
    'data:text/html,x',
    'https://a:b@c/',
    '//c',
    'https:x',
    ' https://c/',
    'file:///c',
  ])
    t.is(webAddress(address), undefined, address)
  for (const bad of [...links, ...markup])
    for (const { href } of linksIn(parseMarkdown(bad))) t.regex(href, /^https?:\/\/[^@]*$/)
})

function linksIn(value: unknown): readonly { readonly href: string }[] {
  if (typeof value !== 'object' || value === null) return []
  const own = 'href' in value && typeof value.href === 'string' ? [{ href: value.href }] : []
  return [...own, ...Object.values(value).flatMap(linksIn)]
}

test('Markdown keeps its words, whatever they are', (t) => {
  const marks = [
    '**',
    '*',
    '_',
    '`',
    '```',
    '~~~',
    '~~',
    '[',
    '](',
    '](https://example.com "',
    '")',
    'https://',
  ]
  const starts = ['> ', '- ', '1. ', '# ', '|', '| --- |\n', '---', '    ']
  const word = '<word>'
  const pieces = fc.constantFrom(...injections, ...marks, ...starts, '\n', '\n', '\\', ' ', ' ', word, word)
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 30 }), (parts) => {
      // Each word is another one, so that none can stand in for one that is lost.
      const text = parts.map((part, at) => (part === word ? `word${at}x` : part)).join('')
      const said = JSON.stringify(parseMarkdown(text))
      for (const [each] of text.matchAll(/word\d+x/g)) t.true(said.includes(each), text)
    }),
    { numRuns: 100 },
  )
  for (const piece of [
    '*',
    '**a ',
    '_a',
    '`',
    '[',
    '[a](',
    '> ',
    '- ',
    '|a',
    '~~a ',
    'http://',
    '![',
    '\\',
  ]) {
    // What is quadratic in this does not come back before the test's time is over.
    t.true(parseMarkdown(piece.repeat(100_000)).length > 0)
  }
  const blanks = ' '.repeat(200_000)
  for (const line of [`# a${blanks}b`, `# a${blanks}b\u2028`, `# ${'#'.repeat(200_000)}b`, `a|\n-${blanks}x`])
    t.true(parseMarkdown(line).length > 0)
  t.is(parseMarkdown('~~~\n'.repeat(100_000)).length, 50_000)
  t.is(parseMarkdown('a|\n-|-\n'.repeat(50_000)).length, 1)
  // Paragraphs just short enough to be looked into: half a second, where each mark looks for its end anew a quarter of a minute.
  const start = performance.now()
  for (const piece of ['*a ', '**a ', '_a ', '~~a '])
    t.is(parseMarkdown(`${piece.repeat(1900)}\n\n`.repeat(100)).length, 100)
  t.true(performance.now() - start < 10_000)
})

test('what was typed is cut at its fences, however many are never closed', (t) => {
  t.deepEqual(splitFences('look:\n```TS \nconst a = 1\n\n```\nand\n```\n\n```'), [
    'look:',
    { language: 'ts', text: 'const a = 1\n' },
    'and',
    { language: '', text: '' },
  ])
  // A fence needs a line between its ends, and a name is one word.
  t.deepEqual(splitFences('```\n```\nx'), ['```\n```\nx'])
  t.deepEqual(splitFences('```a b\nx\n```'), ['```a b\nx\n```'])
  t.is(splitFences('```a\n '.repeat(100_000)).length, 1)
})

test('lines of a change stand beside each other, with the words that differ', (t) => {
  const rows = diffRows([
    { oldStart: 5, newStart: 5, lines: [' a', '-const one = 1', '-gone', '+const two = 1', ' b'] },
    { oldStart: 50, newStart: 49, lines: ['+new'] },
  ])
  t.deepEqual(
    rows.map(({ kind, before, after }) => [kind, before?.number, after?.number]),
    [
      ['same', 5, 5],
      ['changed', 6, 6],
      ['changed', 7, undefined],
      ['same', 8, 7],
      ['gap', undefined, undefined],
      ['changed', undefined, 49],
    ],
  )
  t.deepEqual(rows[1]?.before?.parts, [
    { text: 'const ', marked: false },
    { text: 'one', marked: true },
    { text: ' = 1', marked: false },
  ])
})

test('words are compared in the rows that are shown, and no row is missing behind them', (t) => {
  const lines = [' a', '-const one = 1', '-const three = 3', '+const two = 1', '+const four = 3', ' b']
  const hunks = [{ oldStart: 5, newStart: 5, lines }]
  const rows = diffRows(hunks, 2)
  t.deepEqual(rows.slice(0, 2), diffRows(hunks).slice(0, 2))
  t.deepEqual(
    rows.map(({ before }) => before?.parts.filter(({ marked }) => marked)),
    [[], [{ text: 'one', marked: true }], [], []],
  )
  t.deepEqual(rows[2]?.before, { number: 7, parts: [{ text: 'const three = 3', marked: false }] })
})

test('a change of hundreds of thousands of lines has rows like any other', (t) => {
  const lines = Array.from({ length: 300_000 }, (_, at) => `+${at}`)
  t.is(diffRows([{ oldStart: 1, newStart: 1, lines }], 2).length, lines.length)
})

test('no line of a change is lost or counted twice', (t) => {
  const line = fc
    .tuple(fc.constantFrom(' ', '-', '+'), fc.string({ maxLength: 8 }))
    .map(([sign, text]) => sign + text)
  fc.assert(
    fc.property(fc.array(line, { maxLength: 20 }), (lines) => {
      const rows = diffRows([{ oldStart: 1, newStart: 1, lines }])
      const side = (of: 'before' | 'after', signs: string) => {
        const sides = rows.flatMap((row) => row[of] ?? [])
        t.deepEqual(
          sides.map(({ number }) => number),
          sides.map((_, at) => at + 1),
        )
        t.deepEqual(
          sides.map(({ parts }) => parts.map(({ text }) => text).join('')),
          lines.filter((each) => signs.includes(each.charAt(0))).map((each) => each.slice(1)),
        )
      }
      side('before', ' -')
      side('after', ' +')
    }),
    { numRuns: 50 },
  )
})

test('code is coloured as a tree that says what the code says', (t) => {
  const wordsOf = (words: ReturnType<typeof highlightCode>): string =>
    words.map((word) => (typeof word === 'string' ? word : wordsOf(word.words))).join('')
  for (const language of ['ts', 'xml', 'bash', ''])
    for (const code of injections) t.is(wordsOf(highlightCode(code, language)), code)
  t.like(highlightCode('const a = 1', 'ts')[0], { scope: 'keyword', words: ['const'] })
  t.is(languageOf('src/a.tsx'), 'tsx')
  t.is(languageOf('docker/Dockerfile'), 'dockerfile')
  t.is(languageOf('notes.txt'), '')
})

const message = (number: number | null, ...blocks: ViewMessage['blocks']): ViewMessage => ({
  ...{ number, depth: 0, kind: 'answer', asked: false, hidden: false, uuid: '', time: '', model: '' },
  blocks,
})
const result = { number: 8, failed: false, body: { text: 'All  green', cut: 0 }, media: [], diff: null }
const call = { id: 't', tool: 'Bash', summary: 'npm test', path: '', inputs: [], result } as const

test('words are found where the reader can see them', (t) => {
  const messages = [
    message(6, { kind: 'thinking', text: 'all green?', cut: 0 }),
    message(7, { kind: 'call', ...call }),
    message(9, { kind: 'text', text: 'Not (all) of it.', cut: 0 }),
  ]
  const all = { tools: true, thinking: true, client: true }
  t.deepEqual(
    findWords(messages, 'ALL green', all).map(({ at, where, words }) => [at, where, words]),
    [
      [0, 'thinking', 'all green'],
      [1, 'tool', 'All  green'],
    ],
  )
  t.is(findWords(messages, 'green', { ...all, tools: false, thinking: false }).length, 0)
  t.like(findWords(messages, '(all)', all), [{ at: 2, before: 'Not ', words: '(all)', after: ' of it.' }])
  t.deepEqual(findWords(messages, '  ', all), [])
})

test('a link names a message by its number, that of a result too', (t) => {
  const page = (first: number, last: number) => ({ first, last, messages: 3 })
  const chapter = { title: '', facts: [], prompts: [] }
  const document = {
    version: 1,
    chapters: [
      { ...chapter, pages: [page(1, 5), page(7, 9)] },
      { ...chapter, pages: [page(3, 4)] },
    ],
  } as const
  t.deepEqual(placeNamed('#m8', document), { chapter: 0, page: 1, wanted: { number: 8 } })
  t.deepEqual(placeNamed('#c2-m3', document), { chapter: 1, page: 0, wanted: { number: 3 } })
  t.deepEqual(placeNamed('#p2-1', document), { chapter: 0, page: 1, wanted: { at: 1 } })
  for (const hash of [
    '',
    '#m6',
    '#m10',
    '#c3-m3',
    '#c2-m1',
    '#p9-1',
    '#m',
    '#m1x',
    '#talk',
    `#m${'9'.repeat(30)}`,
  ])
    t.is(placeNamed(hash, document), undefined, hash)
  const messages = [message(7, { kind: 'call', ...call }), message(null, { kind: 'text', text: 'x', cut: 0 })]
  const place = placeNamed('#m8', document)
  t.is(place && indexIn(messages, place), 0)
  t.is(anchorOf(1, 0, 0, message(7)), 'c2-m7')
  t.is(anchorOf(0, 1, 4, message(null)), 'p2-4')
})

test('what is wanted while it is being done is done once more, and not after the end', async (t) => {
  const leaving = new AbortController()
  const ends: (() => void)[] = []
  const want = oneAtATime(() => new Promise<void>((resolve) => ends.push(resolve)), leaving.signal)
  const end = async () => {
    ends.at(-1)?.()
    // The next one begins when this one has told of its end.
    await new Promise((resolve) => setImmediate(resolve))
  }
  want()
  for (let n = 0; n < 5; n += 1) want()
  t.is(ends.length, 1)
  await end()
  t.is(ends.length, 2)
  await end()
  t.is(ends.length, 2)
  want()
  want()
  t.is(ends.length, 3)
  leaving.abort()
  await end()
  t.is(ends.length, 3)
})

test('what goes on while the page is seen ends when it is hidden, and begins anew', (t) => {
  const listeners = new Set<() => void>()
  const page = {
    hidden: true,
    addEventListener: (_name: string, listener: () => void) => listeners.add(listener),
    removeEventListener: (_name: string, listener: () => void) => listeners.delete(listener),
  }
  const turn = (hidden: boolean) => {
    page.hidden = hidden
    for (const listener of listeners) listener()
  }
  const begun: AbortSignal[] = []
  const going = () => begun.map(({ aborted }) => !aborted)
  const end = whileSeen(page, (signal) => begun.push(signal))
  t.deepEqual(going(), [])
  turn(false)
  turn(false)
  t.deepEqual(going(), [true])
  turn(true)
  t.deepEqual(going(), [false])
  turn(false)
  t.deepEqual(going(), [false, true])
  end()
  t.deepEqual(going(), [false, false])
  turn(false)
  t.is(begun.length, 2)
})
