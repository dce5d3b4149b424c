/** The delta, by single cases and by whole histories of pushes. */

import test from 'ava'
import fc from 'fast-check'
import { checkLog, type FileProgress, totalsOf } from '../../src/bundle/apply.ts'
import { planDelta, replaceSources } from '../../src/bundle/plan.ts'
import type { FileRecord, LocalFile, PieceRow } from '../../src/model.ts'
import { collect, digest, failsWith, localFile, logicalNames, source } from './support.ts'

type Records = Readonly<Record<string, FileRecord>>

const rowsOf = (delta: { sources: readonly { row: PieceRow }[] }) => delta.sources.map(({ row }) => row)
const push = async (files: readonly LocalFile[], record: Records = {}) =>
  (await planDelta(files, record)).files

test('a first push sends everything whole, the conversation first and the rest by name', async (t) => {
  const files = [
    localFile('uploads/b', 'bb'),
    localFile('tasks/1.json', '{}'),
    localFile('session.jsonl', 'hello\n'),
  ]
  const delta = await planDelta(files, {})
  t.deepEqual(rowsOf(delta), [
    source('session.jsonl', 'hello\n').row,
    source('tasks/1.json', '{}').row,
    source('uploads/b', 'bb').row,
  ])
  t.like(delta, { bytes: 10, count: 3, totalBytes: 10 })
  t.is((await collect(delta.sources[0]?.read() ?? [])).toString(), 'hello\n')
  t.like(delta.files['session.jsonl'], { gen: 1, size: 6, localSize: 6, localPath: '/local/session.jsonl' })
})

test('nothing new gives nothing', async (t) => {
  const files = [localFile('session.jsonl', 'hello\n'), localFile('uploads/empty', '')]
  const record = await push(files)
  const delta = await planDelta(files, record)
  t.deepEqual(delta.sources, [])
  t.deepEqual({ ...delta.files }, { ...record })
})

test('a longer file is appended at its logical end, which is not its local one', async (t) => {
  const record = await push([localFile('session.jsonl', 'hello\n')])
  const relocated = { 'session.jsonl': { ...record['session.jsonl'], size: 1000 } } as Records
  const delta = await planDelta([localFile('session.jsonl', 'hello\nworld\n')], relocated)
  t.deepEqual(rowsOf(delta), [source('session.jsonl', 'world\n', { op: 'append', at: 1000 }).row])
  t.is((await collect(delta.sources[0]?.read() ?? [])).toString(), 'world\n')
  t.like(delta.files['session.jsonl'], { size: 1006, localSize: 12, localSha256: digest('hello\nworld\n') })
})

for (const [what, content] of Object.entries({
  changed: 'hullo\nworld\n',
  shorter: 'hell',
  'changed in place': 'HELLO\n',
})) {
  test(`a ${what} file is sent whole in the next generation`, async (t) => {
    const record = await push([localFile('session.jsonl', 'hello\n')])
    const delta = await planDelta([localFile('session.jsonl', content)], record)
    t.deepEqual(rowsOf(delta), [source('session.jsonl', content, { gen: 2 }).row])
  })
}

test('rescan sends unchanged files whole as well', async (t) => {
  const files = [localFile('session.jsonl', 'hello\n')]
  const delta = await planDelta(files, await push(files), { rescan: true })
  t.deepEqual(rowsOf(delta), [source('session.jsonl', 'hello\n', { gen: 2 }).row])
})

test('a missing file is gone once, and starts anew when it is back', async (t) => {
  const [kept, lost] = [localFile('session.jsonl', 'hello\n'), localFile('tasks/1.json', '{}')]
  const gone = await planDelta([kept], await push([kept, lost]))
  t.deepEqual(rowsOf(gone), [source('tasks/1.json', '', { op: 'gone', gen: 2 }).row])
  t.like(gone, { count: 1, totalBytes: 6, bytes: 0 })
  t.like(gone.files['tasks/1.json'], { gone: true, localPath: '', size: 0 })
  t.deepEqual((await planDelta([kept], gone.files)).sources, [])
  const back = await planDelta([kept, lost], gone.files)
  t.deepEqual(rowsOf(back), [source('tasks/1.json', '{}', { gen: 3 }).row])
})

