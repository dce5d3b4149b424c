/** The small parts of the command line: lifetimes, sizes, ages, the line of progress, errors as text. */

import { Readable, Writable } from 'node:stream'
import { setTimeout } from 'node:timers/promises'
import test from 'ava'
import { run } from '../../src/cmd/cli.ts'
import { parseExpiry } from '../../src/cmd/expiry.ts'
import type { Io } from '../../src/cmd/io.ts'
import { makeProgress } from '../../src/cmd/progress.ts'
import { reportError } from '../../src/cmd/report-error.ts'
import { formatAge, formatBytes, plural, safe, shortId } from '../../src/cmd/text.ts'
import { errnoOf, fileError, hasCode, TeleportError } from '../../src/errors.ts'

test('a lifetime is a number of hours, days or weeks, or never', (t) => {
  t.deepEqual(['12h', '1d', '7d', '4w', '99999w', 'never'].map(parseExpiry), [0.5, 1, 7, 28, 699_993, null])
  for (const odd of ['', '0d', '7', 'd', '7D', '-1d', '1.5d', '7d ', '100000d', 'Never', '7d\n', '１d']) {
    const error = t.throws(() => parseExpiry(odd), { instanceOf: TeleportError })
    t.is(error.exitCode, 2)
  }
})

test('sizes have three digits at most', (t) => {
  const sizes = [0, 1, 999, 1000, 1234, 99_449, 99_500, 999_499, 999_500, 1_500_000, 2e9, 5e15]
  t.deepEqual(sizes.map(formatBytes), [
    '0 B',
    '1 B',
    '999 B',
    '1.0 kB',
    '1.2 kB',
    '99.4 kB',
    '100 kB',
    '999 kB',
    '1.0 MB',
    '1.5 MB',
    '2.0 GB',
    '5000 TB',
  ])
})

test('ages read as people say them, both ways', (t) => {
  const now = new Date('2026-11-20T12:00:00Z')
  const ages = [
    '2026-11-20T11:59:31Z',
    '2026-11-20T11:57:00Z',
    '2026-11-20T11:00:00Z',
    '2026-11-19T12:00:00Z',
    '2026-11-10T12:00:00Z',
    '2026-11-20T15:00:00Z',
    '2026-12-20T12:00:00Z',
  ]
  t.deepEqual(
    ages.map((time) => formatAge(time, now)),
    ['now', '3 min ago', '1 hour ago', '24 hours ago', '10 days ago', 'in 3 hours', 'in 30 days'],
  )
  t.deepEqual(
    [plural(0, 'file'), plural(1, 'file'), plural(12_345, 'file'), plural(2, 'entry', 'entries')],
    ['0 files', '1 file', '12,345 files', '2 entries'],
  )
  t.is(shortId('5b1e3f2a-91c4-4d6f-9a37-0123456789ab'), '5b1e3f2a')
})

test('text from outside stays on its line and sends nothing to the terminal', (t) => {
  const title =
    'a\u001b[31mred\u001b[0m \u001b]8;;https://x\u0007link\u009b2J\u202eright\u200b\nsigned   by you\r\nand\u2028more'
  t.is(safe(title), 'ared ]8;;https://xlinkright signed   by you andmore')
})

test('an error is told to people in lines and to programs as one document', (t) => {
  const error = new TeleportError('no-session', 'no \u001b[31msession\nof that name', {
    hint: 'one\n  two',
    data: { n: 1 },
  })
  const people = screen()
  t.is(reportError(people.io, error, false), 3)
  t.is(people.text(), 'git-teleport: error: no session of that name\ngit-teleport: hint: one\n  two\n')
  const program = screen()
  t.is(reportError(program.io, error, true), 3)
  t.deepEqual(JSON.parse(program.text()), {
    version: 1,
    error: {
      code: 'no-session',
      message: 'no \u001b[31msession\nof that name',
      hint: 'one\n  two',
      data: { n: 1 },
    },
  })
  t.notRegex(program.text(), /\u001b/)
  const bare = screen()
  reportError(bare.io, new TeleportError('failed', 'x'), true)
  t.deepEqual(JSON.parse(bare.text()), { version: 1, error: { code: 'failed', message: 'x', hint: null } })
})

test('a failed file operation tells a full disk from other troubles', (t) => {
  const failure = (code: string) => Object.assign(new Error(code), { code })
  for (const code of ['ENOSPC', 'EDQUOT']) t.true(hasCode(fileError(failure(code), 'writing x'), 'disk-full'))
  const denied = fileError(failure('EACCES'), 'writing x')
  t.is(denied.code, 'failed')
  t.is(denied.message, 'EACCES while writing x')
  t.is(fileError(denied, 'doing more'), denied)
  t.is(errnoOf('ENOENT'), undefined)
})

