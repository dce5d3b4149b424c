/** Other places of one person: a machine behind sshd, a container behind a stand-in, each with the program installed. */

import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { type Seat, seatAt } from '../journeys/seat.ts'
import { programFile } from '../support/cli.ts'
import { checkout, type Machine, type Sandbox } from '../support/sandbox.ts'

export const installedClaude = '2.1.329'

/** The machine with programs of its own before all others: git-teleport as built, and something that says it is Claude Code. */
export async function withPrograms(
  machine: Machine,
  claude: string | null = installedClaude,
): Promise<Machine> {
  const bin = path.join(machine.home, 'bin')
  await mkdir(bin, { recursive: true })
  await addProgram(machine, 'git-teleport', `exec '${process.execPath}' '${programFile}' "$@"`)
  if (claude !== null) await addProgram(machine, 'claude', `echo '${claude} (Claude Code)'`)
  return { ...machine, env: { ...machine.env, PATH: `${bin}${path.delimiter}${machine.env['PATH']}` } }
}

export async function addProgram(machine: Machine, name: string, line: string): Promise<void> {
  await writeFile(path.join(machine.home, 'bin', name), `#!/bin/sh\n${line}\n`, { mode: 0o755 })
}

/** A seat on a new machine that has the programs, with a device key of its own unless told. */
export async function placeAt(
  sandbox: Sandbox,
  name: string,
  remote: string,
  where: string,
  options: { readonly key?: boolean; readonly claude?: string | null } = {},
): Promise<Seat> {
  const machine = await withPrograms(await sandbox.machine(name), options.claude)
  const seat = seatAt(machine, await checkout(machine, remote, where))
  if (options.key ?? true) await seat.run(['init'])
  return seat
}

/**
 * A stand-in for `docker` on `machine`, since no engine runs in the tests: `docker exec` of one container name runs the
 * command with the environment of `inside`, and takes arguments one by one as the real one does.
 */
export async function standInForDocker(machine: Machine, name: string, inside: Machine): Promise<void> {
  const settings = Object.entries(inside.env).map(([key, value]) => `${key}='${value}'`)
  await addProgram(
    machine,
    'docker',
    `[ "$1" = exec ] || exit 64
shift
while :; do
  case $1 in
    -i | -t | -it) shift ;;
    -w) folder=$2; shift 2 ;;
    --user) shift 2 ;;
    *) break ;;
  esac
done
[ "$1" = '${name}' ] || { echo "Error: No such container: $1" >&2; exit 1; }
shift
cd "\${folder:-/}" || exit 126
exec env -i ${settings.join(' ')} "$@"`,
  )
}
