/** Putting a session in its place, all or nothing. */

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { claudeHome } from '../../src/claude/home.ts'
import { beginInstall, listInstalls, recoverInstalls, undoInstall } from '../../src/claude/install.ts'
import { hasCode } from '../../src/errors.ts'
import { contents, installedSession, installSample, now } from './install-script.ts'
import { chunked, temporary } from './sample.ts'

const transcriptName = `projects/-work-app/${installedSession}.jsonl`
const copyName = `projects/-copy/${installedSession}.jsonl`
const resultName = `projects/-work-app/${installedSession}/tool-results/x.txt`

function files(folder: string): string[] {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)))
    .sort()
}

const state = (config: string) => contents(config, files(config))

/** A home with the session's older state: a transcript with a tail that is to be cut, a copy, another prompt. */
function olderHome(t: ExecutionContext) {
  const home = temporary(t)
  const claude = claudeHome({}, home, 'linux')
  const write = (name: string, text: string) => {
    mkdirSync(path.dirname(path.join(claude.config, name)), { recursive: true })
    writeFileSync(path.join(claude.config, name), text)
  }
  write(transcriptName, oldTranscript)
  write(copyName, 'a copy\n')
  write('history.jsonl', `{"display":"known","timestamp":1,"sessionId":"${installedSession}"}\nhalf a row`)
  return {
    home,
    claude,
    store: path.join(home, 'store'),
    config: claude.config,
    before: state(claude.config),
  }
}

const oldTranscript = 'old lines\nlocal tail\n'
const newTranscript = 'old lines\nnew end\n'

const after = {
  [transcriptName]: newTranscript,
  [resultName]: 'result',
  'plans/quiet-otter.md': 'new plan',
  'history.jsonl':
    `{"display":"known","timestamp":1,"sessionId":"${installedSession}"}\nhalf a row\n` +
    `{"display":"new","timestamp":2,"sessionId":"${installedSession}"}\n`,
}

test('everything planned is there, and says so', async (t) => {
  const { home, config, store } = olderHome(t)
  const report = await installSample(home, () => {})
  t.deepEqual(state(config), after)
  t.deepEqual(
    report.written.map((file) => path.relative(config, file)).sort(),
    ['plans/quiet-otter.md', transcriptName, resultName].sort(),
  )
  t.deepEqual(report.replaced, [path.join(config, transcriptName)])
  t.deepEqual(report.removed, [path.join(config, copyName)])
  t.is(report.historyRows, 1)
  const written = statSync(path.join(config, transcriptName))
  t.is(written.mode & 0o777, 0o600)
  t.is(written.mtimeMs, now.getTime())
  t.is(statSync(path.dirname(path.join(config, resultName))).mode & 0o777, 0o700)
  t.deepEqual(
    (await listInstalls(store)).map(({ id, undone }) => ({ id, undone })),
    [{ id: report.id, undone: false }],
  )
})

test('stage tells size and hash of the whole new file', async (t) => {
  const { claude, store, config } = olderHome(t)
  const install = await beginInstall(claude, store, { session: installedSession, now })
  const target = path.join(config, transcriptName)
  const staged = await install.stage(target, chunked(Buffer.from('x')), {
    keepFrom: { path: target, size: 10 },
  })
  t.is(staged.size, 11)
  t.is<string, string>(staged.sha256, createHash('sha256').update('old lines\nx').digest('hex'))
  await install.abort()
})

test('given up before the end, nothing has changed and nothing is left', async (t) => {
  const { claude, store, config, before } = olderHome(t)
  const install = await beginInstall(claude, store, { session: installedSession, now })
  await install.stage(path.join(config, transcriptName), chunked(Buffer.from('x')))
  install.remove(path.join(config, copyName))
  await install.abort()
  t.deepEqual(state(config), before)
  t.false(existsSync(path.join(config, '.git-teleport')))
})

test('a plan that is there already is not overwritten', async (t) => {
  const { home, config } = olderHome(t)
  mkdirSync(path.join(config, 'plans'))
  writeFileSync(path.join(config, 'plans/quiet-otter.md'), 'mine')
  const report = await installSample(home, () => {})
  t.is(readFileSync(path.join(config, 'plans/quiet-otter.md'), 'utf8'), 'mine')
  t.false(report.written.some((file) => file.includes('plans')))
})

