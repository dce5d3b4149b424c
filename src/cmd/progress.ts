/** A line on stderr that says what is being done: only on a terminal, and only when it takes longer than half a second. */

import { interruption } from '../errors.ts'
import type { Progress } from '../model.ts'
import type { Io } from './io.ts'
import { formatBytes } from './text.ts'

const patienceMs = 500
const redrawMs = 100
const barWidth = 20

export interface TerminalProgress extends Progress {
  /** Takes the line away so that something else can be printed. */
  pause(): void
}

/** Every report is also where an interrupted command stops: between two steps, before anything is half-done. */
export function makeProgress(io: Io, quiet: boolean): TerminalProgress {
  const visible = !quiet && io.isTerminal.stderr
  const begun = io.now().getTime()
  let doing = ''
  let total = 0
  let amount = 0
  let stepBegun = begun
  let drawnAt = 0
  let shown = false

  const draw = () => {
    const now = io.now().getTime()
    if (!visible || now - begun < patienceMs || now - drawnAt < redrawMs) return
    drawnAt = now
    shown = true
    io.stderr.write(
      `\r\x1b[K${line(doing, amount, total, now - stepBegun).slice(0, Math.max(20, io.columns - 1))}`,
    )
  }
  let later: NodeJS.Timeout | undefined
  /** A step that only waits for another program reports nothing: its line must come without being asked for. */
  const drawSoon = () => {
    clearTimeout(later)
    if (!visible) return
    const now = io.now().getTime()
    later = setTimeout(draw, Math.max(patienceMs - (now - begun), redrawMs - (now - drawnAt), 0))
    later.unref()
  }
  const clear = () => {
    clearTimeout(later)
    if (shown) io.stderr.write('\r\x1b[K')
    shown = false
  }
  return {
    step(what, totalBytes = 0) {
      stopIfInterrupted(io)
      doing = what
      total = totalBytes
      amount = 0
      stepBegun = io.now().getTime()
      draw()
      drawSoon()
    },
    advance(bytes) {
      stopIfInterrupted(io)
      amount += bytes
      draw()
    },
    done: clear,
    pause: clear,
  }
}

/** Throws `interrupted`. */
export function stopIfInterrupted(io: Pick<Io, 'signal'>): void {
  if (io.signal.aborted) throw interruption()
}

function line(doing: string, amount: number, total: number, elapsedMs: number): string {
  if (amount === 0) return `${doing} …`
  const rate = elapsedMs > 200 ? `, ${formatBytes((amount / elapsedMs) * 1000)}/s` : ''
  if (total === 0) return `${doing} … ${formatBytes(amount)}${rate}`
  const share = Math.min(1, amount / total)
  const filled = Math.round(share * barWidth)
  const bar = `${'#'.repeat(filled)}${'.'.repeat(barWidth - filled)}`
  return `${doing} [${bar}] ${String(Math.floor(share * 100)).padStart(3)} %  ${formatBytes(amount)} of ${formatBytes(total)}${rate}`
}
