/** Finding sessions and running clients. */

import { copyFileSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import test from 'ava'
import { liveClients } from '../../src/claude/live.ts'
import { findSession, findSessionsByPrefix, sessionsOfWorktree } from '../../src/claude/locate.ts'
import { startTicks } from '../../src/claude/process-start.ts'
import { projectDirName } from '../../src/claude/project-dir.ts'
import { otherSession, session, temporaryHome } from './sample.ts'

function put(projects: string, folder: string, id: string, cwd: string, seconds: number): string {
  mkdirSync(path.join(projects, folder), { recursive: true })
  const file = path.join(projects, folder, `${id}.jsonl`)
  writeFileSync(file, `{"type":"mode"}\n${JSON.stringify({ type: 'user', cwd })}\n`)
  utimesSync(file, seconds, seconds)
  return file
}

test('every copy of a session is found, newest first', async (t) => {
  const claude = temporaryHome(t)
  const projects = path.join(claude.config, 'projects')
  const copy = put(projects, '-elsewhere', session, '/elsewhere', 4_000_000_000)
  const found = await findSession(claude, session)
  t.deepEqual(
    found.map((file) => file.projectDir),
    ['-elsewhere', '-home-ann-app'],
  )
  t.is(found[0]?.path, copy)
  t.deepEqual(await findSession(claude, otherSession), [])
})

test('a session that is reached through a linked folder counts once; a linked transcript does not count', async (t) => {
  const claude = temporaryHome(t)
  const projects = path.join(claude.config, 'projects')
  symlinkSync('-home-ann-app', path.join(projects, '-a-link'))
  t.deepEqual(
    (await findSession(claude, session)).map((file) => file.projectDir),
    ['-home-ann-app'],
  )
  symlinkSync(
    path.join(projects, '-home-ann-app', `${session}.jsonl`),
    path.join(projects, '-home-ann-app', `${otherSession}.jsonl`),
  )
  t.deepEqual(await findSession(claude, otherSession), [])
})

test('a prefix finds all that begin with it, and nothing where there is no data', async (t) => {
  const claude = temporaryHome(t)
  put(path.join(claude.config, 'projects'), '-x', otherSession, '/x', 1)
  t.is((await findSessionsByPrefix(claude, '3F2A')).length, 1)
  t.is((await findSessionsByPrefix(claude, '')).length, 2)
  t.deepEqual(await findSessionsByPrefix({ ...claude, config: '/no/where' }, ''), [])
})

test('the sessions of a work tree lie in its folders and say so in a row', async (t) => {
  const claude = temporaryHome(t, true)
  const projects = path.join(claude.config, 'projects')
  const top = path.join(claude.home, 'my.app')
  mkdirSync(top)
  const ids = [1, 2, 3, 4, 5].map((n) => `${String(n).repeat(8)}-0000-4000-8000-000000000000`)
  put(projects, projectDirName(top), ids[0] ?? '', top, 1)
  put(projects, projectDirName(path.join(top, 'packages/a')), ids[1] ?? '', path.join(top, 'packages/a'), 2)
  // The same folder name, but of another path; a longer name; somewhere else.
  put(projects, projectDirName(top), ids[2] ?? '', path.join(claude.home, 'my-app'), 3)
  put(projects, projectDirName(`${top}-2`), ids[3] ?? '', `${top}-2`, 4)
  put(projects, '-somewhere', ids[4] ?? '', top, 5)
  const found = await sessionsOfWorktree(claude, top)
  t.deepEqual(
    found.map((file) => file.session[0]),
    ['2', '1'],
  )
  const linked = path.join(claude.home, 'link')
  symlinkSync(top, linked)
  t.is((await sessionsOfWorktree(claude, linked)).length, 2)
})

test('the sessions of a work tree with a very long path are found by the cut name', async (t) => {
  const claude = temporaryHome(t, true)
  const top = path.join(claude.home, 'x'.repeat(120), 'y'.repeat(120))
  mkdirSync(top, { recursive: true })
  put(path.join(claude.config, 'projects'), projectDirName(top), session, top, 1)
  put(path.join(claude.config, 'projects'), projectDirName(`${top}/z`), otherSession, `${top}/z`, 2)
  t.is((await sessionsOfWorktree(claude, top)).length, 2)
})

test('a client is live when its process runs and began when it says', async (t) => {
  const claude = temporaryHome(t, true)
  const folder = path.join(claude.config, 'sessions')
  mkdirSync(folder, { recursive: true })
  const note = (pid: number, more: object) =>
    writeFileSync(
      path.join(folder, `${pid}.json`),
      JSON.stringify({ pid, sessionId: session, cwd: '/x', ...more }),
    )
  const live = async () => (await liveClients(claude)).map(({ pid }) => pid)
  note(process.pid, {})
  t.deepEqual(await live(), [process.pid])
  note(process.pid, { procStart: 'Fri Nov 20 09:00:00 2026' })
  t.deepEqual(await live(), [process.pid])
  const ticks = await startTicks(process.pid)
  if (ticks !== null) {
    note(process.pid, { procStart: String(ticks) })
    t.deepEqual(await live(), [process.pid])
    note(process.pid, { procStart: String(ticks + 1) })
    t.deepEqual(await live(), [])
  }
  note(process.pid, { sessionId: 'not an id' })
  note(2_000_000_000, {})
  copyFileSync(path.join(folder, `${process.pid}.json`), path.join(folder, 'x.json'))
  writeFileSync(path.join(folder, '1.json'), '{"sessionId":')
  t.deepEqual(await live(), [])
})

test('a client that is just writing its file is live', async (t) => {
  const claude = temporaryHome(t, true)
  const folder = path.join(claude.config, 'sessions')
  mkdirSync(folder, { recursive: true })
  const file = path.join(folder, `${process.pid}.json`)
  const text = JSON.stringify({ pid: process.pid, sessionId: session, cwd: '/x' })
  for (const part of ['', text.slice(0, 20)]) {
    writeFileSync(file, part)
    const found = await liveClients(claude, async () => writeFileSync(file, text))
    t.deepEqual(found, [{ pid: process.pid, session, cwd: '/x' }], part)
  }
  // A file that stays so is not waited for long, and one of a process that is gone not at all.
  let waits = 0
  const wait = async () => {
    waits += 1
  }
  writeFileSync(file, '{')
  writeFileSync(path.join(folder, '2000000000.json'), '{')
  t.deepEqual(await liveClients(claude, wait), [])
  t.is(waits, 3)
})

test('without any data there is no client', async (t) => {
  t.deepEqual(await liveClients({ ...temporaryHome(t, true), config: '/no/where' }), [])
})
