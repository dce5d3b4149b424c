/** What a pull and a push find when two machines went on, together or apart, with and without a record of the last sync. */

import { appendFile } from 'node:fs/promises'
import test from 'ava'
import { parseSessionId } from '../../src/model.ts'
import {
  backups,
  forget,
  goOn,
  listed,
  makeHome,
  readTranscript,
  session,
  type Tale,
  tell,
  transcriptOf,
} from './seat.ts'

const states = ['same', 'fast-forward', 'local-ahead', 'diverged'] as const

test('each machine knows what it has and the other has not, with the record of the last sync and without', async (t) => {
  const home = await makeHome(t)
  const [laptop, desktop] = [await home.sit('laptop'), await home.sit('desktop')]
  const cases: { state: (typeof states)[number]; recorded: boolean; tale: Tale }[] = []
  for (const recorded of [true, false]) {
    for (const [at, state] of states.entries()) {
      const id = parseSessionId(`${recorded ? 'a' : 'b'}${at}000000-0000-4000-8000-000000000000`)
      cases.push({ state, recorded, tale: await tell(laptop, { session: id }) })
    }
  }
  await laptop.run(['push', '--all'])
  for (const { tale } of cases) await desktop.run(['pull', tale.session])
  for (const { state, recorded, tale } of cases) {
    const before = tale.cursor
    if (state === 'fast-forward' || state === 'diverged') await goOn(tale, laptop)
    if (state === 'diverged') tale.cursor = before
    if (state === 'local-ahead' || state === 'diverged') await goOn(tale, desktop, 6000)
    if (!recorded) await forget(desktop, tale.session)
  }
  await laptop.run(['push', '--all'])

  for (const { state, recorded, tale } of cases) {
    const about = `${state}, ${recorded ? 'recorded' : 'not recorded'}`
    const before = await readTranscript(desktop, tale.session)
    t.is((await listed(desktop, 'list', tale.session))?.['state'], recorded ? state : null, about)
    if (state === 'fast-forward') {
      const failure = await desktop.refused(['push', tale.session])
      t.like(failure, { exitCode: 5, code: 'remote-moved', hint: `git teleport pull ${tale.session}` }, about)
      t.regex(failure.message, /^laptop has pushed more of session/)
    }
    if (state === 'diverged') {
      for (const verb of ['pull', 'push']) {
        const failure = await desktop.refused([verb, tale.session])
        t.like(failure, { exitCode: 5, code: 'diverged' }, about)
        t.regex(
          failure.message,
          /went on in two places: here \(\d+ messages, last written \S+Z\) and on laptop \(push 2, \S+Z, \d+ messages\)$/,
        )
        for (const way of ['pull --fork', 'push --fork', 'pull --force', 'push --force'])
          t.true(failure.hint.includes(`git teleport ${way} ${tale.session}`))
      }
      t.true((await readTranscript(desktop, tale.session)).equals(before), about)
      continue
    }
    t.like(await desktop.run(['pull', tale.session]), { state }, about)
    const after = await readTranscript(desktop, tale.session)
    t.true(after.subarray(0, before.length).equals(before), about)
    t.is(after.length > before.length, state === 'fast-forward', about)
    t.like(
      await desktop.run(['push', tale.session]),
      state === 'local-ahead' ? { state: 'pushed', seq: 2 } : { state: 'same' },
      about,
    )
    t.is((await listed(desktop, 'list', tale.session))?.['state'], 'same', about)
  }
})

test('rows without conversation are no change, and give way to what comes', async (t) => {
  const home = await makeHome(t)
  const [laptop, desktop] = [await home.sit('laptop'), await home.sit('desktop')]
  const tale = await tell(laptop, { bytes: 150_000 })
  await laptop.run(['push'])
  await desktop.run(['pull', session])
  const pulled = await readTranscript(desktop)
  const title = /"customTitle":"([^"]+)"/.exec(pulled.toString())?.[1] ?? ''
  t.not(title, '')

  const looks = [
    { type: 'cost-state', sessionId: session, totalCostUSD: 1 },
    {
      type: 'file-history-snapshot',
      messageId: 'x',
      snapshot: { trackedFileBackups: {} },
      isSnapshotUpdate: false,
    },
    { type: 'last-prompt', lastPrompt: 'x', sessionId: session },
    { type: 'custom-title', customTitle: title, sessionId: session },
    { type: 'agent-name', agentName: title, sessionId: session },
    { type: 'cost-state', sessionId: session, totalCostUSD: 1 },
  ].map((row) => `${JSON.stringify(row)}\n`)
  await appendFile(transcriptOf(desktop), looks.join(''))
  const looked = await readTranscript(desktop)
  t.like(await listed(desktop, 'list'), { state: 'same' })
  t.like(await listed(desktop, 'status'), { state: 'pushed' })
  t.like(await desktop.run(['pull', session]), { state: 'same', files: 0 })

  // What `undo` puts back has no record any more.
  for (const recorded of [true, false]) {
    await goOn(tale, laptop)
    await laptop.run(['push'])
    t.like(await listed(desktop, 'list'), { state: recorded ? 'fast-forward' : null })
    t.like(await desktop.run(['pull', session]), { state: 'fast-forward' })
    const after = await readTranscript(desktop)
    t.true(after.length > looked.length)
    t.true(after.subarray(0, pulled.length).equals(pulled))
    t.false(after.includes('"totalCostUSD":1,') || after.includes('"totalCostUSD":1}'))
    t.true(
      (await backups(desktop)).some((bytes) => bytes.equals(looked)),
      'the rows that went are in the backup',
    )
    await desktop.run(['undo'])
    t.true((await readTranscript(desktop)).equals(looked))
  }

  t.like(await desktop.run(['pull', session]), { state: 'fast-forward' })
  await appendFile(transcriptOf(desktop), looks.join('').replaceAll(title, 'Another title'))
  t.like(await listed(desktop, 'list'), { state: 'local-ahead' })
  t.like(await desktop.run(['push', session]), { state: 'pushed', title: 'Another title' })
})
