/** Appending rows: each message once, and a batch whole or not at all, wherever the writer was cut off. */

import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import test from 'ava'
import { type AgentRow, finishBatch, makeRowAppender, readRows } from '../../src/claude/append-rows.ts'

const folder = await mkdtemp(path.join(os.tmpdir(), 'gt-append-'))
test.after.always(() => rm(folder, { recursive: true, force: true }))

const place = (name: string) => ({
  file: path.join(folder, `${name}.jsonl`),
  intent: path.join(folder, name),
})
const row = (n: number): AgentRow => ({ type: 'user', uuid: `uuid-${n}`, text: `grün ${n}` })
const title: AgentRow = { type: 'custom-title', customTitle: 'no uuid' }

test('a batch that was cut off anywhere is finished, and there once when it is sent again', async (t) => {
  const { file, intent } = place('cut')
  await makeRowAppender().append(file, intent, [row(1)])
  const before = await readFile(file)
  const batch = [row(2), title, row(3)]
  await makeRowAppender().append(file, intent, batch)
  const after = await readFile(file)
  const { ino } = await stat(file, { bigint: true })
  const added = after.subarray(before.length)
  const sha256 = createHash('sha256').update(added).digest('hex')
  const about = { inode: String(ino), at: before.length, length: added.length, sha256 }
  const begun = Buffer.concat([Buffer.from(`${JSON.stringify(about)}\n`), added])
  for (const size of [...Array(added.length).keys(), added.length]
    .map((n) => before.length + n)
    .filter((n) => n % 5 < 2 || n > after.length - 3)) {
    await writeFile(file, after.subarray(0, size))
    await writeFile(intent, begun)
    await finishBatch(file, intent)
    t.deepEqual(await readFile(file), size === before.length ? before : after, `cut at ${size}`)
    await makeRowAppender().append(file, intent, batch)
    t.deepEqual(await readFile(file), after, `sent again after the cut at ${size}`)
  }
})

test('without a word about what was planned, a cut-off row goes and whole ones stay', async (t) => {
  const { file, intent } = place('torn')
  await makeRowAppender().append(file, intent, [row(1), row(2)])
  const whole = await readFile(file)
  const { ino } = await stat(file, { bigint: true })
  const cutOff = `{"inode":"${ino}","at":${whole.length},"length":1000,"sha256":"0"}\n{"type":"us`
  for (const told of ['', '{"inode":', '{"inode":"1","at":0,"length":1000,"sha256":""}', cutOff]) {
    await writeFile(file, Buffer.concat([whole, Buffer.from('{"type":"us')]))
    await writeFile(intent, told)
    await makeRowAppender().append(file, intent, [row(2), row(3)])
    t.deepEqual(await readRows(file), [row(1), row(2), row(3)])
    await writeFile(file, whole)
  }
  t.is(whole.at(-1), 10)
})

test('two appenders of one file see what the other added', async (t) => {
  const { file, intent } = place('two')
  const [one, other] = [makeRowAppender(), makeRowAppender()]
  await one.append(file, intent, [row(1)])
  await other.append(file, intent, [row(1), row(2)])
  await one.append(file, intent, [row(2), row(3)])
  t.is(await other.append(file, intent, [row(3)]), 0)
  t.deepEqual(await readRows(file), [row(1), row(2), row(3)])
})

test('a file that was replaced meanwhile is read anew', async (t) => {
  const { file, intent } = place('replaced')
  const appender = makeRowAppender()
  await appender.append(file, intent, [row(1), row(2)])
  await rm(file)
  await writeFile(file, `${JSON.stringify(row(7))}\n`)
  t.is(await readFile(intent, 'utf8'), '', 'what was added is no longer planned')
  await appender.append(file, intent, [row(1), row(7)])
  t.deepEqual(await readRows(file), [row(7), row(1)])
})
