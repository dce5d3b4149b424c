/** The peak memory of a process and all that it starts, read from Linux's /proc. */

import { spawn } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { programFile } from '../test/support/cli.ts'
import type { Site } from './lab.ts'

const sampleMs = 20

export interface Peak {
  /** The largest sum of what the living processes of the tree had used at most so far: not below the real peak. */
  readonly bytes: number
  /** The peak of each program on its own, the largest first. */
  readonly programs: readonly (readonly [name: string, bytes: number])[]
}

/** Runs the built program. Throws unless it ends with 0. */
export async function peakOf(site: Site, ...argv: readonly string[]): Promise<Peak> {
  const child = spawn(process.execPath, [programFile, ...argv], {
    cwd: site.top,
    env: { ...site.machine.env },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const end = new Promise<number | null>((resolve) => child.once('close', resolve))
  let ended = false
  void end.then(() => {
    ended = true
  })
  const programs = new Map<string, number>()
  let bytes = 0
  while (!ended) {
    let sum = 0
    for (const { name, peak } of await processTree(child.pid ?? 0)) {
      sum += peak
      programs.set(name, Math.max(programs.get(name) ?? 0, peak))
    }
    bytes = Math.max(bytes, sum)
    await delay(sampleMs)
  }
  const exitCode = await end
  if (exitCode !== 0) throw new Error(`git-teleport ${argv.join(' ')} ended with ${exitCode}`)
  return { bytes, programs: [...programs].sort((a, b) => b[1] - a[1]) }
}

interface Process {
  readonly pid: number
  readonly parent: number
  readonly name: string
  /** `VmHWM`, bytes. */
  readonly peak: number
}

async function processTree(root: number): Promise<readonly Process[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const all = (await Promise.all(pids.map(readProcess))).flat()
  const tree = all.filter(({ pid }) => pid === root)
  for (const process of tree) tree.push(...all.filter(({ parent }) => parent === process.pid))
  // Before it becomes git, a child shares all memory of its parent and still has its name.
  return tree.filter(({ pid, name }) => pid === root || name !== tree[0]?.name)
}

/** Empty for one that is gone, and for the kernel's own. */
async function readProcess(pid: number): Promise<readonly Process[]> {
  const status = await readFile(`/proc/${pid}/status`, 'latin1').catch(() => '')
  const field = (name: string) => new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(status)?.[1]
  const [name, parent, peak] = [field('Name'), field('PPid'), field('VmHWM')]
  if (name === undefined || parent === undefined || peak === undefined) return []
  return [{ pid, parent: Number(parent), name, peak: Number(peak) * 1024 }]
}
