/** The entry program around an invented command line, in its own process. */

import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, openSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import test from 'ava'

const compiled = path.resolve(import.meta.dirname, '../../src')
const program = realpathSync(mkdtempSync(path.join(tmpdir(), 'teleport-main-')))

/** What the tests make the command line do. */
const inventedCli = `
import { setTimeout } from 'node:timers/promises'
const verbs = {
  code: async ([code]) => Number(code),
  wait: (_, io) => new Promise((resolve) => {
    const alive = setInterval(() => {}, 1000)
    io.signal.addEventListener('abort', () => {
      clearInterval(alive)
      io.stdout.write('cleaned up\\n', () => resolve(0))
    })
    io.stdout.write('waiting\\n')
  }),
  stubborn: (_, io) => { io.stdout.write('waiting\\n'); setInterval(() => {}, 1000); return new Promise(() => {}) },
  flood: async (_, io) => { for (;;) { io.stdout.write('y'.repeat(65536)); await setTimeout(0) } },
  much: async (_, io) => { io.stdout.write('z'.repeat(3_000_000)); return 3 },
  throw: async () => { throw new Error('a defect \\u001b[31m\\u202e') },
  'throw-later': () => { setImmediate(() => { throw new TypeError('later') }); return setTimeout(60_000, 0) },
  'reject-later': () => { Promise.reject(new TypeError('unheard')); return setTimeout(60_000, 0) },
  never: () => new Promise(() => {}),
  io: async (_, io) => {
    const { cwd, home, columns, isTerminal, platform, hostname, pid, version } = io
    const random = [io.random(70_000).length, Buffer.compare(io.random(16), io.random(16)) !== 0]
    io.stdout.write(JSON.stringify({ cwd, home, columns, isTerminal: { ...isTerminal }, platform, hostname, pid, version, random, year: io.now().getFullYear(), env: io.env.ANSWER }))
    return 0
  },
  cwd: async (_, io) => { try { return io.cwd.length } catch (error) { io.stdout.write(error.code); return error.exitCode } },
}
export const run = ([verb, ...args], io) => verbs[verb](args, io)
`

test.before(() => {
  for (const file of ['main.js', 'errors.js', 'cmd/io.js', 'core/system-facts.js'])
    cpSync(path.join(compiled, file), path.join(program, file))
  writeFileSync(path.join(program, 'cmd/cli.js'), inventedCli)
  writeFileSync(path.join(program, 'package.json'), '{"type":"module"}')
})
test.after.always(() => rmSync(program, { recursive: true, force: true }))

function start(argv: readonly string[], options: { cwd?: string; stdout?: number } = {}): ChildProcess {
  return spawn(process.execPath, [path.join(program, 'main.js'), ...argv], {
    cwd: options.cwd ?? program,
    env: { PATH: process.env['PATH'], HOME: program, ANSWER: '42' },
    stdio: ['ignore', options.stdout ?? 'pipe', 'pipe'],
  })
}

async function finish(child: ChildProcess): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  const [stdout, stderr] = await Promise.all([
    child.stdout ? text(child.stdout) : '',
    child.stderr ? text(child.stderr) : '',
  ])
  return { code: await ended, stdout, stderr }
}

const waiting = (child: ChildProcess) => new Promise((resolve) => child.stdout?.once('data', resolve))

test('the exit code is the one the command returned', async (t) => {
  t.deepEqual(await finish(start(['code', '5'])), { code: 5, stdout: '', stderr: '' })
})

test('output is written to its end before the program ends', async (t) => {
  const { code, stdout } = await finish(start(['much']))
  t.is(code, 3)
  t.is(stdout.length, 3_000_000)
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`after ${signal} the command cleans up and the exit code is 130`, async (t) => {
    const child = start(['wait'])
    await waiting(child)
    child.kill(signal)
    const { code, stdout, stderr } = await finish(child)
    t.is(code, 130)
    t.is(stdout, 'cleaned up\n')
    t.is(stderr, '')
  })
}

test('a second interruption ends a command that does not listen', async (t) => {
  const child = start(['stubborn'])
  await waiting(child)
  child.kill('SIGINT')
  // Two signals that arrive together count once, so the second is sent until it is seen.
  const again = setInterval(() => child.kill('SIGINT'), 20)
  const { code, stderr } = await finish(child)
  clearInterval(again)
  t.is(code, 130)
  t.is(stderr, '')
})

test('a reader that goes away ends the program without a word', async (t) => {
  const child = start(['flood'])
  await waiting(child)
  child.stdout?.destroy()
  const ended = new Promise((resolve) => child.on('close', resolve))
  const stderr = child.stderr && (await text(child.stderr))
  t.is(await ended, 141)
  t.is(stderr, '')
})

test('output that cannot be written is an error', async (t) => {
  if (process.platform !== 'linux') return t.pass()
  const { code, stderr } = await finish(start(['much'], { stdout: openSync('/dev/full', 'w') }))
  t.is(code, 1)
  t.is(stderr, 'git-teleport: error: cannot write the output: ENOSPC\n')
})

const isReported = test.macro({
  exec: async (t, verb: string, what: RegExp) => {
    const { code, stdout, stderr } = await finish(start([verb]))
    t.is(code, 70)
    t.is(stdout, '')
    t.regex(stderr, /^git-teleport: error: this is a defect of git-teleport/)
    t.regex(stderr, /\n {2}git-teleport \d+\.\d+\.\d+\S*, node v\d+/)
    t.regex(stderr, what)
    t.notRegex(stderr, /[^\P{C}\n]/u)
  },
  title: (title) => `${title} is reported as a defect`,
})

test('an error that nobody caught', isReported, 'throw', /Error: a defect \[31m\n {6}at \S*throw/)
test('an error outside of the command', isReported, 'throw-later', /TypeError: later\n/)
test('a rejection that nobody heard', isReported, 'reject-later', /TypeError: unheard\n/)
test('a command that never ends while nothing is left to do', isReported, 'never', /came to no end/)
test('a verb that breaks before it starts', isReported, 'nonsense', /TypeError: /)

test('a command gets the process as one argument', async (t) => {
  const child = start(['io'])
  const io: unknown = JSON.parse((await finish(child)).stdout)
  t.like(io, {
    cwd: program,
    home: program,
    columns: 80,
    isTerminal: { stdin: false, stdout: false, stderr: false },
    platform: process.platform,
    pid: child.pid,
    version: '0.0.0-unbuilt',
    random: [70_000, true],
    env: '42',
  })
})

test('a folder that was deleted under the program is told by name', async (t) => {
  if (process.platform === 'win32') return t.pass()
  const cwd = path.join(program, 'gone')
  mkdirSync(cwd)
  const script = `rmdir "$PWD" && exec "$0" "$1" cwd`
  const child = spawn('/bin/sh', ['-c', script, process.execPath, path.join(program, 'main.js')], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.deepEqual(await finish(child), { code: 7, stdout: 'no-repository', stderr: '' })
})

test('the version needs no other file and comes without a look at the command line', async (t) => {
  const alone = path.join(program, 'alone')
  mkdirSync(alone)
  cpSync(path.join(compiled, 'program.cjs'), path.join(alone, 'program.cjs'))
  for (const flag of ['--version', '-v']) {
    const child = spawn(process.execPath, [path.join(alone, 'program.cjs'), flag], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    t.deepEqual(await finish(child), { code: 0, stdout: 'git-teleport 0.0.0-unbuilt\n', stderr: '' })
  }
})
