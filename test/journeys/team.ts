/** People who share a remote: each with machines and a key of their own, and the policy that names them. */

import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { InProcessOptions } from '../support/in-process.ts'
import { checkout, makeSandbox, type Sandbox } from '../support/sandbox.ts'
import { carryKey, type Seat, seatAt } from './seat.ts'

export interface Team {
  readonly sandbox: Sandbox
  readonly remote: string
  /** What every command here is run with: the system policy that trusts the first one of the team. */
  readonly managed: Partial<InProcessOptions>
  /** A person's first machine makes a key; `like` another machine of the same person carries it. */
  sit(name: string, like?: Seat): Promise<Seat>
  /** Commits the policy that these seats are members by; `options` follow the principal on their line. */
  admit(by: Seat, members: readonly Member[]): Promise<void>
}

export interface Member {
  readonly seat: Seat
  readonly principal: string
  /** Such as `valid-before="20200101"`. */
  readonly options?: string
}

interface Teardown {
  teardown(work: () => Promise<void>): void
}

/** Nobody is there to be asked: the first policy commit is trusted by a managed policy, as an administrator does it. */
export async function makeTeam(t: Teardown): Promise<Team> {
  const sandbox = await makeSandbox(t)
  const remote = await sandbox.bareRemote()
  const policyFile = path.join(sandbox.folder, 'policy')
  const managed: Partial<InProcessOptions> = { system: { policyFile } }
  let trusted = false
  return {
    sandbox,
    remote,
    managed,
    async sit(name, like) {
      const machine = await sandbox.machine(name)
      const seat = withOptions(seatAt(machine, await checkout(machine, remote, `${name}-work/app`)), managed)
      if (like) await carryKey(like.machine, machine)
      else await seat.run(['init'])
      return seat
    },
    async admit(by, members) {
      await by.machine.git(by.top, 'pull', '--quiet')
      await mkdir(path.join(by.top, '.teleport'), { recursive: true })
      const lines = members.map(
        async ({ seat, principal, options = '' }) =>
          `${principal} namespaces="git"${options && ','}${options} ${await publicKey(seat)}\n`,
      )
      await writeFile(path.join(by.top, '.teleport/allowed_signers'), (await Promise.all(lines)).join(''))
      await by.machine.git(by.top, 'add', '.teleport')
      await by.machine.git(by.top, 'commit', '--quiet', '--message', 'policy')
      await by.machine.git(by.top, 'push', '--quiet')
      if (trusted) return
      trusted = true
      const commit = await by.machine.git(by.top, 'rev-parse', 'HEAD')
      await writeFile(policyFile, `[teleport]\n\ttrustPolicy = ${commit}\n`)
    },
  }
}

/** `type base64`. */
export async function publicKey({ machine }: Seat): Promise<string> {
  const text = await readFile(path.join(machine.home, '.config/git-teleport/id_ed25519.pub'), 'utf8')
  return text.trim().split(' ').slice(0, 2).join(' ')
}

function withOptions(seat: Seat, always: Partial<InProcessOptions>): Seat {
  return {
    ...seat,
    run: (argv, more) => seat.run(argv, { ...always, ...more }),
    refused: (argv, more) => seat.refused(argv, { ...always, ...more }),
  }
}
