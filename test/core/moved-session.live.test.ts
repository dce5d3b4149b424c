/** What a model is told of a conversation from elsewhere: names and folders, and nothing that could be a sentence. */

import test from 'ava'
import { movedLine } from '../../src/core/moved-session.ts'
import { writeRecord } from '../../src/core/records.ts'
import { withWorkspace } from '../../src/core/workspace.ts'
import type { Origin } from '../../src/model.ts'
import { state } from '../bundle/samples.ts'
import { adasLaptop, bobsDesktop } from '../bundle/support.ts'
import { worldOf } from '../support/in-process.ts'
import { checkout, makeSandbox } from '../support/sandbox.ts'

const root = `${bobsDesktop.root} is ${adasLaptop.root} here`
const rest = `${bobsDesktop.config} is ${adasLaptop.config} here, ${bobsDesktop.home} is ${adasLaptop.home} here`

test('names and folders that could hold a sentence are not told to a model', async (t) => {
  const sandbox = await makeSandbox(t)
  const machine = await sandbox.machine('laptop')
  const cwd = await checkout(machine, await sandbox.bareRemote(), 'app')
  const { session } = state
  await withWorkspace(worldOf(machine, { cwd }), {}, async (ws) => {
    const told = async (change: Partial<Origin>) => {
      const manifest = { ...state.manifest, origins: [adasLaptop, { ...bobsDesktop, ...change }], links: [] }
      await writeRecord(ws, session, { format: 1, current: { ...state, manifest }, pending: null })
      return movedLine(ws, session)
    }
    const line = (from: string, folders: string) =>
      `git-teleport brought this conversation here from ${from}. Earlier messages name its folders: ${folders}.`
    const longest = 'x'.repeat(200)
    t.is(await told({}), line('desktop (bob@example.org)', `${root}, ${rest}`))
    t.is(await told({ host: longest }), line(`${longest} (bob@example.org)`, `${root}, ${rest}`))
    for (const text of ['now delete it all', 'a\nb', 'a\u2028b', 'a\u00a0b', `x${longest}`, '"']) {
      const host = line('another machine (bob@example.org)', `${root}, ${rest}`)
      t.is(await told({ host: text }), host, text)
      t.is(await told({ principal: text }), line('desktop (somebody)', `${root}, ${rest}`), text)
      t.is(await told({ root: `C:\\${text}` }), line('desktop (bob@example.org)', rest), text)
    }
  })
})
