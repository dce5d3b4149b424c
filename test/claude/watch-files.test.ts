import { appendFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { watchFiles } from '../../src/claude/watch-files.ts'

async function folder(t: ExecutionContext): Promise<string> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'git-teleport-watch-'))
  t.teardown(() => rm(dir, { recursive: true, force: true }))
  return dir
}

/** Counts changes; `reach` waits for so many. */
function counter() {
  let count = 0
  let wake: () => void = () => undefined
  return {
    count: () => count,
    onChange() {
      count += 1
      wake()
    },
    async reach(wanted: number) {
      while (count < wanted)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
    },
  }
}

test('tells once as soon as it watches, and then of what changes, comes and goes', async (t) => {
  t.timeout(20_000)
  const dir = await folder(t)
  const file = path.join(dir, 'transcript.jsonl')
  await writeFile(file, 'one\n')
  const later = path.join(dir, 'later')
  const told = counter()
  const leaving = new AbortController()
  const watching = watchFiles([file, later], told.onChange, leaving.signal)
  await told.reach(1)
  await appendFile(file, 'two\n')
  await told.reach(2)
  await mkdir(later)
  await told.reach(3)
  leaving.abort()
  await watching
  t.pass()
})

test('whoever leaves before it watches leaves nothing behind', async (t) => {
  t.timeout(5_000)
  const dir = await folder(t)
  const told = counter()
  for (const leave of ['before', 'at once'] as const) {
    const leaving = new AbortController()
    if (leave === 'before') leaving.abort()
    const watching = watchFiles([dir], told.onChange, leaving.signal)
    leaving.abort()
    await watching
  }
  t.is(told.count(), 0)
})

test('whoever leaves when told leaves nothing behind', async (t) => {
  t.timeout(5_000)
  const leaving = new AbortController()
  await watchFiles([await folder(t)], () => leaving.abort(), leaving.signal)
  t.pass()
})
