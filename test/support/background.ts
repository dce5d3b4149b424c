/** Background sessions in a test: programs where they look for them, what `ps` says, and nothing left running at the end. */

import { mkdir, readdir, readFile, symlink } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { cli, cliDone, programFile } from './cli.ts'
import { dig, type JsonRecord, parseJson, recordsIn, stringAt } from './json.ts'
import type { Machine } from './sandbox.ts'

interface Teardown {
  teardown(work: () => Promise<void>): void
}

export interface Desk {
  readonly machine: Machine
  readonly top: string
  /** With `claude` and `git-teleport` on the PATH. */
  readonly env: Readonly<Record<string, string>>
  /** Runs the built program in the checkout and returns what it printed; throws unless it ends with 0. */
  say(...argv: readonly string[]): Promise<string>
  /** The same with `--json`, parsed, whatever the exit code. */
  ask(...argv: readonly string[]): Promise<unknown>
  /** The session that `run` with these arguments starts. */
  start(...argv: readonly string[]): Promise<string>
  /** Waits until `ps --all` says of the session what is awaited, and returns that. */
  until(session: string, isSo: (run: JsonRecord) => boolean): Promise<JsonRecord>
}

const limitMs = 60_000

/** @param client a program that stands at `claude`'s place */
export async function makeDesk(
  t: Teardown,
  machine: Machine,
  top: string,
  client: string,
  more: Readonly<Record<string, string>> = {},
): Promise<Desk> {
  const bin = path.join(machine.folder, 'bin')
  await mkdir(bin, { recursive: true })
  await symlink(client, path.join(bin, 'claude'))
  await symlink(programFile, path.join(bin, 'git-teleport'))
  const env = { ...more, PATH: `${bin}:${machine.env['PATH'] ?? ''}` }
  t.teardown(() => endAll(top))
  const ask: Desk['ask'] = async (...argv) => {
    const [verb = '', ...rest] = argv
    return (await cli(machine, [verb, '--json', ...rest], { cwd: top, env })).json()
  }
  return {
    machine,
    top,
    env,
    ask,
    say: async (...argv) => (await cliDone(machine, argv, { cwd: top, env })).stdout,
    start: async (...argv) => {
      const started = await ask('run', ...argv)
      const session = stringAt(started, 'session')
      if (session === undefined) throw new Error(`nothing was started: ${JSON.stringify(started)}`)
      return session
    },
    until: async (session, isSo) => {
      const deadline = performance.now() + limitMs
      for (;;) {
        const runs = recordsIn(dig(await ask('ps', '--all'), 'runs'))
        const run = runs.find((each) => stringAt(each, 'session') === session)
        if (run && isSo(run)) return run
        if (performance.now() > deadline) throw new Error(`ps says ${JSON.stringify(run ?? runs)}`)
        await delay(100)
      }
    },
  }
}

export function isOver(run: JsonRecord): boolean {
  return ['done', 'failed', 'stopped'].includes(stringAt(run, 'state') ?? '')
}

/** What the record says of the processes of a background session. */
export async function processesOf(top: string, session: string): Promise<readonly number[]> {
  const file = path.join(top, '.git/teleport/runs', session, 'run.json')
  const record = parseJson(await readFile(file, 'utf8').catch(() => '{}'))
  return ['supervisor', 'client'].flatMap((name) => {
    const pid = dig(record, name, 'pid')
    return typeof pid === 'number' ? [pid] : []
  })
}

/** Ends a process and everything below it as a power cut would. */
export async function killTree(pid: number): Promise<void> {
  const parents = new Map<number, number>()
  for (const name of (await readdir('/proc')).filter((each) => /^\d+$/.test(each))) {
    const stat = await readFile(`/proc/${name}/stat`, 'latin1').catch(() => '')
    parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
  }
  const found = [pid]
  for (const each of found) for (const [child, parent] of parents) if (parent === each) found.push(child)
  for (const each of found) kill(each)
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended by itself.
  }
}

async function endAll(top: string): Promise<void> {
  const names = await readdir(path.join(top, '.git/teleport/runs')).catch(() => [])
  for (const session of names) for (const pid of await stillOurs(top, session)) await killTree(pid)
}

/** A number may belong to somebody else by now. */
async function stillOurs(top: string, session: string): Promise<readonly number[]> {
  const ours: number[] = []
  for (const pid of await processesOf(top, session)) {
    const line = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '')
    if (line.includes(session)) ours.push(pid)
  }
  return ours
}
