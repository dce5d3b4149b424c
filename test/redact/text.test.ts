/** Plain text, files that are one JSON document, and what is never altered. */

import test from 'ava'
import { patched, redactAll, redactorWith, token } from './support.ts'

test('plain text is redacted, and the patches give it back', async (t) => {
  const before = `one\nexport TOKEN=${token}\r\nthree ${token}\n`
  for (const name of [
    'session-subdir/tool-results/a.txt',
    'plans/p.md',
    'paste-cache/0123456789abcdef.txt',
    'file-history/0123456789abcdef@v1',
  ]) {
    const { output, edits, findings } = await redactAll(name, before)
    t.regex(output.toString(), /^one\nexport TOKEN=\[REDACTED:[^\]]+\]\r\nthree \[REDACTED:[^\]]+\]\n$/)
    t.is(patched(output, edits).toString(), before)
    t.deepEqual(
      findings.map(([, line]) => line),
      [2, 3],
    )
  }
})

test('a secret at any place of a long text is found, however it comes', async (t) => {
  const piece = 106_496
  for (const at of [piece - 30, piece - 4096 - 20, piece - 4096, piece - 1, piece, 2 * piece - 4200]) {
    const before = `${'word '.repeat(50_000).slice(0, at)} db_password="x9Tq4mm-Vz7k" ${token} ${'tail '.repeat(30_000)}`
    for (const chunkBytes of [65_536, 1000]) {
      const { output, edits } = await redactAll('a.txt', before, { chunkBytes })
      t.false(output.includes('Tq4mm') || output.includes(token.slice(8)), `${at}`)
      t.true(patched(output, edits).equals(Buffer.from(before)))
    }
  }
})

test('one secret from end to end goes whole', async (t) => {
  const long = Buffer.from(
    Array.from({ length: 300_000 }, (_, index) => (index * index * 31) % 251),
  ).toString('base64')
  const before = `first\napi_token='${long}'\nlast\n`
  const { output, edits } = await redactAll('a.txt', before)
  t.regex(output.toString(), /^first\napi_token='\[REDACTED:[^\]]+\]'\nlast\n$/)
  t.is(patched(output, edits).toString(), before)
})

test('content that is no text passes', async (t) => {
  const before = Buffer.concat([Buffer.from(`\u0089PNG\0${token}`), Buffer.alloc(300_000, 1)])
  const { output } = await redactAll('uploads/a.png', before)
  t.true(output.equals(before))
})

test('a JSON document is edited in its strings, and anything else of that name as text', async (t) => {
  const { output } = await redactAll('tasks/1.json', `{\n "n": 1.0,\n "t": "${token}"\n}\n`)
  t.regex(output.toString(), /^\{\n "n": 1\.0,\n "t": "\[REDACTED:[^"]+"\n\}\n$/)
  const torn = await redactAll('tasks/1.json', `{ "t": "${token}`)
  t.regex(torn.output.toString(), /^\{ "t": "\[REDACTED:/)
})

test('what is in the work tree is never altered: a secret there is refused', async (t) => {
  const clean = await redactAll('worktree/changes.patch', '+const a = 1\n')
  t.is(clean.output.toString(), '+const a = 1\n')
  const error = await t.throwsAsync(redactAll('worktree/changes.patch', `+a\n+key = "${token}"\n`), {
    code: 'secret-found',
  })
  t.regex(error?.message ?? '', /^worktree\/changes\.patch: line 2 /)
  t.false(JSON.stringify(error).includes(token.slice(8)))
})

test('a line without an end is refused', async (t) => {
  async function* endless() {
    for (let count = 0; count < 70; count++) yield Buffer.alloc(1024 * 1024, 120)
  }
  const redactor = await redactorWith()
  await t.throwsAsync(
    async () => {
      for await (const _ of redactor.redactPiece('session.jsonl', endless()));
    },
    { code: 'secret-found', message: /session\.jsonl: a line is too long/ },
  )
})

test('a short text is redacted by itself', async (t) => {
  const redactor = await redactorWith()
  t.deepEqual(redactor.redactText('Für Ada 😀'), { text: 'Für Ada 😀', rules: [] })
  const { text, rules } = redactor.redactText(`Für ${token} 😀`)
  t.regex(text, /^Für \[REDACTED:github-pat:[0-9a-f]{4}\] 😀$/)
  t.deepEqual(rules, ['github-pat'])
})

test('redacting twice changes nothing more', async (t) => {
  const once = await redactAll(
    'a.txt',
    `password: "correct7horse" and https://ada:${token}@host/ TOKEN=${token}\n`,
  )
  t.true(once.edits.length >= 3)
  const twice = await redactAll('a.txt', once.output)
  t.deepEqual(twice.edits, [])
})
