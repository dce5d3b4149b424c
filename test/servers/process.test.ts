/** The program as a process: on a terminal and without one, interrupted, with nobody reading, on a full disk. */

import { spawn } from 'node:child_process'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { writeSession } from '../../src/demo/write-session.ts'
import { parseSessionId, type SessionId } from '../../src/model.ts'
import { cli, cliDone, programFile } from '../support/cli.ts'
import { startHttpRemote } from '../support/http-remote.ts'
import { dig, stringAt } from '../support/json.ts'
import { checkout, type Machine, makeSandbox } from '../support/sandbox.ts'
import { startSshRemote } from '../support/sshd.ts'
import { startOnScreen } from '../support/tmux.ts'
import { needTool, skip } from '../support/tools.ts'
import { startFaultyLine } from './faulty-line.ts'

const session = parseSessionId('5b1e3f2a-91c4-4d6f-9a37-0123456789ab')
const other = parseSessionId('77aa00bb-91c4-4d6f-9a37-0123456789ab')
const esc = '\u001b'

async function oneMachine(t: ExecutionContext) {
  const sandbox = await makeSandbox(t)
  const remote = await sandbox.bareRemote()
  const machine = await sandbox.machine('laptop')
  const top = await checkout(machine, remote, 'app')
  await cliDone(machine, ['init'], { cwd: top })
  return { sandbox, remote, machine, top }
}

function tell({ home, config }: Machine, root: string, id: SessionId, bytes: number) {
  return writeSession({ session: id, seed: id, bytes, startTime: Date.now() - 3_600_000, home, config, root })
}

