import { setImmediate as turn } from 'node:timers/promises'
import test from 'ava'
import { handed } from '../../src/core/handed.ts'

async function all<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = []
  for await (const item of items) found.push(item)
  return found
}

test('what work hands out comes in its order, and no faster than it is asked for', async (t) => {
  const log: string[] = []
  const items = handed<number>(async (give) => {
    for (const item of [1, 2, 3]) {
      log.push(`gives ${item}`)
      await give(item)
    }
  })
  for await (const item of items) {
    await turn()
    log.push(`got ${item}`)
  }
  t.deepEqual(log, ['gives 1', 'got 1', 'gives 2', 'got 2', 'gives 3', 'got 3'])
  t.deepEqual(await all(handed(async () => {})), [])
})

test('an error of the work comes behind what it gave before', async (t) => {
  const found: number[] = []
  const reading = async () => {
    const items = handed<number>(async (give) => {
      await give(1)
      throw new Error('broken')
    })
    for await (const item of items) found.push(item)
  }
  await t.throwsAsync(reading, { message: 'broken' })
  t.deepEqual(found, [1])
})

test('work whose reader stops early is told so, and has cleaned up when the reader goes on', async (t) => {
  let cleaned = false
  const items = handed<number>(async (give) => {
    try {
      for (let item = 1; ; item += 1) await give(item)
    } finally {
      await turn()
      cleaned = true
    }
  })
  for await (const item of items) if (item === 2) break
  t.true(cleaned)
})
