/**
 * A program that appends rows to a session, batch after batch, and says which it was told are kept: to be killed at any
 * moment. Arguments: folder of the checkout, session, first batch, how many batches.
 */

import { writeSync } from 'node:fs'
import { createWorld, openAgentStore } from '../../src/agent-sdk.ts'
import { batchOf } from './append-batches.ts'

const [cwd = '', sessionId = '', from = '0', count = '0'] = process.argv.slice(2)
const world = createWorld({ cwd, env: process.env, platform: process.platform })
const store = await openAgentStore(world, { later: () => () => {} })
writeSync(1, 'open\n')
for (let n = Number(from); n < Number(from) + Number(count); n += 1) {
  await store.append({ projectKey: store.projectKey, sessionId }, [...batchOf(n)])
  writeSync(1, `${n}\n`)
}
