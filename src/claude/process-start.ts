/** Whether a process still runs, and when it began: a process id alone may belong to another one by now. */

import { readFile } from 'node:fs/promises'
import { errnoOf } from '../errors.ts'

/** Whether a process of that id runs, ours or not. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errnoOf(error) === 'EPERM'
  }
}

/** Linux: whether it has ended and only waits for its parent to take notice, which in a container may be never. */
export async function hasEnded(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '')
  return /^[ZX]/.test(stat.slice(stat.lastIndexOf(')') + 2))
}

/** Linux: clock ticks from boot to the start of a process. `null` elsewhere, or when there is no such process. */
export async function startTicks(pid: number): Promise<number | null> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'latin1')
    // The second field is a name in parentheses and may hold anything; the start is the 22nd, the 20th behind it.
    const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19])
    return Number.isSafeInteger(ticks) ? ticks : null
  } catch {
    return null
  }
}

/** Every Linux that Node runs on counts a hundred to the second. */
const ticksPerSecond = 100

/** Linux: when a process began, in milliseconds of the wall clock, a second more or less. `null` as above. */
export async function startedAtMs(pid: number): Promise<number | null> {
  const ticks = await startTicks(pid)
  if (ticks === null) return null
  const boot = (await readFile('/proc/stat', 'latin1').catch(() => '')).match(/^btime (\d+)$/m)?.[1]
  return boot === undefined ? null : Number(boot) * 1000 + (ticks * 1000) / ticksPerSecond
}

/** Linux: an id of the time since the system was switched on. `null` elsewhere. */
export async function bootId(): Promise<string | null> {
  const text = await readFile('/proc/sys/kernel/random/boot_id', 'latin1').catch(() => '')
  return text.trim() || null
}
