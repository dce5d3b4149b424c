/** The suite on our store: rows go through the journal, and every load asks the remote. */

import test from 'ava'
import { makeSandbox } from '../support/sandbox.ts'
import { openStore, takeSeat } from './agent-bench.ts'
import { conforms, foldForTests } from './conformance.ts'

conforms(
  test,
  'git-teleport',
  async (t) => {
    const sandbox = await makeSandbox(t)
    const seat = await takeSeat(sandbox, await sandbox.bareRemote(), 'laptop')
    const options = { foldSessionSummary: foldForTests }
    const store = await openStore(seat, options)
    const second = await openStore(seat, options)
    return { store, second, projectKey: store.projectKey, otherProject: 'another-project' }
  },
  { idempotent: true },
)