const stands = test.macro({
  exec: async (t, _what: string, name: string, obstruct: (place: string, home: string) => void) => {
    const { claude, store, config, home } = olderHome(t)
    mkdirSync(path.join(home, 'outside'))
    obstruct(config, home)
    const before = files(home)
    const install = await beginInstall(claude, store, { session: installedSession, now })
    const error = await t.throwsAsync(install.stage(path.join(config, name), chunked(Buffer.from('x'))))
    t.true(hasCode(error, 'foreign-file'))
    await install.abort()
    t.deepEqual(files(home), before)
  },
  title: (_, what: string) => `does not write ${what}`,
})
test(stands, 'through a linked folder', 'plans/x.md', (config, home) =>
  symlinkSync(path.join(home, 'outside'), path.join(config, 'plans')),
)
test(stands, 'over a link', 'x.md', (config, home) =>
  symlinkSync(path.join(home, 'outside/x'), path.join(config, 'x.md')),
)
test(stands, 'over a folder', 'x.md', (config) => mkdirSync(path.join(config, 'x.md')))
test(stands, 'below a file', 'history.jsonl/x.md', () => {})
test(stands, 'outside of the configuration folder', '../outside/x.md', () => {})

test('a link that appears between staging and commit stops everything', async (t) => {
  const { claude, store, config, home, before } = olderHome(t)
  const install = await beginInstall(claude, store, { session: installedSession, now })
  await install.stage(path.join(config, transcriptName), chunked(Buffer.from('x')))
  await install.stage(path.join(config, 'plans/x.md'), chunked(Buffer.from('x')))
  symlinkSync(home, path.join(config, 'plans'))
  t.true(hasCode(await t.throwsAsync(install.commit()), 'foreign-file'))
  rmSync(path.join(config, 'plans'))
  t.deepEqual(state(config), before)
  t.deepEqual(await listInstalls(store), [])
})

test('undo puts everything back but the prompt history, once', async (t) => {
  const { home, claude, store, config, before } = olderHome(t)
  const report = await installSample(home, () => {})
  const undone = await undoInstall(claude, store, { force: false, now })
  t.deepEqual(state(config), { ...before, 'history.jsonl': after['history.jsonl'] })
  t.is(undone.id, report.id)
  t.deepEqual(
    undone.restored.map((file) => path.relative(config, file)).sort(),
    [copyName, transcriptName].sort(),
  )
  t.is(undone.deleted.length, 2)
  t.true((await listInstalls(store))[0]?.undone)
  t.true(hasCode(await t.throwsAsync(undoInstall(claude, store, { force: false, now })), 'nothing-to-undo'))
})

test('undo does not throw away what came since, unless forced, and then it is kept in a backup', async (t) => {
  const { home, claude, store, config } = olderHome(t)
  await installSample(home, () => {})
  appendFileSync(path.join(config, transcriptName), 'written since\n')
  const error = await t.throwsAsync(undoInstall(claude, store, { force: false, now }))
  t.true(hasCode(error, 'undo-changed'))
  t.is(readFileSync(path.join(config, transcriptName), 'utf8'), 'old lines\nnew end\nwritten since\n')
  await undoInstall(claude, store, { force: true, now })
  t.is(readFileSync(path.join(config, transcriptName), 'utf8'), oldTranscript)
  const backups = files(path.join(store, 'backups')).map((name) =>
    readFileSync(path.join(store, 'backups', name), 'utf8'),
  )
  t.true(backups.includes('old lines\nnew end\nwritten since\n'))
})

test('only the newest twenty are kept, and none for longer than a month', async (t) => {
  const { claude, store, config } = olderHome(t)
  const day = 24 * 60 * 60 * 1000
  const install = async (time: number) => {
    const one = await beginInstall(claude, store, { session: installedSession, now: new Date(time) })
    await one.stage(path.join(config, transcriptName), chunked(Buffer.from(String(time))))
    return (await one.commit()).id
  }
  const old = await install(now.getTime() - 31 * day)
  for (let count = 0; count < 21; count++) await install(now.getTime() + count)
  const kept = (await listInstalls(store)).map(({ id }) => id)
  t.is(kept.length, 20)
  t.false(kept.includes(old))
  t.is(readdirSync(path.join(store, 'backups')).length, 20)
})