test('files that vanish by themselves, or were never here, are not gone', async (t) => {
  const names = [
    'history.jsonl',
    'paste-cache/0123456789abcdef.txt',
    'session-env/a.sh',
    'shell-snapshots/a.sh',
  ]
  const record = await push(names.map((name) => localFile(name, 'x')))
  const foreign = { ...(await push([localFile('uploads/a', 'x')]))['uploads/a'], localPath: '' } as FileRecord
  const delta = await planDelta([], { ...record, 'uploads/a': foreign })
  t.deepEqual(delta.sources, [])
  t.is(Object.keys(delta.files).length, 5)
})

test('a file that came from elsewhere and is not installed here is never appended to', async (t) => {
  const record: Records = {
    'session-env/a.sh': {
      gen: 1,
      size: 100,
      chain: digest('chain'),
      localPath: '',
      localSize: 0,
      localSha256: digest(''),
    },
  }
  const delta = await planDelta([localFile('session-env/a.sh', 'mine')], record)
  t.deepEqual(rowsOf(delta), [source('session-env/a.sh', 'mine', { gen: 2 }).row])
})

test("a checkpoint from another machine keeps its name there and gets this machine's path", async (t) => {
  const theirs = 'file-history/aaaaaaaaaaaaaaaa@v1'
  const ours = 'file-history/bbbbbbbbbbbbbbbb@v1'
  const here = { localPath: '/config/file-history/bbbbbbbbbbbbbbbb@v1', path: '/here/app.js' }
  const record = await push([localFile(theirs, 'one', { localPath: here.localPath, path: '/there/app.js' })])
  t.is(record[theirs]?.path, '/there/app.js')
  const delta = await planDelta([localFile(ours, 'other', here)], record)
  t.deepEqual(rowsOf(delta), [source(theirs, 'other', { gen: 2, path: '/here/app.js' }).row])
})

test('a checkpoint whose name is taken by one from elsewhere gets another, and keeps it', async (t) => {
  const name = 'file-history/aaaaaaaaaaaaaaaa@v2'
  const foreign = localFile('file-history/bbbbbbbbbbbbbbbb@v2', 'theirs', { localPath: '/config/b' })
  const own = localFile(name, 'ours', { localPath: '/config/a', path: '/here/a.js' })
  const record = await push([localFile(name, 'theirs', { localPath: '/config/b' })])
  const delta = await planDelta([own, foreign], record)
  const [row] = rowsOf(delta)
  t.is(delta.sources.length, 1)
  t.regex(row?.name ?? '', /^file-history\/(?!a{16})[0-9a-f]{16}@v2$/)
  t.deepEqual((await planDelta([own, foreign], delta.files)).sources, [])
})

test('prompt history is matched by name, as its path is the one of all sessions', async (t) => {
  const record = await push([localFile('history.jsonl', 'one\n', { localPath: '/config/history.jsonl' })])
  const moved = localFile('history.jsonl', 'one\ntwo\n', { localPath: '/elsewhere/history.jsonl' })
  t.like(rowsOf(await planDelta([moved], record))[0], { op: 'append', at: 4, size: 4 })
})

test('each file is read exactly once, and progress counts it', async (t) => {
  const reads: string[] = []
  const watched = (file: LocalFile): LocalFile => ({
    ...file,
    read: (start, end) => {
      reads.push(`${file.name} ${start}-${end}`)
      return file.read(start, end)
    },
  })
  const record = await push([localFile('session.jsonl', 'hello\n'), localFile('uploads/a', 'x')])
  let bytes = 0
  const progress = {
    step: (_doing: string, total?: number) => t.is(total, 13),
    advance: (more: number) => {
      bytes += more
    },
    done() {},
  }
  const files = [localFile('session.jsonl', 'hello\nworld\n'), localFile('uploads/a', 'x')].map(watched)
  await planDelta(files, record, { progress })
  t.deepEqual(reads, ['session.jsonl 0-12', 'uploads/a 0-1'])
  t.is(bytes, 13)
})

test('a file that changes between plan and pack fails', async (t) => {
  let content = 'hello\n'
  const file: LocalFile = {
    ...localFile('session.jsonl', content),
    async *read(start, end) {
      yield Buffer.from(content).subarray(start, end)
    },
  }
  const delta = await planDelta([file], {})
  content = 'hullo\n'
  await failsWith(
    t,
    'failed',
    () => collect(delta.sources[0]?.read() ?? []),
    /\/local\/session.jsonl changed/,
  )
  content = 'hel'
  await failsWith(t, 'failed', () => planDelta([file], {}))
})

