/** The real client goes on with a session where `to` sent it, and at home again where `from` brought it back. */

import { readFile, symlink } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { placeAt, withPrograms } from '../servers/places.ts'
import { cliDone } from '../support/cli.ts'
import { stringAt } from '../support/json.ts'
import { checkout, makeSandbox } from '../support/sandbox.ts'
import { startSshRemote } from '../support/sshd.ts'
import { needTool } from '../support/tools.ts'
import { converse, openClientWorld, transcriptOf } from './client-world.ts'
import { missingFrom, resumeAndSay } from './real-session.ts'

test.serial(
  'a session of the real client goes on where `to` sent it over ssh, and at home after `from`',
  async (t) => {
    if (!needTool(t, 'sshd') || !needTool(t, 'ssh')) return
    const world = await openClientWorld(t)
    if (world === undefined) return
    const sandbox = await makeSandbox(t)
    const remote = await sandbox.bareRemote()
    const laptop = await withPrograms(await sandbox.machine('laptop'), null)
    const here = await checkout(laptop, remote, 'code/project')
    const server = await placeAt(sandbox, 'server', remote, 'Work/the project', { key: false, claude: null })
    await symlink(world.program, path.join(server.machine.home, 'bin/claude'))
    const host = await startSshRemote(sandbox)
    t.teardown(host.close)
    await host.letIn(laptop, server.machine)
    const target = host.url(server.top)
    const teleport = (...argv: string[]) => cliDone(laptop, argv, { cwd: here })

    const conversation = await converse(t, world, laptop, here)
    await conversation.say('begin on the laptop', [
      [{ name: 'Write', input: { file_path: path.join(here, 'app.js'), content: 'one\n' } }],
    ])
    await conversation.exit()
    const { session } = conversation
    await teleport('init')
    const sent = await teleport('to', target, session, '--with-changes', '--yes')
    t.regex(sent.stdout, /^sent [0-9a-f]{8} ".*" to ssh:/)
    t.is(await readFile(path.join(server.top, 'app.js'), 'utf8'), 'one\n')

    const there = await resumeAndSay(t, world, server.machine, server.top, session, 'and on the server')
    t.deepEqual(missingFrom(there.at(-1), ['begin on the laptop', 'and on the server']), [])
    const back = (await teleport('from', target, '--json')).json()
    t.is(stringAt(back, 'pulled', 'state'), 'fast-forward')
    const home = await resumeAndSay(t, world, laptop, here, session, 'home again')
    t.deepEqual(missingFrom(home.at(-1), ['begin on the laptop', 'and on the server', 'home again']), [])
    t.true((await readFile(await transcriptOf(laptop, session), 'utf8')).includes('and on the server'))
  },
)
