/** A real SSH server on a loopback port, which lets in the machines whose keys it was told. */

import { type ChildProcess, spawn } from 'node:child_process'
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { run } from './run.ts'
import { type Machine, must, type Sandbox } from './sandbox.ts'
import { findProgram } from './tools.ts'

export interface SshRemote {
  readonly port: number
  /** `ssh://…` URL of an absolute path on the server. */
  url(repository: string): string
  /**
   * Makes `machine` a key, lets it in, and points its git at it through `core.sshCommand`. With `rights` the key runs git
   * and nothing else, as hosts have it: to fetch only, or to push as well.
   */
  allow(machine: Machine, rights?: 'read' | 'write'): Promise<void>
  /** Lets `machine` log in and run whatever it likes, as `target`: with its home and its environment. */
  letIn(machine: Machine, target: Machine): Promise<void>
  /** Who asked for what with a key of limited rights: `<machine> git-upload-pack`, in order. */
  asked(): Promise<readonly string[]>
  close(): Promise<void>
}

/** Starts sshd below the sandbox. Needs `sshd` and `ssh-keygen`; works as root and as an ordinary user. */
export async function startSshRemote(sandbox: Sandbox): Promise<SshRemote> {
  const program = findProgram('sshd')
  if (program === undefined) throw new Error('sshd is not installed')
  const folder = path.join(sandbox.folder, 'sshd')
  const env = { PATH: process.env['PATH'] ?? '' }
  await mkdir(folder, { mode: 0o700 })
  const hostKey = path.join(folder, 'host')
  must(
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', hostKey], { cwd: folder, env }),
    'ssh-keygen',
  )
  const port = await freePort()
  const keys = path.join(folder, 'authorized_keys')
  await writeFile(keys, '', { mode: 0o600 })
  const config = path.join(folder, 'sshd_config')
  await writeFile(config, configuration(port, hostKey, keys, folder))
  if (process.getuid?.() === 0) await ensurePrivilegeSeparation()
  const server = spawn(program, ['-D', '-e', '-f', config], { env, stdio: ['ignore', 'ignore', 'pipe'] })
  await untilReady(server, port)
  const known = `[127.0.0.1]:${port} ${(await readFile(`${hostKey}.pub`, 'utf8')).trim()}\n`
  return {
    port,
    url: (repository) => `ssh://${os.userInfo().username}@127.0.0.1:${port}${repository}`,
    allow: async (machine, rights) =>
      allow(machine, keys, known, rights ? await forcedCommand(folder, machine.name, rights) : ''),
    letIn: async (machine, target) =>
      allow(machine, keys, known, await loginCommand(folder, machine, target)),
    asked: async () =>
      (await readFile(path.join(folder, 'asked'), 'utf8').catch(() => '')).split('\n').slice(0, -1),
    close: () => ended(server),
  }
}

function configuration(port: number, hostKey: string, keys: string, folder: string): string {
  return [
    'ListenAddress 127.0.0.1',
    `Port ${port}`,
    `HostKey ${hostKey}`,
    `AuthorizedKeysFile ${keys}`,
    `PidFile ${path.join(folder, 'pid')}`,
    // The sandbox lies below a temporary folder that everybody may write.
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'PermitRootLogin prohibit-password',
    'AcceptEnv GIT_PROTOCOL',
    `SetEnv PATH="${process.env['PATH'] ?? '/usr/bin:/bin'}" GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null`,
    'LogLevel ERROR',
    '',
  ].join('\n')
}

/** Where Debian's sshd separates privileges; packages make it only when the service starts. */
async function ensurePrivilegeSeparation(): Promise<void> {
  await mkdir('/run/sshd', { recursive: true, mode: 0o755 })
}

/** The options of a key's line: whatever is asked for, this program decides. */
async function forcedCommand(folder: string, name: string, rights: 'read' | 'write'): Promise<string> {
  const program = path.join(folder, `serve-${name}`)
  const services = rights === 'read' ? 'git-upload-pack' : 'git-upload-pack | git-receive-pack'
  const script = `#!/bin/sh
service=\${SSH_ORIGINAL_COMMAND%% *}
echo "${name} $service" >>'${path.join(folder, 'asked')}'
case $service in ${services}) exec git shell -c "$SSH_ORIGINAL_COMMAND" ;; esac
echo '${name} may not do this' >&2
exit 1
`
  await writeFile(program, script, { mode: 0o700 })
  return `restrict,command="${program}" `
}

/** One system user plays many machines: what is asked for runs with the target's environment, by its shell as ever. */
async function loginCommand(folder: string, machine: Machine, target: Machine): Promise<string> {
  const program = path.join(folder, `login-${machine.name}`)
  const settings = Object.entries(target.env).map(([name, value]) => `${name}='${value}'`)
  const script = `#!/bin/sh
cd '${target.home}' || exit 1
exec env -i ${settings.join(' ')} GIT_PROTOCOL="$GIT_PROTOCOL" TERM="$TERM" /bin/sh -c "$SSH_ORIGINAL_COMMAND"
`
  await writeFile(program, script, { mode: 0o700 })
  return `command="${program}" `
}

async function allow(machine: Machine, keys: string, known: string, options: string): Promise<void> {
  const folder = path.join(machine.home, '.ssh')
  const key = path.join(folder, 'transport')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  must(
    await machine.run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', machine.name, '-f', key]),
    'ssh-keygen',
  )
  await appendFile(keys, `${options}${await readFile(`${key}.pub`, 'utf8')}`)
  const knownHosts = path.join(folder, 'known_hosts')
  await appendFile(knownHosts, known)
  const command = `ssh -F none -i ${key} -o IdentitiesOnly=yes -o UserKnownHostsFile=${knownHosts} -o BatchMode=yes`
  await machine.git(machine.home, 'config', '--global', 'core.sshCommand', command)
}

/** Asks the system for a port that is free now. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      const port = address !== null && typeof address !== 'string' ? address.port : 0
      probe.close(() => resolve(port))
    })
  })
}

async function untilReady(server: ChildProcess, port: number): Promise<void> {
  let said = ''
  server.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString('utf8')
  })
  const deadline = performance.now() + 15_000
  while (!(await answers(port))) {
    if (server.exitCode !== null || performance.now() > deadline)
      throw new Error(`sshd did not start: ${said}`)
    await delay(50)
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('data', () => resolve(socket.destroy() !== undefined))
    socket.once('error', () => resolve(false))
    socket.once('close', () => resolve(false))
  })
}

function ended(server: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (server.exitCode !== null || server.signalCode !== null) {
      resolve()
      return
    }
    server.once('close', () => resolve())
    server.kill('SIGTERM')
  })
}
