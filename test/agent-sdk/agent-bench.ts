/** Machines with a checkout each, and session stores on them. */

import { type AgentStore, openAgentStore, type StoreOptions } from '../../src/agent-sdk.ts'
import { createWorld } from '../../src/core/create-world.ts'
import type { World } from '../../src/core/world.ts'
import { teleported } from '../support/in-process.ts'
import { checkout, type Machine, makeSandbox, type Sandbox } from '../support/sandbox.ts'

interface Teardown {
  teardown(work: () => Promise<void>): void
}

export interface Seat {
  readonly machine: Machine
  readonly top: string
  readonly world: World
}

/** A machine with a checkout and a device key. */
export async function takeSeat(
  sandbox: Sandbox,
  remote: string,
  name: string,
  where = 'project',
): Promise<Seat> {
  const machine = await sandbox.machine(name)
  const top = await checkout(machine, remote, where)
  await teleported(machine, ['init'], { cwd: top })
  return { machine, top, world: worldAt(machine, top) }
}

export function worldAt(machine: Machine, top: string, env: Readonly<Record<string, string>> = {}): World {
  return createWorld({
    cwd: top,
    env: { ...machine.env, ...env },
    platform: process.platform,
    hostname: machine.name,
    system: { policyFile: '/nonexistent', policyOwner: null, isPublicHost: () => false },
  })
}

/** Each lets the other in. */
export async function introduce(...seats: readonly Seat[]): Promise<void> {
  for (const seat of seats) {
    for (const other of seats) {
      if (other === seat) continue
      const { json } = await teleported(other.machine, ['key', 'show', '--json'], { cwd: other.top })
      const shown: unknown = json()
      const key =
        typeof shown === 'object' && shown !== null && 'publicKey' in shown ? String(shown.publicKey) : ''
      await teleported(seat.machine, ['key', 'trust', '--yes', key], { cwd: seat.top })
    }
  }
}

export async function twoSeats(t: Teardown, names: readonly [string, string] = ['laptop', 'server']) {
  const sandbox = await makeSandbox(t)
  const remote = await sandbox.bareRemote()
  const first = await takeSeat(sandbox, remote, names[0])
  const second = await takeSeat(sandbox, remote, names[1], 'Work/the project')
  await introduce(first, second)
  return { sandbox, remote, first, second }
}

/** Sends only when told, so that no test depends on a clock. */
export function openStore(seat: Seat, options: StoreOptions = {}): Promise<AgentStore> {
  return openAgentStore(seat.world, { later: () => () => {}, ...options })
}