test('progress is shown on a terminal only, and only when it takes longer than half a second', (t) => {
  const s = screen()
  const progress = makeProgress(s.io, false)
  progress.step('packing', 2_000_000)
  s.wait(499)
  progress.advance(500_000)
  t.is(s.text(), '')
  s.wait(1)
  progress.advance(500_000)
  t.is(s.text(), '\r\u001b[Kpacking [##########..........]  50 %  1.0 MB of 2.0 MB, 2.0 MB/s')
  s.wait(50)
  progress.advance(1)
  t.is(s.draws(), 1, 'not redrawn at once')
  s.wait(60)
  progress.advance(2_000_000)
  t.regex(s.text(), /\[####################\] 100 % {2}3\.0 MB of 2\.0 MB/)
  progress.pause()
  t.true(s.text().endsWith('\r\u001b[K'), 'the line is taken away')
  const length = s.text().length
  progress.done()
  t.is(s.text().length, length)

  for (const [terminal, quiet] of [
    [false, false],
    [true, true],
  ] as const) {
    const silent = screen(terminal)
    const hidden = makeProgress(silent.io, quiet)
    silent.wait(5000)
    hidden.step('packing', 10)
    hidden.advance(5)
    hidden.done()
    t.is(silent.text(), '')
  }
})

test('a step that reports nothing gets its line too, by a timer that the clock says is early', async (t) => {
  const s = screen()
  const progress = makeProgress(s.io, false)
  s.wait(450)
  progress.step('sending')
  s.wait(49)
  await setTimeout(80)
  t.is(s.text(), '\r\u001b[Ksending …')
  progress.done()
})

test('what others write on the terminal is neither erased nor drawn over', async (t) => {
  const s = screen()
  const progress = makeProgress(s.io, false)
  progress.step('reading')
  s.wait(600)
  const question = async () => {
    progress.step('sending')
    t.is(s.text(), 'sending …', 'behind what stands there')
    s.wait(600)
    progress.advance(5)
    progress.step('more')
    t.is(s.text(), 'sending …')
  }
  await progress.beside(question)
  progress.advance(1)
  t.is(s.text(), 'sending …\r\u001b[Kmore … 1 B')
  const length = s.text().length
  await progress.without(async () => {
    s.wait(600)
    progress.step('meanwhile')
    t.is(s.text().slice(length), '\r\u001b[K')
  })
  progress.advance(2)
  t.true(s.text().endsWith('\r\u001b[Kmeanwhile … 2 B'))
  progress.done()
})

test('a clock that is set back hides no progress', async (t) => {
  const s = screen()
  const progress = makeProgress(s.io, false)
  s.wait(-3_600_000)
  progress.step('sending')
  t.is(s.text(), '')
  await setTimeout(600)
  t.regex(s.text(), /sending …$/)
  progress.done()
})

test('a line of progress fits the terminal, and an interruption stops the work at the next one', (t) => {
  const s = screen(true, 30)
  const progress = makeProgress(s.io, false)
  s.wait(700)
  progress.step('a step with a long name that goes on')
  t.is(s.text(), '\r\u001b[Ka step with a long name that ')
  s.interrupt()
  t.throws(() => progress.advance(1), { message: 'interrupted; nothing was left half-done' })
  t.throws(() => progress.step('more'), { instanceOf: TeleportError })
  t.notThrows(() => progress.done())
})

test('a defect is neither printed as an answer nor taken for a failure: it leaves the command line as it is', async (t) => {
  const s = screen()
  const defect = new TypeError('x is not a function')
  const io: Io = {
    ...s.io,
    get home(): string {
      throw defect
    },
  }
  t.is(await t.throwsAsync(run(['doctor'], io)), defect)
  t.is(s.text(), '')
})

/** A terminal on stderr with a clock of its own. */
function screen(isTerminal = true, columns = 80) {
  const written: string[] = []
  const controller = new AbortController()
  let now = Date.UTC(2026, 10, 20)
  const sink = new Writable({
    decodeStrings: false,
    write(chunk: string, _encoding, done) {
      written.push(chunk)
      done()
    },
  })
  const io: Io = {
    stdin: Readable.from([]),
    stdout: sink,
    stderr: sink,
    env: {},
    cwd: '/',
    isTerminal: { stdin: isTerminal, stdout: isTerminal, stderr: isTerminal },
    columns,
    now: () => new Date(now),
    random: (n) => new Uint8Array(n),
    home: '/home/x',
    platform: 'linux',
    hostname: 'x',
    system: { policyFile: '/nonexistent', policyOwner: null, isPublicHost: () => false },
    signal: controller.signal,
    pid: 1,
    version: '0',
  }
  return {
    io,
    text: () => written.join(''),
    draws: () => written.length,
    wait(ms: number) {
      now += ms
    },
    interrupt: () => controller.abort(),
  }
}
