/** Remotes that let nobody in, break off half-way or are not there: nothing is lost on either side, and it can be said again. */

import { appendFile, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { Seat, SharedWorld } from '../core/shared-world.ts'
import { unknown as fresh, refuses, seat, session, sharedWorld, tell } from '../core/shared-world.ts'
import { startHttpRemote } from '../support/http-remote.ts'
import { teleport, teleported } from '../support/in-process.ts'
import type { Machine } from '../support/sandbox.ts'
import { type SshRemote, startSshRemote } from '../support/sshd.ts'
import { needTool } from '../support/tools.ts'
import { type FaultyLine, startFaultyLine } from './faulty-line.ts'

const atEnd: (() => Promise<void>)[] = []
const shared = sharedWorld((work) => atEnd.push(work))
test.after.always(async () => {
  for (const work of atEnd) await work()
})

let ssh: Promise<SshRemote> | undefined
/** One server for all tests. */
async function sshHost(): Promise<SshRemote> {
  const { sandbox } = await shared()
  ssh ??= startSshRemote(sandbox)
  const host = await ssh
  if (atEnd.length === 1) atEnd.unshift(host.close)
  return host
}

/** More than every buffer on the way. */
const largeBytes = 3_000_000

/** A push whose answer never came leaves a note of what was sent, which the next command settles. */
const except = /\/state\/[0-9a-f]{16}\/deadbeef-[^/]*\.json$/

async function useUrl({ machine, top }: Seat, url: string): Promise<void> {
  await machine.git(top, 'remote', 'set-url', 'origin', url)
}

async function answersWithWrongPassword(machine: Machine, base: string): Promise<void> {
  const helper = path.join(machine.home, 'wrong-helper')
  await writeFile(
    helper,
    '#!/bin/sh\n[ "$1" = get ] && printf \'username=dev\\npassword=wrong\\n\'\nexit 0\n',
    { mode: 0o700 },
  )
  await machine.git(machine.home, 'config', '--global', `credential.${base}.helper`, helper)
}

const shutOut = {
  except,
  exit: 4,
  code: 'remote-access',
  message: /^git cannot reach the remote origin, or was not let in/,
  hint: /^git ls-remote origin HEAD$/,
} as const

test.serial('HTTP without a password, and with a wrong one', async (t) => {
  const world = await shared()
  const host = await startHttpRemote(world.sandbox.folder)
  t.teardown(host.close)
  const outsider = await seat(world.sandbox, world.remote, 'outsider', world.laptop)
  await tell(outsider, fresh, 3_000)
  await useUrl(outsider, host.url('remote.git'))
  for (const argv of [['list'], ['pull', session], ['push', fresh]])
    await refuses(t, world, { at: outsider, argv, ...shutOut })
  await answersWithWrongPassword(outsider.machine, new URL(host.url('')).origin)
  for (const argv of [['list'], ['pull', session]]) {
    const told = await refuses(t, world, { at: outsider, argv, ...shutOut })
    t.false(told.stderr.includes('wrong'), 'the password is not shown')
  }
})

test.serial('SSH with a key that the host does not know', async (t) => {
  if (!needTool(t, 'sshd') || !needTool(t, 'ssh')) return
  const world = await shared()
  const host = await sshHost()
  const outsider = await seat(world.sandbox, world.remote, 'ssh-outsider', world.laptop)
  await tell(outsider, fresh, 3_000)
  await host.allow(outsider.machine)
  await outsider.machine.run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', '.ssh/other'])
  const command = await outsider.machine.git(outsider.machine.home, 'config', '--global', 'core.sshCommand')
  await outsider.machine.git(
    outsider.machine.home,
    'config',
    '--global',
    'core.sshCommand',
    command.replace('/transport ', '/other '),
  )
  await useUrl(outsider, host.url(world.remote))
  for (const argv of [['list'], ['pull', session], ['push', fresh]])
    await refuses(t, world, { at: outsider, argv, ...shutOut })
})

test.serial('a host that is not there', async (t) => {
  const world = await shared()
  const line = await startFaultyLine(1)
  await line.close()
  const outsider = await seat(world.sandbox, world.remote, 'alone', world.laptop)
  await tell(outsider, fresh, 3_000)
  const urls = [
    `http://127.0.0.1:${line.port}/remote.git`,
    `ssh://127.0.0.1:${line.port}/remote.git`,
    '/nowhere/remote.git',
  ]
  for (const url of urls) {
    await useUrl(outsider, url)
    for (const argv of [['pull', session], ['list']])
      await refuses(t, world, { at: outsider, argv, ...shutOut })
  }
  const pushed = await teleport(outsider.machine, ['push', fresh], { cwd: outsider.top })
  t.is(pushed.exitCode, 4)
  t.regex(
    (await teleported(outsider.machine, ['status'], { cwd: outsider.top })).stdout,
    /deadbeef\s+not pushed/,
    'nothing was sent',
  )
})

/** Cuts the line in the middle of the pack, both ways, and then does the same again on a line that works. */
async function breaksOff(t: ExecutionContext, world: SharedWorld, at: Seat, line: FaultyLine): Promise<void> {
  const { transcript } = await tell(at, fresh, largeBytes)
  const row = {
    type: 'user',
    uuid: fresh,
    sessionId: fresh,
    cwd: at.top,
    message: { role: 'user', content: noise(largeBytes) },
  }
  await appendFile(transcript, `${JSON.stringify(row)}\n`)
  const before = await readFile(transcript)
  line.setFault({ direction: 'up', afterBytes: 500_000, kind: 'cut' })
  const pushed = await teleport(at.machine, ['push', fresh, '--json'], { cwd: at.top })
  t.like(JSON.parse(pushed.stderr), { error: { code: 'remote-access' } }, pushed.stderr)
  t.is(pushed.exitCode, 4)
  t.true(before.equals(await readFile(transcript)), 'the session is as before')
  const status = await teleported(at.machine, ['status'], { cwd: at.top })
  t.regex(status.stdout, /deadbeef\s+push unsure/)
  const refs = () =>
    world.laptop.machine.git(world.laptop.top, 'ls-remote', world.remote, `refs/teleport/sessions/${fresh}`)
  t.is(await refs(), '', 'nothing on the remote')
  line.setFault(null)
  t.like((await teleported(at.machine, ['push', fresh, '--json'], { cwd: at.top })).json(), {
    state: 'pushed',
    seq: 1,
  })
  t.not(await refs(), '')

  const url = await at.machine.git(at.top, 'remote', 'get-url', 'origin')
  const second = { ...at, top: path.join(at.machine.home, 'second') }
  await at.machine.git(at.machine.home, 'clone', '--quiet', url, second.top)
  const elsewhere = {
    XDG_CONFIG_HOME: path.join(at.machine.home, '.config'),
    CLAUDE_CONFIG_DIR: path.join(at.machine.home, 'other-config'),
  }
  line.setFault({ direction: 'down', afterBytes: 500_000, kind: 'cut' })
  await refuses(t, world, {
    at: second,
    argv: ['pull', fresh],
    env: elsewhere,
    exit: 1,
    code: 'git-failed',
    message: /^git fetch failed/,
    hint: /run the command again/,
  })
  line.setFault(null)
  const pulled = await teleported(second.machine, ['pull', fresh, '--json'], {
    cwd: second.top,
    env: elsewhere,
  })
  t.like(pulled.json(), { state: 'new', seq: 1 })
}

test.serial('HTTP that breaks off in the middle of the pack', async (t) => {
  const world = await shared()
  const host = await startHttpRemote(world.sandbox.folder)
  const line = await startFaultyLine(Number(new URL(host.url('')).port))
  t.teardown(async () => {
    await line.close()
    await host.close()
  })
  const at = await seat(world.sandbox, world.remote, 'by-http', world.laptop)
  await host.allow(at.machine)
  const helper = await at.machine.git(at.machine.home, 'config', '--global', '--get-regexp', '^credential')
  const base = `http://127.0.0.1:${line.port}`
  await at.machine.git(
    at.machine.home,
    'config',
    '--global',
    `credential.${base}.helper`,
    helper.split(' ').at(-1) ?? '',
  )
  await useUrl(at, `${base}/remote.git`)
  await breaksOff(t, world, at, line)
})

test.serial('SSH that breaks off in the middle of the pack', async (t) => {
  if (!needTool(t, 'sshd') || !needTool(t, 'ssh')) return
  const world = await shared()
  await world.laptop.machine.git(
    world.laptop.top,
    'push',
    '--quiet',
    'origin',
    `:refs/teleport/sessions/${fresh}`,
  )
  const host = await sshHost()
  const line = await startFaultyLine(host.port)
  t.teardown(line.close)
  const at = await seat(world.sandbox, world.remote, 'by-ssh', world.laptop)
  await host.allow(at.machine)
  const command = await at.machine.git(at.machine.home, 'config', '--global', 'core.sshCommand')
  const alias = `-o HostKeyAlias=[127.0.0.1]:${host.port}`
  await at.machine.git(at.machine.home, 'config', '--global', 'core.sshCommand', `${command} ${alias}`)
  await useUrl(at, host.url(world.remote).replace(`:${host.port}/`, `:${line.port}/`))
  await breaksOff(t, world, at, line)
})

/** Text that does not compress, without being random from run to run. */
function noise(bytes: number): string {
  let state = 0x2545f491
  const letters: string[] = []
  for (let at = 0; at < bytes; at += 1) {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    letters.push(String.fromCharCode(48 + (state >>> 26)))
  }
  return letters.join('').replaceAll('\\', '/')
}