test('on a terminal there are progress and colour, elsewhere neither', async (t) => {
  if (!needTool(t, 'script')) return
  const { machine, top, remote } = await oneMachine(t)
  await tell(machine, top, session, 20_000)
  await tell(machine, top, other, 20_000)
  await writeFile(path.join(remote, 'hooks/pre-receive'), '#!/bin/sh\nsleep 2\n', { mode: 0o755 })
  const piped = await cliDone(machine, ['push', session], { cwd: top })
  t.is(piped.stderr, '')
  t.false(piped.stdout.includes(esc))
  const shown = await cliDone(machine, ['push', other], { cwd: top, tty: true })
  t.regex(shown.stdout, /sending to origin …/)
  t.regex(shown.stdout, /\r\u001b\[Ksent 77aa00bb /, 'the line is taken away before the result')
  const quiet = await cliDone(machine, ['push', '--force', '--rescan', '--quiet', '--expires', '3d', other], {
    cwd: top,
    tty: true,
  })
  t.notRegex(quiet.stdout, /\u001b\[K/)
  for (const argv of [
    ['push', '--help'],
    ['show', session],
  ]) {
    t.true(
      (await cliDone(machine, argv, { cwd: top, tty: true })).stdout.includes(`${esc}[1m`),
      argv.join(' '),
    )
    const plain = await cliDone(machine, argv, { cwd: top, tty: true, env: { NO_COLOR: '1' } })
    t.notRegex(plain.stdout, /\u001b\[[0-9;]*m/)
    t.notRegex((await cliDone(machine, argv, { cwd: top })).stdout, /\u001b/)
  }
})

test('on a terminal it asks: for a passphrase, and before it destroys', async (t) => {
  if (!needTool(t, 'tmux')) return
  const { machine, top } = await oneMachine(t)
  await tell(machine, top, session, 5_000)
  const key = path.join(machine.home, '.config/git-teleport/id_ed25519')
  await machine.run('ssh-keygen', ['-q', '-p', '-P', '', '-N', 'secret words', '-a', '2', '-f', key])
  const push = await startOnScreen(machine, [process.execPath, programFile, 'push'], { cwd: top })
  t.teardown(push.close)
  await push.waitFor(/Passphrase for the key/)
  await push.type('secret words')
  t.false((await push.read()).includes('secret'), 'it is not shown')
  await push.press('Enter')
  await push.waitFor(/git teleport pull 5b1e3f2a/)
  t.is(await push.waitForEnd(), 0)

  const remove = await startOnScreen(machine, [process.execPath, programFile, 'uninstall'], { cwd: top })
  t.teardown(remove.close)
  await remove.waitFor(/Without this key/)
  await remove.press('n')
  t.is(await remove.waitForEnd(), 130)
  t.true((await readdir(path.join(top, '.git'))).includes('teleport'))

  const cancel = await startOnScreen(machine, [process.execPath, programFile, 'uninstall'], { cwd: top })
  t.teardown(cancel.close)
  await cancel.waitFor(/Without this key/)
  await cancel.press('C-c')
  t.is(await cancel.waitForEnd(), 130)
  t.true((await readdir(path.join(top, '.git'))).includes('teleport'))
})

test('a new passphrase is asked for twice, and no key comes of one that was mistyped', async (t) => {
  if (!needTool(t, 'tmux')) return
  const sandbox = await makeSandbox(t)
  const machine = await sandbox.machine('laptop')
  const top = await checkout(machine, await sandbox.bareRemote(), 'app')
  const key = path.join(machine.home, '.config/git-teleport/id_ed25519')
  const answers = async (first: string, second: string) => {
    const init = await startOnScreen(machine, [process.execPath, programFile, 'init', '--passphrase'], {
      cwd: top,
    })
    t.teardown(init.close)
    await init.waitFor(/Passphrase for the new key\n/)
    await init.type(first)
    await init.press('Enter')
    await init.waitFor(/Passphrase for the new key, once more/)
    await init.type(second)
    await init.press('Enter')
    const exitCode = await init.waitForEnd()
    return { exitCode, screen: await init.read() }
  }
  const mistyped = await answers('secret words', 'secret wrods')
  t.is(mistyped.exitCode, 4)
  t.regex(mistyped.screen, /the two passphrases differ\n.*hint: git teleport init --passphrase/)
  const short = await answers('four', 'four')
  t.is(short.exitCode, 4)
  t.regex(short.screen, /a passphrase of less than 5 letters is guessed/)
  t.is(await stat(key).catch(() => null), null)
  t.is((await answers('secret words', 'secret words')).exitCode, 0)
  const opened = await machine.run('ssh-keygen', ['-y', '-P', 'secret words', '-f', key])
  t.regex(opened.stdout, /^ssh-ed25519 /)
})

test('ssh asks one question at a time, nothing is drawn over it, and no answer is shown', async (t) => {
  if (!needTool(t, 'tmux') || !needTool(t, 'sshd')) return
  const { sandbox, machine, top, remote } = await oneMachine(t)
  const host = await startSshRemote(sandbox)
  t.teardown(host.close)
  await host.allow(machine)
  await machine.git(top, 'remote', 'set-url', 'origin', host.url(remote))
  await tell(machine, top, session, 5_000)
  await cliDone(machine, ['push'], { cwd: top })
  const key = path.join(machine.home, '.ssh/transport')
  await machine.run('ssh-keygen', ['-q', '-p', '-P', '', '-N', 'secret words', '-f', key])
  const settings = ['config', '--global', 'core.sshCommand']
  const command = await machine.git(machine.home, ...settings)
  await machine.git(machine.home, ...settings, command.replace('-o BatchMode=yes', ''))

  for (const argv of [['list'], ['pull', session, '--dry-run'], ['push', '--force', session]]) {
    const told = ['sh', '-c', '"$@"; echo "ended with $?"', 'sh', process.execPath, programFile, ...argv]
    const screen = await startOnScreen(machine, told, { cwd: top })
    t.teardown(screen.close)
    const questions = (text: string) => text.match(/Enter passphrase for key/g)?.length ?? 0
    const hasEnded = (text: string) => /^ended with/m.test(text)
    let answered = 0
    for (;;) {
      const before = answered
      const shown = await screen.waitFor((text) => questions(text) > before || hasEnded(text))
      if (hasEnded(shown)) break
      // By now the line of progress would have come in its place.
      if (answered === 0) await delay(800)
      t.is(questions(await screen.read()), answered + 1)
      await screen.type('secret words')
      await screen.press('Enter')
      answered += 1
    }
    const all = await screen.readAll()
    t.regex(all, /^ended with 0$/m)
    t.true(answered > 0)
    t.false(all.includes('secret'), all)
  }
})

test('without a terminal git and ssh cannot ask either, though one could be opened', async (t) => {
  if (!needTool(t, 'script')) return
  const { sandbox, machine, top } = await oneMachine(t)
  await tell(machine, top, session, 5_000)
  const host = await startHttpRemote(sandbox.folder)
  t.teardown(host.close)
  await machine.git(top, 'remote', 'set-url', 'origin', host.url('remote.git'))
  // A terminal controls the process, but stdin and stderr are elsewhere, as below an agent.
  const line = `'${process.execPath}' '${programFile}' push --json </dev/null 2>'${machine.home}/said'`
  const ran = await machine.run('script', ['--quiet', '--return', '--command', line, '/dev/null'], {
    cwd: top,
    timeoutMs: 60_000,
  })
  t.is(ran.exitCode, 4)
  t.is(ran.stdout, '', 'nothing was asked on the terminal')
  const said: unknown = JSON.parse(await readFile(path.join(machine.home, 'said'), 'utf8'))
  t.is(dig(said, 'error', 'code'), 'remote-access')
})

/** Runs the program in a process group of its own, and sends `signal` once `until` is over. */
async function interrupted(
  machine: Machine,
  argv: readonly string[],
  cwd: string,
  until: Promise<void>,
  whom: 'group' | 'program',
  signal: NodeJS.Signals,
) {
  const child = spawn(process.execPath, [programFile, ...argv], {
    cwd,
    env: { ...machine.env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const text: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => text.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => text.push(chunk))
  const ended = new Promise<number | null>((resolve) => {
    child.once('close', resolve)
  })
  await Promise.race([until, ended])
  const { pid = 0 } = child
  process.kill(whom === 'group' ? -pid : pid, signal)
  return { exitCode: await ended, text: Buffer.concat(text).toString() }
}

test('a push or pull that is interrupted in the middle ends with 130, leaves nothing half-written, and can be done again', async (t) => {
  const { sandbox, machine, top, remote } = await oneMachine(t)
  const host = await startHttpRemote(sandbox.folder)
  const line = await startFaultyLine(Number(new URL(host.url('')).port))
  t.teardown(async () => {
    await line.close()
    await host.close()
  })
  await host.allow(machine)
  const [, helper = ''] = (
    await machine.git(machine.home, 'config', '--global', '--get-regexp', '^credential')
  ).split(' ')
  await machine.git(
    machine.home,
    'config',
    '--global',
    `credential.http://127.0.0.1:${line.port}.helper`,
    helper,
  )
  await machine.git(top, 'remote', 'set-url', 'origin', `http://127.0.0.1:${line.port}/remote.git`)
  const { transcript } = await tell(machine, top, session, 6_000_000)
  const before = await readFile(transcript)
  const refs = () => machine.git(top, 'ls-remote', remote, 'refs/teleport/*')
  for (const [whom, signal] of [
    ['group', 'SIGINT'],
    ['program', 'SIGTERM'],
  ] as const) {
    line.setFault({ direction: 'up', afterBytes: 150_000, kind: 'stall' })
    const push = await interrupted(machine, ['push'], top, line.untilFault(), whom, signal)
    t.is(push.exitCode, 130, push.text)
    t.regex(push.text, /^git-teleport: error: interrupted/)
    t.is(await refs(), '')
    t.true(before.equals(await readFile(transcript)))
    t.deepEqual(await wreckage(top), [])
  }
  line.setFault(null)
  await cliDone(machine, ['push'], { cwd: top })
  t.not(await refs(), '')

  const second = await sandbox.machine('second')
  await second.run('cp', [
    '-r',
    path.join(machine.home, '.gitconfig'),
    path.join(machine.home, '.config'),
    second.home,
  ])
  const there = await checkout(second, remote, 'app')
  await second.git(there, 'remote', 'set-url', 'origin', `http://127.0.0.1:${line.port}/remote.git`)
  for (const [whom, signal] of [
    ['group', 'SIGINT'],
    ['program', 'SIGTERM'],
  ] as const) {
    line.setFault({ direction: 'down', afterBytes: 150_000, kind: 'stall' })
    const pull = await interrupted(second, ['pull', session], there, line.untilFault(), whom, signal)
    t.is(pull.exitCode, 130, pull.text)
    t.deepEqual(await readdir(second.config).catch(() => []), [], 'nothing of the session is here')
    t.deepEqual(await wreckage(there), [])
  }
  line.setFault(null)
  await cliDone(second, ['pull', session], { cwd: there })
})

/** Locks and half-made files below a store, but for objects that git sweeps by itself. */
async function wreckage(top: string): Promise<readonly string[]> {
  const names = await readdir(path.join(top, '.git'), { recursive: true })
  return names.filter((name) => /(?:^|\/)lock$|\.lock$|\.tmp$|installs\/./.test(name))
}

test('a reader that goes away ends a long answer without a word', async (t) => {
  const { machine, top } = await oneMachine(t)
  await tell(machine, top, session, 3_000_000)
  await cliDone(machine, ['push'], { cwd: top })
  for (const argv of ['show 5b1e3f2a --full', 'export --output -', 'show 5b1e3f2a --json']) {
    const line = `'${process.execPath}' '${programFile}' ${argv} | head -c 10 >/dev/null; echo "\${PIPESTATUS[0]}"`
    const ran = await machine.run('bash', ['-c', line], { cwd: top })
    t.is(ran.stderr, '', argv)
    t.true(['0', '141'].includes(ran.stdout.trim()), `${argv}: ${ran.stdout}`)
  }
})

/** Runs a shell script as its user does, in which `mount` concerns nobody else; false where the system forbids that. */
async function canMount(machine: Machine): Promise<boolean> {
  return (
    (await machine.run('unshare', ['--mount', '--map-root-user', 'mount', '-t', 'tmpfs', 'none', '/mnt']))
      .exitCode === 0
  )
}

async function onFullDisk(t: ExecutionContext, machine: Machine, cwd: string, script: string) {
  const program = `teleport() { '${process.execPath}' '${programFile}' "$@"; }`
  const ran = await machine.run(
    'unshare',
    ['--mount', '--map-root-user', 'bash', '-c', `set -e\n${program}\n${script}`],
    { cwd },
  )
  t.log(ran.stderr.slice(0, 300))
  return ran
}

for (const format of ['sha1', 'sha256'] as const) {
  test(`a full disk below a ${format} store stops a push, and nothing is sent or lost`, async (t) => {
    const { sandbox, machine } = await oneMachine(t)
    if (!(await canMount(machine))) return void skip(t, 'mounting is not allowed here')
    const remote = await sandbox.bareRemote(format, format)
    const top = await checkout(machine, remote, format)
    const { transcript } = await tell(machine, top, session, 9_000_000)
    const before = await readFile(transcript)
    await cliDone(machine, ['list'], { cwd: top })
    const store = path.join(top, '.git/teleport')
    const ran = await onFullDisk(
      t,
      machine,
      top,
      `cp -r '${store}' "$HOME/copy"; mount -t tmpfs -o size=600k none '${store}'; cp -r "$HOME/copy/." '${store}'
       teleport push --json || echo "ended with $?"; ls '${store}'; find '${store}' -name '*.lock' -o -name lock -o -name 'tmp_obj*'; rm -rf "$HOME/copy"`,
    )
    t.like(JSON.parse(ran.stderr), {
      error: { code: 'disk-full', hint: 'free some space and run the command again; nothing was changed' },
    })
    t.regex(ran.stdout, /^ended with 1$/m)
    t.notRegex(ran.stdout, /^.*(?:lock|tmp_obj).*$/m)
    t.true(before.equals(await readFile(transcript)))
    t.is(await machine.git(top, 'ls-remote', remote, 'refs/teleport/sessions/*'), '')
    await cliDone(machine, ['push'], { cwd: top })
  })
}

test('a full disk below the store stops a pull while it fetches, and nothing is installed', async (t) => {
  const { sandbox, machine, top, remote } = await oneMachine(t)
  if (!(await canMount(machine))) return void skip(t, 'mounting is not allowed here')
  await tell(machine, top, session, 3_000_000)
  await cliDone(machine, ['push'], { cwd: top })
  const second = await sandbox.machine('second')
  await second.run('cp', ['-r', path.join(machine.home, '.config'), second.home])
  const there = await checkout(second, remote, 'app')
  await cliDone(second, ['list'], { cwd: there })
  const store = path.join(there, '.git/teleport')
  const ran = await onFullDisk(
    t,
    second,
    there,
    `cp -r '${store}' "$HOME/copy"; mount -t tmpfs -o size=600k none '${store}'; cp -r "$HOME/copy/." '${store}'
     teleport pull ${session} --json || echo "ended with $?"; find "$HOME/.claude" '${store}' -name '*.lock' -o -name lock -o -name '*.jsonl' 2>/dev/null || true; rm -rf "$HOME/copy"`,
  )
  const error = dig(JSON.parse(ran.stderr), 'error')
  // It is git that meets the full disk, and only its words tell so.
  t.like(error, {
    code: 'git-failed',
    hint: 'run the command again; if that does not help: git teleport doctor',
  })
  t.regex(String(dig(error, 'message')), /No space left on device/)
  t.regex(ran.stdout, /^ended with 1$/m)
  t.notRegex(ran.stdout, /lock|jsonl/)
})

test('a full disk below Claude Code stops a pull before anything is in place, and what lay there stays', async (t) => {
  const { sandbox, machine, top, remote } = await oneMachine(t)
  if (!(await canMount(machine))) return void skip(t, 'mounting is not allowed here')
  const second = await sandbox.machine('second')
  await second.run('cp', ['-r', path.join(machine.home, '.config'), second.home])
  const there = await checkout(second, remote, 'app')
  await tell(machine, top, session, 3_000_000)
  await cliDone(machine, ['push'], { cwd: top })
  const ran = await onFullDisk(
    t,
    second,
    there,
    `mkdir -p "$HOME/.claude"; mount -t tmpfs -o size=1m none "$HOME/.claude"; mkdir -p "$HOME/.claude/projects/x"; echo '{"mine":true}' >"$HOME/.claude/history.jsonl"
     teleport pull ${session} --json || echo "ended with $?"; cd "$HOME/.claude"; find . -type f; cat history.jsonl; find '${there}/.git/teleport/installs' -type f 2>/dev/null || true`,
  )
  t.like(JSON.parse(ran.stderr), {
    error: { code: 'disk-full', hint: 'free some space and run the command again; nothing was changed' },
  })
  t.is(ran.stdout, 'ended with 1\n./history.jsonl\n{"mine":true}\n')
  await cliDone(second, ['pull', session], { cwd: there })
})

test('a file that may not grow further stops an export and a push, and leaves no part of it', async (t) => {
  const { machine, top, remote } = await oneMachine(t)
  await tell(machine, top, session, 3_000_000)
  // In blocks of 1024 bytes.
  const limited = (argv: string) =>
    machine.run('bash', ['-c', `ulimit -f 100; '${process.execPath}' '${programFile}' ${argv}`], { cwd: top })
  const exported = await limited('export --output out.tar.gz --json')
  t.is(exported.exitCode, 1, exported.stderr)
  t.regex(stringAt(JSON.parse(exported.stderr), 'error', 'message') ?? '', /^EFBIG while writing /)
  t.deepEqual(
    (await readdir(top)).filter((name) => name.startsWith('out')),
    [],
  )
  const pushed = await limited('push --json')
  t.is(pushed.exitCode, 1, pushed.stderr)
  t.is(await machine.git(top, 'ls-remote', remote, 'refs/teleport/sessions/*'), '')
  t.deepEqual(await wreckage(top), [])
  t.true((await stat(path.join(top, '.git/teleport'))).isDirectory())
  t.is((await cli(machine, ['push'], { cwd: top })).exitCode, 0)
})
