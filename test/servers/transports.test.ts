/** The whole program, in real processes, over every transport: file, HTTP with a password, SSH with a key. */

import { readFile } from 'node:fs/promises'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { writeSession } from '../../src/demo/write-session.ts'
import { parseSessionId } from '../../src/model.ts'
import { cli, cliDone } from '../support/cli.ts'
import { startHttpRemote } from '../support/http-remote.ts'
import { dig, recordsIn, stringAt } from '../support/json.ts'
import { checkout, type Machine, makeSandbox, type Sandbox } from '../support/sandbox.ts'
import { startSshRemote } from '../support/sshd.ts'
import { needTool } from '../support/tools.ts'

const session = parseSessionId('5b1e3f2a-91c4-4d6f-9a37-0123456789ab')

/** How one transport reaches the bare repository `remote`; lets in the machines that it is told. */
type Reach = (
  t: ExecutionContext,
  sandbox: Sandbox,
  remote: string,
) => Promise<{ url: string; allow(machine: Machine): Promise<void> }>

const overFile: Reach = async (_t, _sandbox, remote) => ({ url: remote, allow: async () => {} })

const overHttp: Reach = async (t, sandbox, remote) => {
  const host = await startHttpRemote(sandbox.folder)
  t.teardown(host.close)
  return { url: host.url(path.basename(remote)), allow: host.allow }
}

const overSsh: Reach = async (t, sandbox, remote) => {
  const host = await startSshRemote(sandbox)
  t.teardown(host.close)
  return { url: host.url(remote), allow: host.allow }
}

async function moves(t: ExecutionContext, reach: Reach): Promise<void> {
  const sandbox = await makeSandbox(t)
  const remote = await sandbox.bareRemote()
  const { url, allow } = await reach(t, sandbox, remote)
  const [laptop, desktop] = await Promise.all([sandbox.machine('laptop'), sandbox.machine('desktop')])
  for (const machine of [laptop, desktop]) await allow(machine)
  const here = await checkout(laptop, url, 'code/app')
  const there = await checkout(desktop, url, 'Work/my app')
  const { home, config } = laptop
  const written = await writeSession({
    session,
    seed: 'transports',
    bytes: 300_000,
    startTime: Date.now() - 3_600_000,
    home,
    config,
    root: here,
  })
  await cliDone(laptop, ['init'], { cwd: here })
  const exported = await cliDone(laptop, ['key', 'export', '--passphrase-file', '-'], {
    cwd: here,
    stdin: 'four words of mine\n',
  })
  const passphrase = { stdin: exported.stdout, cwd: there }
  await desktop.run('sh', ['-c', 'echo four words of mine > words'])
  await cliDone(desktop, ['key', 'import', '--passphrase-file', path.join(desktop.home, 'words')], passphrase)

  const pushed = (await cliDone(laptop, ['push', '--json'], { cwd: here })).json()
  t.is(stringAt(pushed, 'session'), session)
  const listed = (await cliDone(desktop, ['list', '--json'], { cwd: there })).json()
  t.like(recordsIn(dig(listed, 'sessions'))[0], { session, state: 'new', seq: 1 })
  const pulled = (await cliDone(desktop, ['pull', '5b1e', '--json'], { cwd: there })).json()
  t.like(pulled, { session, state: 'new', tier: 'exact' })
  const sent = (await readFile(written.transcript, 'utf8')).split('\n')
  const arrived = (await readFile(stringAt(pulled, 'transcript') ?? '', 'utf8')).split('\n')
  t.is(arrived.length, sent.length)
  t.true(arrived.some((line) => line.includes(there)))
  t.like((await cliDone(laptop, ['push', '--json'], { cwd: here })).json(), { state: 'same', seq: 1 })

  await cliDone(desktop, ['rm', session, '--yes'], { cwd: there })
  t.is(await laptop.git(here, 'ls-remote', url, 'refs/teleport/sessions/*'), '')
  t.deepEqual(dig((await cliDone(laptop, ['list', '--json'], { cwd: here })).json(), 'sessions'), [])
  const gone = await cli(laptop, ['pull', session, '--json'], { cwd: here })
  t.is(gone.exitCode, 3)
  t.like(dig(gone.json(), 'error'), { code: 'session-gone', hint: `git teleport push ${session}` })
}

test('push, list, pull and rm work on a file path', (t) => moves(t, overFile))

test('push, list, pull and rm work over HTTP with a password from a credential helper', (t) =>
  moves(t, overHttp))

test('push, list, pull and rm work over SSH', async (t) => {
  if (needTool(t, 'sshd') && needTool(t, 'ssh')) await moves(t, overSsh)
})
