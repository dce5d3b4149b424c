import { execFile, spawn } from 'node:child_process'
import { appendFileSync, readFileSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import test, { type ExecutionContext } from 'ava'
import { withStoreLock } from '../../src/git-store/lock.ts'
import { ownMark, type ProcessMark } from '../../src/git-store/process-identity.ts'

async function folder(t: ExecutionContext): Promise<string> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'git-teleport-'))
  t.teardown(() => rm(dir, { recursive: true, force: true }))
  return dir
}

/** A pid that no process has any more. */
async function deadPid(): Promise<number> {
  const child = spawn('true')
  await new Promise((resolve) => child.once('exit', resolve))
  return child.pid ?? 0
}

const lockText = (holder: object) => JSON.stringify({ host: os.hostname(), start: null, ...holder })

test('runs one after the other, returns what the work returns, leaves no file', async (t) => {
  const dir = await folder(t)
  let inside = 0
  const work = async (value: number) => {
    inside += 1
    t.is(inside, 1)
    await readdir(dir)
    inside -= 1
    return value
  }
  t.deepEqual(await Promise.all([1, 2, 3].map((value) => withStoreLock(dir, () => work(value)))), [1, 2, 3])
  t.deepEqual(await readdir(dir), [])
})

test('work that fails gives the lock back', async (t) => {
  const dir = await folder(t)
  await t.throwsAsync(
    withStoreLock(dir, () => Promise.reject(new Error('no'))),
    { message: 'no' },
  )
  t.deepEqual(await readdir(dir), [])
})

test('who may not wait is told who holds the lock', async (t) => {
  const dir = await folder(t)
  await withStoreLock(dir, async () => {
    const error = await t.throwsAsync(
      withStoreLock(dir, async () => 1, { waitMs: 0 }),
      { code: 'store-busy' },
    )
    t.regex(error?.message ?? '', new RegExp(`process ${process.pid} on`))
  })
})

test('a lock of another host, or one just being written, is respected', async (t) => {
  const dir = await folder(t)
  const token = 'ab'.repeat(8)
  for (const text of [lockText({ pid: await deadPid(), host: 'elsewhere', token }), '', '{"pid":']) {
    await writeFile(path.join(dir, 'lock'), text)
    await t.throwsAsync(
      withStoreLock(dir, async () => 1, { waitMs: 0 }),
      { code: 'store-busy' },
    )
    t.is(await readFile(path.join(dir, 'lock'), 'utf8'), text)
  }
})

test('the lock of a dead process is taken over, and of a pid that somebody else got', async (t) => {
  const dir = await folder(t)
  const token = 'ab'.repeat(8)
  const own = await ownMark()
  const stale = [lockText({ pid: await deadPid(), token })]
  if (own.start !== null) stale.push(lockText({ pid: process.pid, start: '1', token }))
  for (const text of stale) {
    await writeFile(path.join(dir, 'lock'), text)
    t.is(await withStoreLock(dir, async () => 1, { waitMs: 0 }), 1)
    t.deepEqual(await readdir(dir), [])
  }
})

test('the wreck of a lock that was never written is taken over when it is old', async (t) => {
  const dir = await folder(t)
  await writeFile(path.join(dir, 'lock'), '')
  await utimes(path.join(dir, 'lock'), 1, 1)
  t.is(await withStoreLock(dir, async () => 1, { waitMs: 0 }), 1)
  t.deepEqual(await readdir(dir), [])
})

test('an heir that is slow to act on what it saw does not push aside the one that was faster', async (t) => {
  const dir = await folder(t)
  await writeFile(path.join(dir, 'lock'), lockText({ pid: await deadPid(), token: 'ab'.repeat(8) }))
  let isFirstLook = true
  const faster: { leave(): void; done: Promise<void> } = { leave() {}, done: Promise.resolve() }
  const isRunning = async (mark: ProcessMark) => {
    if (!isFirstLook) return mark.pid === process.pid
    isFirstLook = false
    await new Promise<void>((inside) => {
      faster.done = withStoreLock(dir, () => {
        inside()
        return new Promise((leave) => {
          faster.leave = leave
        })
      })
    })
    return false
  }
  const slow = withStoreLock(dir, async () => 1, { waitMs: 0, isRunning })
  await t.throwsAsync(slow, { code: 'store-busy' })
  faster.leave()
  await faster.done
  t.deepEqual(await readdir(dir), [])
})

test('of many heirs of a dead holder, and of a dead heir, one works at a time', async (t) => {
  const dir = await folder(t)
  const pid = await deadPid()
  for (let round = 0; round < 10; round += 1) {
    const [first, second] = [`${round}`.repeat(16), `f${round}`.repeat(8)]
    await writeFile(path.join(dir, 'lock'), lockText({ pid, token: first }))
    if (round % 2) await writeFile(path.join(dir, `lock.${first}`), lockText({ pid, token: second }))
    let inside = 0
    let done = 0
    const heirs = Array.from({ length: 12 }, async (_, late) => {
      for (let turn = 0; turn < late; turn += 1) await setImmediate()
      await withStoreLock(dir, async () => {
        inside += 1
        for (let turn = 0; turn < 5; turn += 1) {
          t.is(inside, 1)
          await readdir(dir)
        }
        inside -= 1
        done += 1
      })
    })
    await Promise.all(heirs)
    t.is(done, 12)
    t.deepEqual(await readdir(dir), [])
  }
})

test('processes that come, go and are killed inside never work at the same time', async (t) => {
  const dir = await folder(t)
  const log = path.join(dir, 'log')
  const source = path.resolve(import.meta.dirname, '../../src/git-store/lock.js')
  const script = `
    import { appendFileSync } from 'node:fs'
    import { setImmediate } from 'node:timers/promises'
    import { withStoreLock } from ${JSON.stringify(pathToFileURL(source).href)}
    const [log, rounds, dies] = [${JSON.stringify(log)}, Number(process.argv[1]), process.argv[2] === 'dies']
    const say = (what) => appendFileSync(log, what + ' ' + process.pid + '\\n')
    for (let round = 1; round <= rounds; round += 1) {
      await withStoreLock(${JSON.stringify(dir)}, async () => {
        say('enter')
        for (let turn = 0; turn < 5; turn += 1) await setImmediate()
        say('leave')
        if (dies && round === rounds) process.kill(process.pid, 'SIGKILL')
      })
    }`
  appendFileSync(log, '')
  const child = (rounds: number, how: string) =>
    promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script, String(rounds), how])
  const killed = [1, 2].map((rounds) => t.throwsAsync(child(rounds, 'dies')))
  await Promise.all([...killed, child(6, 'lives'), child(6, 'lives')])

  const rows = readFileSync(log, 'utf8').trimEnd().split('\n')
  t.is(rows.length, 2 * (1 + 2 + 2 * 6))
  for (let at = 0; at < rows.length; at += 2) t.is(rows[at]?.replace('enter', 'leave'), rows[at + 1])
})
