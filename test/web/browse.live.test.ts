/** Questions of the local page that nobody waits for any more. */

import test from 'ava'
import { openBrowsing } from '../../src/core/browse.ts'
import { createWorld } from '../../src/core/create-world.ts'
import { hasCode } from '../../src/errors.ts'
import { makeHome, session } from '../journeys/seat.ts'
import { startTalk } from './project.ts'

test('a question ends when whoever asked leaves, and the next one is answered', async (t) => {
  const seat = await (await makeHome(t)).sit('ada')
  const talk = await startTalk(seat, session, 'Look at the logs')
  await talk.ask('What do the logs say?')
  const { env, home } = seat.machine
  const browsing = await openBrowsing(createWorld({ cwd: seat.top, env, home, platform: 'linux' }), {
    offline: true,
  })
  t.teardown(browsing.close)
  const spot = { session, place: 'here', rows: null } as const
  const questions: ((signal?: AbortSignal) => Promise<unknown>)[] = [
    (signal) => browsing.overview({ fetch: false }, signal),
    (signal) => browsing.conversation(spot, signal),
    (signal) => browsing.page(spot, 0, signal),
    (signal) => browsing.find(spot, 'logs', signal),
    (signal) => browsing.history(null, signal),
    (signal) => browsing.files(null, signal),
  ]
  for (const ask of questions) {
    const leaving = new AbortController()
    const asked = ask(leaving.signal)
    leaving.abort()
    t.true(hasCode(await t.throwsAsync(asked), 'interrupted'))
    await t.notThrowsAsync(ask(new AbortController().signal))
    await t.notThrowsAsync(ask())
  }
})
