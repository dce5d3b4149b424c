/** What a scan notes, at once and bit by bit. */

import { appendFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import { promptLine } from '../../src/claude/prompt-text.ts'
import { backupHash } from '../../src/claude/relocation.ts'
import { parseScan, scanTranscript } from '../../src/claude/scan.ts'
import { sampleFile, session, temporary, transcript } from './sample.ts'

const row = (value: unknown) => `${JSON.stringify(value)}\n`
const uuid = (n: number) => `00000000-0000-4000-8000-0000000000${String(n).padStart(2, '0')}`

test('the sample is read for title, branch, messages, plans and tracked files', async (t) => {
  const file = sampleFile('linux', `${session}.jsonl`)
  const size = transcript('linux').length
  t.deepEqual(await scanTranscript(file, size, null), {
    scannedTo: size,
    cwd: '/home/ann/app',
    lastCwd: '/home/ann/app',
    client: '2.1.329',
    title: 'Greeting in two languages',
    titleFrom: 'ai',
    branch: 'feature/greeting',
    messages: 10,
    lastMessage: uuid(13),
    firstPrompt: 'Make /home/ann/app/src/app.js greet in two languages, please.',
    lastPrompt: 'What is in /home/ann/app/notes.md?',
    slugs: ['quiet-otter'],
    planFiles: [],
    tracked: {
      [`${backupHash('/home/ann/app/src/app.js')}@v1`]: '/home/ann/app/src/app.js',
      [`${backupHash('/home/ann/app/src/app.js')}@v2`]: '/home/ann/app/src/app.js',
    },
  })
})

test('a Windows session is read for its tracked files too', async (t) => {
  const { tracked } = await scanTranscript(
    sampleFile('windows', `${session}.jsonl`),
    transcript('windows').length,
    null,
  )
  t.deepEqual(Object.values(tracked), [
    'C:\\Users\\Ann\\app\\src\\app.js',
    'C:\\Users\\Ann\\app\\src\\app.js',
  ])
})

test('wherever it is interrupted, going on gives what one scan gives', async (t) => {
  const file = sampleFile('linux', `${session}.jsonl`)
  const bytes = transcript('linux')
  const whole = await scanTranscript(file, bytes.length, null)
  const feeds = [...bytes.entries()].filter(([, byte]) => byte === 10)
  const ends = feeds.map(([index]) => index + 1)
  await fc.assert(
    fc.asyncProperty(fc.subarray(ends), async (stops) => {
      let scan = null
      for (const stop of stops)
        scan = parseScan(JSON.parse(JSON.stringify(await scanTranscript(file, stop, scan))))
      t.deepEqual(await scanTranscript(file, bytes.length, scan), whole)
    }),
    { numRuns: 25 },
  )
})

test('a scan that does not fit the file begins anew', async (t) => {
  const file = path.join(temporary(t), 'x.jsonl')
  writeFileSync(file, row({ type: 'user', uuid: 'a', message: { content: 'one' } }))
  const first = await scanTranscript(file, 200, null).catch(() => null)
  const size = row({ type: 'user', uuid: 'a', message: { content: 'one' } }).length
  const scan = await scanTranscript(file, size, null)
  t.is(scan.messages, 1)
  t.is((await scanTranscript(file, size, { ...scan, scannedTo: size + 5 })).messages, 1)
  t.is((await scanTranscript(file, size, { ...scan, scannedTo: size - 5 })).messages, 1)
  t.is(first?.messages ?? 1, 1)
})

test('a line that is still being written is read next time', async (t) => {
  const file = path.join(temporary(t), 'x.jsonl')
  const [first, second] = [row({ type: 'user', uuid: 'a' }), row({ type: 'assistant', uuid: 'b' })]
  writeFileSync(file, first + second.slice(0, 20))
  const scan = await scanTranscript(file, first.length + 20, null)
  t.is(scan.scannedTo, first.length)
  appendFileSync(file, second.slice(20))
  t.is((await scanTranscript(file, first.length + second.length, scan)).lastMessage, 'b')
})

async function titleOf(t: Parameters<typeof temporary>[0], rows: readonly unknown[]) {
  const file = path.join(temporary(t), 'x.jsonl')
  const text = rows.map(row).join('')
  writeFileSync(file, text)
  return (await scanTranscript(file, Buffer.byteLength(text), null)).title
}

test('a title that a person gave beats one that was made up, and the last one counts', async (t) => {
  const prompt = { type: 'user', message: { role: 'user', content: 'first prompt\nmore' } }
  const made = { type: 'ai-title', aiTitle: 'made up' }
  const given = (customTitle: string) => ({ type: 'custom-title', customTitle })
  t.is(await titleOf(t, [prompt]), 'first prompt')
  t.is(await titleOf(t, [{ type: 'summary', summary: 'summary' }, prompt]), 'summary')
  t.is(await titleOf(t, [prompt, made, { type: 'summary', summary: 'summary' }]), 'made up')
  t.is(await titleOf(t, [prompt, given('one'), made, given('two')]), 'two')
  t.is(await titleOf(t, [{ type: 'mode' }]), null)
})

test('rows of subagents and of the client are no messages', async (t) => {
  const file = path.join(temporary(t), 'x.jsonl')
  const text = [
    { type: 'user', isMeta: true, message: { content: 'Caveat' } },
    { type: 'user', isSidechain: true, message: { content: 'sub' } },
    { type: 'user', uuid: 'a', isMeta: false, isSidechain: false, message: { content: 'hello' } },
    { type: 'system', uuid: 'b' },
  ]
    .map(row)
    .join('')
  writeFileSync(file, text)
  const scan = await scanTranscript(file, text.length, null)
  t.is(scan.messages, 1)
  t.is(scan.firstPrompt, 'hello')
  t.is(scan.lastMessage, 'a')
})

test('plans are known by their fields and by the result of leaving plan mode', async (t) => {
  const file = path.join(temporary(t), 'x.jsonl')
  const text = [
    { type: 'attachment', attachment: { type: 'plan', planFilePath: '/c/plans/a.md' } },
    { type: 'user', toolUseResult: { plan: '# x', filePath: '/c/plans/b.md' } },
    { type: 'user', toolUseResult: { filePath: '/not/a/plan.md' } },
  ]
    .map(row)
    .join('')
  writeFileSync(file, text)
  t.deepEqual((await scanTranscript(file, text.length, null)).planFiles, ['/c/plans/a.md', '/c/plans/b.md'])
})

test('a state file that is not a scan is no scan', (t) => {
  for (const value of [null, 1, 'x', [], {}, { scannedTo: -1 }, { scannedTo: 1, messages: 1, slugs: [1] }]) {
    t.is(parseScan(value), null)
  }
})

const titled = test.macro({
  exec: (t, text: string, line: string) => t.is(promptLine(text), line),
  title: (_, text: string) => `a title from ${JSON.stringify(text.slice(0, 30))}`,
})
test(titled, '\n\n  hello \nworld', 'hello')
test(
  titled,
  '<command-name>/clear</command-name>\n<command-message>clear</command-message>\n<command-args></command-args>',
  '/clear',
)
test(
  titled,
  '<command-message>x</command-message>\n<command-name>/fix</command-name><command-args>a b</command-args>',
  '/fix a b',
)
test(titled, '<local-command-stdout>done</local-command-stdout>', '')
test(titled, '<system-reminder>\nx\n</system-reminder>\nreal', 'real')
test(titled, '<div>is kept</div>', '<div>is kept</div>')
test(titled, '🦦'.repeat(130), `${'🦦'.repeat(119)}…`)
