/** A program is killed while it appends, again and again: what it was told is kept is kept, and nothing is there twice. */

import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import path from 'node:path'
import { createInterface } from 'node:readline'
import test from 'ava'
import type { Machine } from '../support/sandbox.ts'
import { openStore, twoSeats } from './agent-bench.ts'
import { batchOf } from './append-batches.ts'

const program = path.join(import.meta.dirname, 'append-program.js')
const batches = 200
/** Where it is killed: after so many batches of this run were kept, and so many milliseconds. Drawn once, then fixed. */
const kills: readonly (readonly [number, number])[] = [
  [0, 0],
  [3, 1],
  [9, 0],
  [10, 2],
  [17, 0],
  [20, 5],
  [29, 3],
  [12, 1],
  [1, 0],
  [25, 4],
]

test('a program is killed at ten moments of 200 appends: nothing kept is lost, nothing is doubled', async (t) => {
  const { first, second } = await twoSeats(t)
  const session = randomUUID()
  let next = 0
  for (const [after, delayMs] of kills) {
    const kept = await appendUntilKilled(first.machine, [first.top, session, next], after, delayMs)
    t.true(kept >= after, `${kept} batches before the kill`)
    const store = await openStore(first)
    const rows = await store.load({ projectKey: store.projectKey, sessionId: session })
    const whole = (rows ?? []).length / 3
    t.true(Number.isInteger(whole), 'a batch is there whole or not at all')
    t.true(whole === next + kept || whole === next + kept + 1, `${whole} of ${next} and ${kept}`)
    // The SDK sends the batch again that it was not told is kept.
    next += kept
  }
  await appendUntilKilled(first.machine, [first.top, session, next], Number.POSITIVE_INFINITY, 0)
  const expected = Array.from({ length: batches }, (_, n) => batchOf(n)).flat()

  const store = await openStore(first)
  const key = { projectKey: store.projectKey, sessionId: session }
  t.deepEqual(await store.load(key), expected)
  await store.close()
  t.deepEqual(await (await openStore(second)).load(key), expected)
})

/** How many batches of this run the program was told are kept. */
async function appendUntilKilled(
  machine: Machine,
  [top, session, from]: readonly [string, string, number],
  after: number,
  delayMs: number,
): Promise<number> {
  const args = [program, top, session, String(from), String(batches - from)]
  const child = spawn(process.execPath, args, { env: machine.env, stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise((resolve) => child.once('close', resolve))
  let kept = -1
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'open') kept = 0
    else kept += 1
    if (kept === after) setTimeout(() => child.kill('SIGKILL'), delayMs)
  }
  await ended
  return kept
}
