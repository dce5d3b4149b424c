/** Files that a command writes for the user. */

import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { PassThrough } from 'node:stream'
import test from 'ava'
import { readInput, withOutputFile } from '../../src/cmd/files.ts'

test('a command that is interrupted leaves the file as it was, and nothing beside it', async (t) => {
  const cwd = await mkdtemp(path.join(tmpdir(), 'teleport-files-'))
  t.teardown(() => rm(cwd, { recursive: true }))
  const file = path.join(cwd, 'session.html')
  await writeFile(file, 'old')
  const interruptedAfter = async (words: readonly string[]) => {
    const stop = new AbortController()
    return withOutputFile({ cwd, pid: process.pid, signal: stop.signal }, 'session.html', async (write) => {
      for (const word of words) await write(word)
      stop.abort()
      if (words.length === 1) await write('more')
    })
  }
  await t.throwsAsync(interruptedAfter(['new']), { code: 'interrupted' })
  // Also where nothing more was to be written.
  await t.throwsAsync(interruptedAfter(['new', 'er']), { code: 'interrupted' })
  t.deepEqual(await readdir(cwd), ['session.html'])
  t.is(await readFile(file, 'utf8'), 'old')
})

test('a command that is interrupted waits no longer for what somebody would type', async (t) => {
  const stop = new AbortController()
  const stdin = new PassThrough()
  stdin.write('half a passphr')
  const reading = readInput({ cwd: '/', stdin, signal: stop.signal }, '-', 1000)
  stop.abort()
  await t.throwsAsync(reading, { code: 'interrupted' })
})
