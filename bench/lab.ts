/** Two machines and a bare remote with a project in it, for one group of rows. */

import { cp, mkdir, rm } from 'node:fs/promises'
import path from 'node:path'
import type { SessionCursor } from '../src/demo/generate-session.ts'
import { continueSession, writeSession } from '../src/demo/write-session.ts'
import { parseSessionId } from '../src/model.ts'
import { programFile } from '../test/support/cli.ts'
import { checkout, type Machine, makeSandbox, type Sandbox } from '../test/support/sandbox.ts'
import { type Took, timed } from './clock.ts'

export interface Site {
  readonly machine: Machine
  /** Top of its work tree. */
  readonly top: string
}

export interface Lab {
  readonly sandbox: Sandbox
  readonly remote: string
  readonly laptop: Site
  /** Has the same device key. */
  readonly desktop: Site
}

export const session = parseSessionId('5b1e3f2a-91c4-4d6f-9a37-0123456789ab')

export async function withLab<T>(work: (lab: Lab) => Promise<T>): Promise<T> {
  const ends: (() => Promise<void>)[] = []
  const sandbox = await makeSandbox({ teardown: (end) => ends.push(end) })
  try {
    const remote = await sandbox.bareRemote()
    const laptop = await makeSite(sandbox, remote, 'laptop', 'code/app')
    const desktop = await makeSite(sandbox, remote, 'desktop', 'Work/the app')
    await teleport(laptop, 'init')
    await cp(keyFolder(laptop), keyFolder(desktop), { recursive: true })
    return await work({ sandbox, remote, laptop, desktop })
  } finally {
    for (const end of ends) await end()
  }
}

async function makeSite(sandbox: Sandbox, remote: string, name: string, where: string): Promise<Site> {
  const machine = await sandbox.machine(name)
  return { machine, top: await checkout(machine, remote, where) }
}

function keyFolder({ machine }: Site): string {
  return path.join(machine.home, '.config/git-teleport')
}

/** Runs the built program as its user does. */
export function teleport(site: Site, ...argv: readonly string[]): Promise<Took> {
  return timed(process.execPath, [programFile, ...argv], { cwd: site.top, env: site.machine.env })
}

/** The private store of a work tree. */
export function storeOf(site: Site): string {
  return path.join(site.top, '.git/teleport')
}

/** As if the program had never run there. */
export async function forgetStore(site: Site): Promise<void> {
  await rm(storeOf(site), { recursive: true, force: true })
}

/** As if no client had ever run there. */
export async function forgetSessions(site: Site): Promise<void> {
  await rm(site.machine.config, { recursive: true, force: true })
}

/** Takes every teleport ref from the remote; what they named is left for git to sweep. */
export async function emptyRemote({ laptop, remote }: Lab): Promise<void> {
  const git = (...args: string[]) => laptop.machine.git(remote, ...args)
  const refs = (await git('for-each-ref', '--format=%(refname)', 'refs/teleport')).split('\n').filter(Boolean)
  for (const ref of refs) await git('update-ref', '-d', ref)
}

/** Keeps copies of folders, and puts them back. */
export async function snapshot(folders: readonly string[], where: string): Promise<() => Promise<void>> {
  await mkdir(where, { recursive: true })
  const kept = folders.map((folder, at) => ({ folder, copy: path.join(where, String(at)) }))
  for (const { folder, copy } of kept) await cp(folder, copy, { recursive: true, preserveTimestamps: true })
  return async () => {
    for (const { folder, copy } of kept) {
      await rm(folder, { recursive: true, force: true })
      await cp(copy, folder, { recursive: true, preserveTimestamps: true })
    }
  }
}

/** The same session for the same size, as that machine's client would have written it. */
export async function tell(site: Site, bytes: number): Promise<SessionCursor> {
  return (await writeSession({ ...told(site), bytes })).cursor
}

/** Lets it go on by about `more` bytes. `bytes` is what it was told with. */
export async function tellMore(
  site: Site,
  bytes: number,
  cursor: SessionCursor,
  more: number,
): Promise<SessionCursor> {
  return (await continueSession({ ...told(site), bytes }, cursor, more)).cursor
}

function told({ machine, top }: Site) {
  const startTime = Date.UTC(2026, 10, 20)
  return { session, seed: 'bench', startTime, home: machine.home, config: machine.config, root: top }
}
