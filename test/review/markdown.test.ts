import test from 'ava'
import fc from 'fast-check'
import { readConversation } from '../../src/review/conversation.ts'
import { exportedMessage, safeJson } from '../../src/review/json-export.ts'
import { hostLimit, renderMarkdown } from '../../src/review/markdown.ts'
import {
  answerMarkdown,
  fencedMarkdown,
  folded,
  htmlText,
  inlineMarkdown,
} from '../../src/review/markdown-text.ts'
import { renderTranscript } from '../../src/review/transcript.ts'
import { hostileAgents, hostileConversation, injections } from '../support/injection-corpus.ts'

async function* linesOf(rows: readonly object[]): AsyncGenerator<Uint8Array> {
  for (const row of rows) yield Buffer.from(JSON.stringify(row))
}

async function markdown(rows: readonly object[], limit = hostLimit, head = '## Session\n'): Promise<string> {
  let text = ''
  for await (const piece of renderMarkdown(readConversation(linesOf(rows), {}), head, limit)) text += piece
  return text
}

const user = (content: unknown, more = {}) => ({ type: 'user', message: { role: 'user', content }, ...more })
const assistant = (...content: unknown[]) => ({ type: 'assistant', message: { role: 'assistant', content } })
const says = (text: string) => assistant({ type: 'text', text })
const call = (id: string, name: string, input: unknown) => assistant({ type: 'tool_use', id, name, input })
const result = (id: string, content: unknown, more = {}) =>
  user([{ type: 'tool_result', tool_use_id: id, content }], more)

/** Letters that no output may hold, whatever reads it. */
const harmful = /[^\P{C}\n]|[\u2028\u2029]/u

const ourTags = /^(?:<details><summary>[^<>]*<\/summary>|<\/details>)$/

/**
 * What a Markdown reader would take for more than words. Goes through the lines as CommonMark does as far as it matters: a
 * quote is `> `, a fence lasts until one at least as long; an escaped sign and a named letter are words.
 */
