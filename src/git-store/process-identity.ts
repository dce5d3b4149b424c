/** Tells whether a process that left its mark is still the same running one. */

import { readFile } from 'node:fs/promises'
import os from 'node:os'
import { errnoOf } from '../errors.ts'

export interface ProcessMark {
  readonly pid: number
  /** Start time in the system's ticks; `null` where it cannot be read, then the pid alone must do. */
  readonly start: string | null
  readonly host: string
}

/** What the system calls this machine. */
export function machineName(): string {
  return os.hostname()
}

/** This process. */
export function ownMark(): Promise<ProcessMark> {
  return markOf(process.pid)
}

/** A process of this machine. */
export async function markOf(pid: number): Promise<ProcessMark> {
  const stat = await readStat(pid)
  return { pid, start: stat?.start ?? null, host: os.hostname() }
}

/** Whether that process runs. A process of another host, sharing our disk, can't be seen: it counts as running. */
export async function isRunning(mark: ProcessMark): Promise<boolean> {
  if (mark.host !== os.hostname()) return true
  if (!isAlive(mark.pid)) return false
  const stat = await readStat(mark.pid)
  // Where the system tells no more, or it ended just now.
  if (stat === undefined) return isAlive(mark.pid)
  // A pid is given out again, a start time with it is not; and a zombie keeps its pid for as long as its parent likes.
  return stat.state !== 'Z' && (mark.start === null || mark.start === stat.start)
}

/** Whether some process has this pid. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errnoOf(error) === 'EPERM'
  }
}

/** Fields 3 and 22 of Linux's `/proc/<pid>/stat`. The name in field 2 may hold spaces and brackets. */
async function readStat(pid: number): Promise<{ state: string; start: string } | undefined> {
  const line = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '')
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
  const [state, start] = [fields[0], fields[19]]
  return state && start ? { state, start } : undefined
}