test('names that no bundle may hold, or that two files claim, are refused before anything is sent', async (t) => {
  await failsWith(t, 'unsafe-bundle', () => planDelta([localFile('settings.json', '{}')], {}))
  const twice = [localFile('uploads/a', '1'), localFile('uploads/a', '2', { localPath: '/other' })]
  await failsWith(t, 'unsafe-bundle', () => planDelta(twice, {}))
  const cases = [localFile('uploads/a', '1'), localFile('uploads/A', '2')]
  await failsWith(t, 'unsafe-bundle', () => planDelta(cases, {}))
})

test('a path is kept for checkpoints only', async (t) => {
  const delta = await planDelta([localFile('uploads/a', 'x', { path: '/x' })], {})
  t.false('path' in (delta.sources[0]?.row ?? {}))
})

test('after redaction the log counts what is sent, and the record what lies here', async (t) => {
  const record = await push([localFile('session.jsonl', 'one\n')])
  const delta = await planDelta(
    [localFile('session.jsonl', 'one\nsecret\n'), localFile('uploads/a', 'a')],
    record,
  )
  const redacted = delta.sources.map((each) =>
    each.row.op === 'append' ? source('session.jsonl', '[x]\n', { op: 'append', at: each.row.at }) : each,
  )
  const replaced = replaceSources(delta, record, redacted)
  t.like(replaced, { bytes: 5, totalBytes: 9, count: 2 })
  t.like(replaced.files['session.jsonl'], { size: 8, localSize: 11, localSha256: digest('one\nsecret\n') })
  const start: FileProgress = {
    gen: 1,
    size: 4,
    chain: record['session.jsonl']?.chain ?? digest(''),
    gone: false,
  }
  const log = checkLog([rowsOf(replaced)], new Map([['session.jsonl', start]]))
  t.is(replaced.fold, totalsOf(log).fold)
  t.is(replaceSources(delta, record, delta.sources).fold, delta.fold)
})

test('a file that grew is sent whole where that was asked for, and not at all when it did not', async (t) => {
  const record = await push([localFile('session.jsonl', 'a\n'), localFile('uploads/b', 'b')])
  const growsWhole = (name: string) => name !== 'session.jsonl'
  const files = [localFile('session.jsonl', 'a\nb\n'), localFile('uploads/b', 'bb')]
  const delta = await planDelta(files, record, { growsWhole })
  t.deepEqual(rowsOf(delta), [
    source('session.jsonl', 'b\n', { op: 'append', at: 2 }).row,
    source('uploads/b', 'bb', { gen: 2 }).row,
  ])
  t.deepEqual((await planDelta(files, delta.files, { growsWhole })).sources, [])
})

const anyContent = fc.string({ maxLength: 40 })
const anyPush = fc.array(
  fc.record({
    name: fc.constantFrom(...logicalNames),
    grow: fc.boolean(),
    lose: fc.boolean(),
    content: anyContent,
  }),
  { maxLength: 6 },
)

test('the rows of any history of pushes rebuild every file, and both sides agree on the fold', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyPush, { maxLength: 6 }), async (pushes) => {
      const local = new Map<string, string>()
      const remote = new Map<string, string>()
      const log: PieceRow[][] = []
      let record: Records = {}
      for (const changes of pushes) {
        for (const { name, grow, lose, content } of changes) {
          if (lose) local.delete(name)
          else local.set(name, grow ? (local.get(name) ?? '') + content : content)
        }
        const files = [...local].map(([name, content]) => localFile(name, content))
        const delta = await planDelta(files, record)
        for (const { row, read } of delta.sources) {
          const bytes = row.op === 'gone' ? '' : (await collect(read())).toString()
          if (row.op === 'gone') remote.delete(row.name)
          else remote.set(row.name, (row.op === 'append' ? (remote.get(row.name) ?? '') : '') + bytes)
        }
        log.push(rowsOf(delta))
        record = delta.files
        const totals = totalsOf(checkLog(log))
        t.deepEqual(totals, { count: delta.count, bytes: delta.totalBytes, fold: delta.fold })
        for (const [name, content] of local) t.is(remote.get(name), content)
      }
    }),
    { numRuns: 40 },
  )
})
