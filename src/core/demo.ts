/** `demo`: the whole journey on this machine, between two simulated ones, with an invented session. */

import path from 'node:path'
import { type Count, countSession, makeSandbox, type SimulatedMachine } from '../demo/sandbox.ts'
import { continueSession, writeSession } from '../demo/write-session.ts'
import { makeScratchRepos } from '../git-store/scratch-repo.ts'
import { parseSessionId, type SessionId } from '../model.ts'
import { exportDeviceKey, importDeviceKey, initDevice } from './key.ts'
import { type PullResult, pullSession } from './pull.ts'
import { pushSession } from './push.ts'
import type { PushResult } from './push-job.ts'
import type { World } from './world.ts'

export interface DemoOptions {
  /** Leave the folders for a look around. */
  readonly keep: boolean
}

export interface DemoResult {
  readonly session: SessionId
  readonly pushed: PushResult
  readonly pulled: PullResult
  /** B's continuation, seen by A again. */
  readonly returned: PullResult
  readonly moved: readonly { readonly what: string; readonly sent: Count; readonly arrived: Count }[]
  readonly resume: readonly string[]
  readonly folder: string | null
}

const sessionBytes = 400_000
const moreBytes = 20_000

/** @param say told each step before it is taken, and what came of it */
export async function runDemo(
  world: World,
  options: DemoOptions,
  say: (line: string) => void,
): Promise<DemoResult> {
  const sandbox = await makeSandbox()
  const [laptop, desktop] = sandbox.machines
  try {
    const on = (machine: SimulatedMachine) => worldOf(world, machine)
    say(`two machines and a bare remote, below ${sandbox.dir}`)
    await makeScratchRepos(
      sandbox.remote,
      sandbox.machines.map((machine) => ({ env: on(machine).env, checkout: machine.checkout })),
    )
    say(`laptop:  an invented Claude Code session in ${laptop.checkout}`)
    const session = parseSessionId('3f2a91c4-5b1e-4d6f-9a37-c0ffee5e5510')
    const told = {
      ...toldOn(laptop),
      session,
      seed: 'demo',
      bytes: sessionBytes,
      startTime: world.now().getTime() - 3_600_000,
    }
    const { cursor } = await writeSession(told)
    say('laptop:  git teleport init')
    const key = await initDevice(on(laptop), {})
    say(`         made the device key ${key.device}`)
    say('laptop:  git teleport push')
    const pushed = await pushSession(on(laptop), {})
    say(
      `         sent ${kB(pushed.bytesAdded)} as ${kB(pushed.bytesSent)}, encrypted and signed, in ${pushed.ref}`,
    )
    say('desktop: git teleport key import   (the key, carried over as an encrypted text)')
    await importDeviceKey(on(desktop), await exportDeviceKey(on(laptop), demoPassphrase), demoPassphrase)
    say(`desktop: git teleport pull ${session.slice(0, 8)}`)
    const pulled = await pullSession(on(desktop), { session })
    say(`         verified and restored ${pulled.files} files`)
    const moved = await compare(laptop, desktop, session)
    say('desktop: the conversation goes on there')
    await continueSession({ ...told, ...toldOn(desktop) }, cursor, moreBytes)
    say('desktop: git teleport push')
    const more = await pushSession(on(desktop), { session })
    say(`         sent only what was added: ${kB(more.bytesAdded)} as ${kB(more.bytesSent)}`)
    say(`laptop:  git teleport pull ${session.slice(0, 8)}`)
    const returned = await pullSession(on(laptop), { session })
    say(`         ${returned.state}: the laptop has it all again`)
    return {
      session,
      pushed,
      pulled,
      returned,
      moved,
      resume: pulled.resume,
      folder: options.keep ? sandbox.dir : null,
    }
  } finally {
    if (!options.keep) await sandbox.remove()
  }
}

/** The key lives for seconds, in a folder that is deleted. */
const demoPassphrase = 'carried across the room'

function toldOn(machine: SimulatedMachine) {
  return { home: machine.home, config: path.join(machine.home, '.claude'), root: machine.checkout }
}

/** Nothing of the user's own environment but the search path. */
function worldOf(world: World, machine: SimulatedMachine): World {
  return {
    ...world,
    env: { PATH: world.env['PATH'], HOME: machine.home, GIT_CONFIG_NOSYSTEM: '1', USER: 'ada' },
    cwd: machine.checkout,
    home: machine.home,
    hostname: machine.name,
    progress: world.progress,
    confirm: async () => true,
    background: true,
  }
}

async function compare(
  from: SimulatedMachine,
  to: SimulatedMachine,
  session: SessionId,
): Promise<DemoResult['moved']> {
  const sent = await countSession(path.join(from.home, '.claude'), session)
  const arrived = await countSession(path.join(to.home, '.claude'), session)
  const nothing: Count = { files: 0, bytes: 0 }
  return [...sent].map(([what, count]) => ({ what, sent: count, arrived: arrived.get(what) ?? nothing }))
}

function kB(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`
}
