/** Times programs as processes of their own, by turns. */

import { readFileSync } from 'node:fs'
import { type RunOptions, run } from '../test/support/run.ts'
import { must } from '../test/support/sandbox.ts'
import { median } from './row.ts'

/** What one turn took, to its end. */
export interface Took {
  readonly wallMs: number
  /** Of the program and all that it started here, in steps of 10 ms: what a busy machine does not falsify. NaN where there is no /proc. */
  readonly cpuMs: number
}

/** One way to do the work. */
export interface Contestant {
  turn(round: number): Promise<void>
  /** Median of the wall clock and mean of the processor, over the turns so far but the first. */
  took(): Took
}

/** `prepare` is not timed. */
export function contestant(run: () => Promise<Took>, prepare?: () => Promise<void>): Contestant {
  const turns: Took[] = []
  return {
    async turn(round) {
      await prepare?.()
      const took = await run()
      // The one before the first fills caches.
      if (round > 0) turns.push(took)
    },
    took: () => ({
      wallMs: median(turns.map(({ wallMs }) => wallMs)),
      cpuMs: turns.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / turns.length,
    }),
  }
}

export async function byTurns(contestants: readonly Contestant[], rounds: number): Promise<void> {
  for (let round = 0; round <= rounds; round += 1) {
    for (const each of contestants) await each.turn(round)
  }
}

/** Throws, with all it said, unless the program ends with 0. Only one at a time, for the sake of `cpuMs`. */
export async function timed(command: string, args: readonly string[], options: RunOptions): Promise<Took> {
  const cpuBefore = cpuOfChildren()
  const start = performance.now()
  const ran = await run(command, args, { timeoutMs: 900_000, ...options })
  const wallMs = performance.now() - start
  must(ran, `${command} ${args.join(' ')}`)
  return { wallMs, cpuMs: cpuOfChildren() - cpuBefore }
}

/** Milliseconds of user and system time of all children that have ended, and of theirs. */
function cpuOfChildren(): number {
  try {
    const stat = readFileSync('/proc/self/stat', 'latin1')
    // Fields 16 and 17; the second may hold anything.
    const [user, system] = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .slice(13, 15)
    return (Number(user) + Number(system)) * 10
  } catch {
    return Number.NaN
  }
}
