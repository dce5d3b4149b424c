/** The invented session on disk. */

import { readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { appendTurns, generateSession } from '../../src/demo/generate-session.ts'
import { continueSession, writeSession } from '../../src/demo/write-session.ts'
import { parseSessionId } from '../../src/model.ts'
import { makeSandbox } from '../support/sandbox.ts'
import { hear, toldOptions } from '../support/told.ts'

test('what is told is written, private, and goes on where it stopped', async (t) => {
  const { home } = await (await makeSandbox(t)).machine('ada')
  const options = toldOptions(home, `${home}/project`, { bytes: 60_000 })
  const written = await writeSession(options)
  const continued = await continueSession(options, written.cursor, 30_000)
  const first = hear(generateSession(options))
  const told = hear(appendTurns(options, first.cursor, { bytes: 30_000 }), first)
  t.deepEqual(continued.cursor, told.cursor)
  for (const [name, text] of told.files) {
    const file = path.join(options.config, name)
    t.is(await readFile(file, 'utf8'), text, name)
    t.is((await stat(file)).mode & 0o777, 0o600)
  }
})

test('the prompt history of other sessions stays', async (t) => {
  const { home } = await (await makeSandbox(t)).machine('ada')
  const options = toldOptions(home, `${home}/project`, { bytes: 20_000 })
  await writeSession({ ...options, session: parseSessionId('00000000-0000-4000-8000-000000000000') })
  const before = await readFile(path.join(options.config, 'history.jsonl'), 'utf8')
  await writeSession(options)
  const after = await readFile(path.join(options.config, 'history.jsonl'), 'utf8')
  t.true(after.startsWith(before) && after.length > before.length)
})

test('a folder that cannot be written is named as a failure, not as a bug', async (t) => {
  const { home } = await (await makeSandbox(t)).machine('ada')
  const options = toldOptions(home, `${home}/project`, { bytes: 20_000 })
  await writeFile(options.config, 'a file where the folder should be')
  await t.throwsAsync(writeSession(options), { code: 'failed' })
})
