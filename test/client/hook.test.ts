/** The real client commits through its Bash tool: the link names its session, and the message that made the commit. */

import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import test from 'ava'
import { cliDone } from '../support/cli.ts'
import { dig, parseJson, recordsIn, stringAt } from '../support/json.ts'
import { checkout, makeSandbox } from '../support/sandbox.ts'
import { converse, openClientWorld, rowsOf } from './client-world.ts'

test('a commit of the real client is tied to its session and to the message that made it', async (t) => {
  const world = await openClientWorld(t)
  if (world === undefined) return
  const sandbox = await makeSandbox(t)
  const machine = await sandbox.machine('laptop')
  const top = await checkout(machine, await sandbox.bareRemote(), 'code/project')
  await cliDone(machine, ['hook', 'install'], { cwd: top })

  const client = await converse(t, world, machine, top)
  await client.say('first something else')
  const command = 'git commit --quiet --allow-empty --message made-by-claude'
  await client.say('then a commit', [[{ name: 'Bash', input: { command, description: 'Commit' } }]])
  await client.say('and something after it')
  t.is((await readdir(path.join(top, '.git/teleport/queue'))).length, 1, 'the hook noted it')
  await cliDone(machine, ['status'], { cwd: top })
  const rows = await rowsOf(await client.transcript())
  await client.exit()

  const file = path.join(top, '.git/teleport/links', `${client.session}.json`)
  const links = recordsIn(dig(parseJson(await readFile(file, 'utf8')), 'links'))
  t.is(links.length, 1)
  t.is(stringAt(links[0], 'link', 'commit'), await machine.git(top, 'rev-parse', 'HEAD'))
  const message = stringAt(links[0], 'link', 'message')
  const maker = rows.find((row) => row['uuid'] === message)
  t.regex(JSON.stringify(maker?.['message']), /"tool_use".*made-by-claude/)
})