const script = path.join(import.meta.dirname, 'install-script.js')

function killed(home: string, doing: string, step: string): boolean {
  const { signal } = spawnSync(process.execPath, [script, 'run', home, doing, step], { encoding: 'utf8' })
  return signal === 'SIGKILL'
}

for (const step of ['begun', 'staged-1', 'staged-3', 'backed-up']) {
  test(`killed after ${step}, the old state is there and the next command clears up`, async (t) => {
    const { home, claude, store, config, before } = olderHome(t)
    t.true(killed(home, 'install', step))
    t.is(readFileSync(path.join(config, transcriptName), 'utf8'), oldTranscript)
    t.deepEqual(await recoverInstalls(claude, store), [])
    t.deepEqual(state(config), before)
    t.deepEqual(files(store), [])
  })
}

for (const step of ['journal', 'applied-0', 'applied-1', 'applied-2', 'applied-3', 'history', 'done']) {
  test(`killed after ${step}, the next command finishes`, async (t) => {
    const { home, claude, store, config, before } = olderHome(t)
    t.true(killed(home, 'install', step))
    t.true([oldTranscript, newTranscript].includes(readFileSync(path.join(config, transcriptName), 'utf8')))
    t.is((await recoverInstalls(claude, store)).length, step === 'done' ? 0 : 1)
    t.deepEqual(state(config), after)
    t.deepEqual(await recoverInstalls(claude, store), [])
    await undoInstall(claude, store, { force: false, now })
    t.deepEqual(state(config), { ...before, 'history.jsonl': after['history.jsonl'] })
  })
}

for (const step of ['journal', 'applied-1', 'applied-3']) {
  test(`an undo killed after ${step} is finished too`, async (t) => {
    const { home, claude, store, config, before } = olderHome(t)
    await installSample(home, () => {})
    t.true(killed(home, 'undo', step))
    t.is((await recoverInstalls(claude, store)).length, 1)
    t.deepEqual(state(config), { ...before, 'history.jsonl': after['history.jsonl'] })
    t.true((await listInstalls(store))[0]?.undone)
  })
}

test('what was written to a file between the crash and the next command is not lost', async (t) => {
  const { home, claude, store, config } = olderHome(t)
  t.true(killed(home, 'install', 'journal'))
  rmSync(path.join(config, transcriptName))
  writeFileSync(path.join(config, transcriptName), 'begun anew\n')
  writeFileSync(path.join(config, copyName), 'not the copy any more\n')
  await recoverInstalls(claude, store)
  t.is(readFileSync(path.join(config, transcriptName), 'utf8'), newTranscript)
  t.is(readFileSync(path.join(config, copyName), 'utf8'), 'not the copy any more\n')
  const kept = files(path.join(store, 'backups')).map((name) =>
    readFileSync(path.join(store, 'backups', name), 'utf8'),
  )
  t.true(kept.includes('begun anew\n'))
})

test('what another repository has under way is left to it', async (t) => {
  const { home, claude, store, config } = olderHome(t)
  t.true(killed(home, 'install', 'journal'))
  t.deepEqual(await recoverInstalls(claude, path.join(home, 'other-store')), [])
  t.is(readFileSync(path.join(config, transcriptName), 'utf8'), oldTranscript)
  t.is((await recoverInstalls(claude, store)).length, 1)
  t.deepEqual(state(config), after)
})

test('a journal that cannot be read stops the command with its name', async (t) => {
  const { claude, store } = olderHome(t)
  mkdirSync(path.join(store, 'installs'), { recursive: true })
  writeFileSync(path.join(store, 'installs/20261120T120000000Z-1-00.json'), '{')
  t.true(hasCode(await t.throwsAsync(recoverInstalls(claude, store)), 'store-damaged'))
})
