/** `to` and `from`: over a real sshd, into a stand-in for a container, to another checkout of this machine. */

import { readFile } from 'node:fs/promises'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { goOn, neutral, type Seat, session, tell, transcriptOf } from '../journeys/seat.ts'
import { dig, recordsIn, stringAt } from '../support/json.ts'
import { makeSandbox } from '../support/sandbox.ts'
import { startSshRemote } from '../support/sshd.ts'
import { needTool } from '../support/tools.ts'
import { placeAt, standInForDocker } from './places.ts'

test('a session goes over ssh to another machine, goes on there, and comes back', async (t) => {
  if (!needTool(t, 'sshd') || !needTool(t, 'ssh')) return
  const sandbox = await makeSandbox(t)
  const remote = await sandbox.bareRemote()
  const laptop = await placeAt(sandbox, 'laptop', remote, 'code/app')
  const server = await placeAt(sandbox, 'server', remote, "Work/ada's app 100%", { key: false })
  const host = await startSshRemote(sandbox)
  t.teardown(host.close)
  await host.letIn(laptop.machine, server.machine)
  await goesAndComesBack(t, laptop, server, host.url(server.top.replaceAll('%', '%')))
})

async function goesAndComesBack(t: ExecutionContext, here: Seat, there: Seat, target: string): Promise<void> {
  const tale = await tell(here)
  const refsBefore = await here.machine.git(there.top, 'for-each-ref')
  const sent = await here.run(['to', target, '--trust'])
  t.like(sent, { session, state: 'new', via: 'direct' })
  t.is(neutral([here, there], await readFile(transcriptOf(there))), neutral([here, there], await readFile(transcriptOf(here))))
  await goOn(tale, there)
  const back = await here.run(['from', target])
  t.like(dig(back, 'pulled'), { session, state: 'fast-forward', tier: 'exact' })
  t.is(neutral([here, there], await readFile(transcriptOf(there))), neutral([here, there], await readFile(transcriptOf(here))))
  // Neither the project's remote nor anybody's refs know of it.
  t.is(await here.machine.git(here.top, 'ls-remote', 'origin', 'refs/teleport/*'), '')
  t.is(await here.machine.git(there.top, 'for-each-ref'), refsBefore)
}
