/** A redacted delta, and the list that leads back, also when segments became one. */

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import test from 'ava'
import { planDelta } from '../../src/bundle/plan.ts'
import { patchCursor } from '../../src/core/patch-cursor.ts'
import { redactDelta } from '../../src/core/redact-delta.ts'
import { joinLists, signedText, tryList } from '../../src/core/removed-parts.ts'
import { type Spool, withSpools } from '../../src/git-store/spool.ts'
import { asSha256, silentProgress } from '../../src/model.ts'
import { applyPatches, parsePatches } from '../../src/redact/patch.ts'
import { collect, digest, localFile, session } from '../bundle/support.ts'
import { redactorWith, token } from '../redact/support.ts'

const row = (text: string) => `${JSON.stringify({ type: 'user', message: text })}\n`
/** Left out whole. */
const request = `${JSON.stringify({ type: 'api-request', body: 'all that was said' })}\n`

interface Teardown {
  teardown(work: () => Promise<void>): void
}

/** Spools in a folder of their own, in which no name stays. */
async function spooled(t: Teardown, work: (open: () => Promise<Spool>) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'gt-spool-'))
  t.teardown(() => rm(folder, { recursive: true }))
  await withSpools({ path: (...parts) => path.join(folder, ...parts) }, work)
  const names = await readdir(folder, { recursive: true })
  if (names.some((name) => name !== 'spool')) throw new Error(names.join(' '))
}

async function redact(
  files: Parameters<typeof planDelta>[0],
  record: Parameters<typeof planDelta>[1],
  segment: string,
  open: () => Promise<Spool>,
) {
  const list = await open()
  const rules: string[] = []
  const subject = { session, segment }
  const delta = await planDelta(files, record)
  const redacted = await redactDelta(delta, record, await redactorWith(), {
    output: await open(),
    list,
    subject,
    found: (rule) => void rules.push(rule),
    progress: silentProgress,
  })
  return { ...redacted, list, subject, rules }
}

test('an append of which nothing is left waits for more, and is not counted until then', async (t) => {
  await spooled(t, async (open) => {
    const first = await planDelta([localFile('session.jsonl', row('hello'))], {})
    const grown = row('hello') + request
    const waiting = await redact([localFile('session.jsonl', grown)], first.files, '0002', open)
    t.deepEqual(waiting.delta.sources, [])
    t.deepEqual(waiting.delta.files['session.jsonl'], first.files['session.jsonl'])
    t.like(waiting, { changed: 0, rules: [] })
    t.is(waiting.delta.fold, first.fold)

    const more = grown + row('again')
    const sent = await redact([localFile('session.jsonl', more)], waiting.delta.files, '0002', open)
    const [source] = sent.delta.sources
    t.is((await collect(source?.read() ?? [])).toString(), row('again'))
    t.like(source?.row, { op: 'append', at: row('hello').length, size: row('again').length })
    t.like(sent, { changed: 1, rules: ['api-request'] })
    t.like(sent.delta.files['session.jsonl'], { localSize: more.length, localSha256: digest(more) })
    await t.notThrowsAsync(tryList(sent.list, sent.subject, sent.delta.sources))
  })
})

test('lists of segments that became one lead back to every piece whose bytes are still there', async (t) => {
  await spooled(t, async (open) => {
    const texts = [`one ${token}`, `two ${token}`, `three ${token}`]
    const beside = (at: number) => localFile(`uploads/${at}`, `key = ${token}\n`)
    const conversation = texts.map(row)
    const one = await redact([localFile('session.jsonl', conversation[0] ?? ''), beside(1)], {}, '0001', open)
    const all = localFile('session.jsonl', conversation.slice(0, 2).join(''))
    const two = await redact([all, beside(1), beside(2)], one.delta.files, '0002', open)
    const sources = [...one.delta.sources, ...two.delta.sources]
    t.is(sources.length, 4)
    const [list, subject] = [await open(), { session, segment: '0002' }]
    const lists = [
      { ...one, offset: 0 },
      { ...two, offset: 2 },
    ]
    t.is(await joinLists(lists, subject, (piece) => piece !== 1, list), 3)
    await tryList(list, subject, sources)

    const cursor = patchCursor(parsePatches(list.read(), subject))
    t.is(await cursor.of(1), null, 'its bytes were dropped')
    const items = await cursor.of(2)
    const back = await collect(applyPatches(sources[2]?.read() ?? collectNone(), items ?? []))
    t.is(back.toString(), conversation[1] ?? '')
    t.false(await cursor.isDone())
    t.not(await cursor.of(3), null)

    const [error] = await Promise.allSettled([tryList(list, subject, sources.slice(1))])
    t.like(error, { status: 'rejected', reason: { code: 'bug' } })
  })
})

test('a spool gives back what was written, less what was cut', async (t) => {
  await spooled(t, async (open) => {
    const spool = await open()
    const bytes = Buffer.from(Array.from({ length: 700_000 }, (_, at) => at % 251))
    await spool.write(bytes.subarray(0, 300_000))
    await spool.write(bytes.subarray(0, 1000))
    spool.cut(300_500)
    t.is(spool.size(), 300_500)
    spool.cut(300_000)
    await spool.write(bytes.subarray(300_000))
    t.true((await collect(spool.read())).equals(bytes))
    spool.cut(10)
    await spool.write(Buffer.from('end'))
    t.is((await collect(spool.read(8))).toString('latin1'), `${bytes.toString('latin1', 8, 10)}end`)
  })
})

test('the lines of the format page are what is signed, over its own list', async (t) => {
  const page = await readFile(path.resolve(import.meta.dirname, '../../../docs/format.md'), 'utf8')
  const [, list = '', signed = ''] =
    /## Removed parts[\s\S]*?```\n([\s\S]*?)```[\s\S]*?```\n([\s\S]*?)```/.exec(page) ?? []
  const content = /^content ([0-9a-f]{64})$/m.exec(signed)?.[1] ?? ''
  const text = signedText({ session, segment: '0003' }, asSha256(content), digest(list))
  t.is(Buffer.from(text).toString(), signed)
})

async function* collectNone(): AsyncGenerator<Uint8Array> {}