function complaints(text: string): readonly string[] {
  const wrong: string[] = []
  let fence: { readonly inQuote: boolean; readonly length: number } | undefined
  for (const whole of text.split('\n')) {
    const inQuote = /^>(?: |$)/.test(whole)
    const line = inQuote ? whole.slice(2) : whole
    if (fence && fence.inQuote === inQuote) {
      const [, run = ''] = /^ {0,3}(`+) *$/.exec(line) ?? []
      if (run.length >= fence.length) fence = undefined
      continue
    }
    // A quote that ends takes an open fence with it.
    if (fence) wrong.push(`a fence was left open before: ${whole}`)
    fence = undefined
    const [, run = ''] = /^(`{3,})(?:diff)?$/.exec(line) ?? []
    if (run !== '') {
      fence = { inQuote, length: run.length }
      continue
    }
    if (ourTags.test(whole)) {
      if (/[@#!~%$^]\w/.test(whole.replace(/&#\d+;/g, ' '))) wrong.push(`a reference in a summary: ${whole}`)
      continue
    }
    const bare = line
      .replace(/\\[!-/:-@[-`{-~]/g, 'x')
      .replaceAll('&#8203;', ' ')
      .replace(/&(?:#\d+|amp|lt|gt|nbsp);/g, 'x')
    const own = inQuote
      ? bare.replace(/\\$/, '')
      : bare.replace(/`[0-9a-z]+`|\*\*\w+(?: \w+)*\*\*|_[\w ,:]+\._/g, '')
    if (/[<>`*_[\]|~\\]/.test(own) && !(own.startsWith('## ') && !inQuote)) wrong.push(`a mark: ${whole}`)
    if (/[@#!%$^&]\S/.test(inQuote ? own : own.replace(/^#+ /, ''))) wrong.push(`a reference: ${whole}`)
    if (/:\/\/|\bwww\.|\b(?:mailto|xmpp):/i.test(own)) wrong.push(`a link: ${whole}`)
    if (inQuote && /^ *(?:[-+=#]|\d+[.)])/.test(own)) wrong.push(`a block: ${whole}`)
  }
  if (fence) wrong.push('a fence was left open at the end')
  return wrong
}

test('the checker notices what it is there for', (t) => {
  for (const bad of [
    ...['<script>', '> <b>x', '> [a](b)', '> ![a](b)', '> @ada', '> see #12', '> http://x', '> www.x.org'],
    ...[
      '> - item',
      '> 1. item',
      '> # head',
      '> ```\n> open',
      '> ``` \n```',
      '> **bold**',
      '> a | b',
      '> `code`',
    ],
    ...['<details><summary><b></summary>', '<details open><summary>x</summary>', '> mailto:a'],
  ])
    t.not(complaints(bad).length, 0, bad)
  t.deepEqual(
    complaints('## Session\n\n**Asked** (message 1)\n\n> a\\_b &lt;x&gt;\\\n> ok\n\n> ```diff\n> <b>\n> ```'),
    [],
  )
})

test('a conversation reads as asked and answered, with calls folded and changes as diffs', async (t) => {
  const patch = { structuredPatch: [{ lines: ['-old', '+new'] }] }
  t.is(
    await markdown([
      user('Fix *it*.\nNow, @ada!', { timestamp: '2026-11-20T10:00:00Z' }),
      says('I ran <this>:\n\n```sh\nnpm test\n```\n\n1. done'),
      call('t1', 'Edit', { file_path: 'a_b.ts' }),
      result('t1', 'updated ```', { toolUseResult: patch }),
    ]),
    `## Session

**Asked** (message 1, 2026-11-20 10:00 UTC)

> Fix \\*it\\*.\\
> Now, @&#8203;ada\\!

**Answered**

> I ran &lt;this&gt;:
>
> \`\`\`
> npm test
> \`\`\`
>
> 1\\. done

<details><summary>[Edit] a_b.ts</summary>

> \`\`\`\`
> updated \`\`\`
> \`\`\`\`

> \`\`\`diff
> -old
> +new
> \`\`\`

</details>
`,
  )
})

test('what is too long for a host loses results first, then calls, then answers, and says so', async (t) => {
  const turn = (at: number) => [
    user(`Question ${at}`),
    says(`Answer ${at} ${'and so on '.repeat(50)}`),
    call(`t${at}`, 'Bash', { command: `run ${at}` }),
    result(`t${at}`, 'line\n'.repeat(25)),
  ]
  const rows = Array.from({ length: 120 }, (_, at) => turn(at)).flat()
  const whole = await markdown(rows, Number.POSITIVE_INFINITY)
  t.true(whole.length > hostLimit)
  let last = whole.length
  for (const [limit, without] of [
    [90_000, /without tool results and changes\._\n$/],
    [70_000, /without tool results and changes\._\n$|without tool calls and long answers\._\n$/],
    [8000, /without everything but what was asked\._\n$/],
    [2000, /without everything but what was asked, and \d+ more of those\._\n$/],
  ] as const) {
    const text = await markdown(rows, limit)
    t.regex(text, without)
    t.true(text.length <= limit && text.length < last, String(limit))
    t.deepEqual(complaints(text), [])
    last = text.length
  }
})

const tricks = fc.constantFrom(
  ...[
    '<script>alert(1)</script>',
    '</details>',
    '<img src=x onerror=alert(1)>',
    '<!--',
    ']]>',
    '<?x',
    '<svg/onload=x>',
  ],
  ...[
    '```',
    '````',
    '~~~',
    '`',
    '\n```\n',
    '    code',
    '\t',
    '> ',
    '\n> ',
    '- ',
    '1. ',
    '# ',
    '===',
    '---',
    '***',
    '| a | b |',
  ],
  ...[
    '[x](javascript:alert(1))',
    '![x](http://evil/x.png)',
    '[x]: data:text/html,y',
    '<http://x>',
    'http://x.org',
    'www.x.org',
  ],
  ...[
    '@ada',
    '#12',
    'GH-12',
    'org/repo#3',
    '!4',
    '%5',
    '~bug',
    '&6',
    '$7',
    '/merge',
    '\n/close',
    'a@b.org',
    '$$x$$',
    ':x:',
  ],
  ...[
    '\u001b[2J',
    '\u001b]0;x\u0007',
    '\u009b31m',
    '\u202e',
    '\u2066',
    '\u200b',
    '\ufeff',
    '\u2028',
    '\r',
    '\\',
    '&lt;',
    '&#60;',
  ],
)
const hostile = fc
  .array(fc.oneof(tricks, fc.string({ unit: 'binary', maxLength: 6 })), { maxLength: 8 })
  .map((parts) => parts.join(''))

const hostileRows = fc.array(
  fc.oneof(
    hostile.map((text) => user(text, { timestamp: text })),
    hostile.map(says),
    fc.tuple(hostile, hostile).map(([name, text]) => call('t1', name, { file_path: text })),
    fc
      .tuple(hostile, hostile)
      .map(([text, line]) =>
        result('t1', text, { toolUseResult: { structuredPatch: [{ lines: [`+${line}`] }] } }),
      ),
    hostile.map((text) => user([{ type: 'image', title: text, source: { media_type: text, data: 'AAAA' } }])),
  ),
  { maxLength: 6 },
)

test('no text from outside becomes more than words in Markdown', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      hostileRows,
      fc.constantFrom(Number.POSITIVE_INFINITY, hostLimit, 1500),
      async (rows, limit) => {
        const text = await markdown(rows, limit)
        t.notRegex(text, harmful)
        t.deepEqual(complaints(text), [], text)
      },
    ),
    { numRuns: 80 },
  )
})

test('a text of hundreds of thousands of lines, or of backticks, is told like any other', (t) => {
  const many = 300_000
  const lines = 'a\n'.repeat(many)
  t.is(answerMarkdown(lines).length, many)
  t.is(answerMarkdown(`\`\`\`\n${lines}\`\`\``).length, many + 2)
  t.deepEqual(fencedMarkdown('` '.repeat(many)).slice(-1), ['```'])
})

test('titles and summaries are words too', (t) => {
  fc.assert(
    fc.property(hostile, (text) => {
      t.deepEqual(complaints(`> ${inlineMarkdown(text)}`), [])
      t.deepEqual(complaints(folded(text, '> x')), [])
      t.notRegex(`${inlineMarkdown(text)}${htmlText(text)}`, harmful)
    }),
    { numRuns: 150 },
  )
})

test('nothing in a conversation speaks to a terminal, as text or as JSON, and JSON loses nothing', async (t) => {
  await fc.assert(
    fc.asyncProperty(hostileRows, async (rows) => {
      let text = ''
      const options = { color: false, columns: 60, full: true, thinking: true, numbers: true }
      for await (const piece of renderTranscript(linesOf(rows), options)) text += piece
      t.notRegex(text, harmful)
      for await (const conversed of readConversation(linesOf(rows), {})) {
        const message = exportedMessage(conversed, { thinking: true })
        t.notRegex(safeJson(message), /\p{C}|[\u2028\u2029]/u)
        t.deepEqual(JSON.parse(safeJson(message)), JSON.parse(JSON.stringify(message)))
      }
    }),
    { numRuns: 40 },
  )
})

test('the injection corpus comes out as words, in Markdown, on a terminal and as JSON', async (t) => {
  const rows = hostileConversation()
  for (const limit of [Number.POSITIVE_INFINITY, 20_000])
    t.deepEqual(complaints(await markdown(rows, limit)), [])
  const whole = await markdown(rows, Number.POSITIVE_INFINITY)
  t.is(harmful.exec(whole)?.[0], undefined)

  const told: string[] = []
  const agents = new Map([
    [`call 0 ${injections[0]}`, () => linesOf(hostileAgents()[`call 0 ${injections[0]}`] ?? [])],
  ])
  const taste = { color: false, columns: 80, full: true, thinking: true, numbers: true, agents }
  for await (const piece of renderTranscript(linesOf(rows), taste)) told.push(piece)
  t.is(harmful.exec(told.join(''))?.[0], undefined)
  t.true(told.join('').includes('<script>window.__gt_canary=1</script>'))
  t.true(told.join('').includes('  | '))

  for await (const conversed of readConversation(linesOf(rows), {})) {
    const json = safeJson(exportedMessage(conversed, { thinking: true }))
    t.is(harmful.exec(json)?.[0], undefined)
    t.notThrows(() => JSON.parse(json))
  }
})
