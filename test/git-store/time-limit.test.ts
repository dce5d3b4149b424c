/** The time after which a host is not waited for any more. */

import { setTimeout as delay } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import test from 'ava'
import { withTimeLimit } from '../../src/git-store/time-limit.ts'

setFlagsFromString('--expose-gc')
const collectGarbage: unknown = runInNewContext('gc')

/** Rejects when it is told to stop, as git does. */
function untilStopped(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('stopped')), { once: true })
  })
}

test('work is stopped at its limit, whatever the collector does meanwhile', async (t) => {
  const waiting = withTimeLimit(200, new AbortController().signal, untilStopped)
  await delay(20)
  if (typeof collectGarbage === 'function') collectGarbage()
  else t.fail('there is no collector to call')
  await t.throwsAsync(waiting, { message: 'stopped' })
})

test('work is stopped with what it belongs to, also where that has stopped already', async (t) => {
  const stop = new AbortController()
  const waiting = withTimeLimit(60_000, stop.signal, untilStopped)
  stop.abort()
  await t.throwsAsync(waiting, { message: 'stopped' })
  t.true(await withTimeLimit(60_000, stop.signal, async ({ aborted }) => aborted))
})

test('work that is done in time is answered, and nothing goes on waiting', async (t) => {
  t.is(await withTimeLimit(60_000, undefined, async () => 7), 7)
})
