/** A line on stderr that says what is being done: only on a terminal, and only when it takes longer than half a second. */

import { stopIfInterrupted } from '../errors.ts'
import type { Progress } from '../model.ts'
import type { Io } from './io.ts'
import { formatBytes } from './text.ts'

const patienceMs = 500
const redrawMs = 100
const barWidth = 20

export interface TerminalProgress extends Progress {
  /** Takes the line away so that something else can be printed. */
  pause(): void
  /** Nothing is drawn while `work` has the terminal. */
  without<T>(work: () => Promise<T>): Promise<T>
  /** `work` may write on the terminal without a word to us: what stands there is neither erased nor drawn over. */
  beside<T>(work: () => Promise<T>): Promise<T>
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
  /** What is shown is not what is done any more. */
  let isLate = false
  /** How many others have the terminal for themselves, and how many may write on it too. */
  const others = { without: 0, beside: 0 }

  const erase = '\r\x1b[K'
  const draw = () => {
    if (others.without > 0 || (others.beside > 0 && shown)) return
    drawnAt = io.now().getTime()
    shown = true
    isLate = false
    const text = line(doing, amount, total, drawnAt - stepBegun)
    io.stderr.write(`${others.beside > 0 ? '' : erase}${text.slice(0, Math.max(20, io.columns - 1))}`)
  }
  /** How long the line must still wait. A clock that was set back makes it wait no longer. */
  const tooEarlyMs = () => {
    const now = io.now().getTime()
    const since = (time: number) => Math.max(0, now - time)
    return Math.max(patienceMs - since(begun), redrawMs - since(drawnAt), 0)
  }
  const drawIfDue = () => {
    if (visible && tooEarlyMs() === 0) draw()
  }
  let later: NodeJS.Timeout | undefined
  /**
   * A step that only waits for another program reports nothing: its line must come without being asked for. The timer
   * does not look at the clock again, by which it may well come a millisecond early.
   */
  const drawSoon = () => {
    clearTimeout(later)
    if (!visible) return
    later = setTimeout(draw, tooEarlyMs())
    later.unref()
  }
  const clear = () => {
    clearTimeout(later)
    if (shown) io.stderr.write(others.beside > 0 ? '\n' : erase)
    shown = false
  }
  const during = async <T>(which: keyof typeof others, work: () => Promise<T>): Promise<T> => {
    others[which] += 1
    try {
      return await work()
    } finally {
      others[which] -= 1
    }
  }
  return {
    step(what, totalBytes = 0) {
      stopIfInterrupted(io.signal)
      doing = what
      total = totalBytes
      amount = 0
      stepBegun = io.now().getTime()
      isLate = true
      drawIfDue()
      drawSoon()
    },
    advance(bytes) {
      stopIfInterrupted(io.signal)
      amount += bytes
      drawIfDue()
    },
    done: clear,
    pause: clear,
    without(work) {
      clear()
      return during('without', work)
    },
    beside(work) {
      if (shown && isLate) draw()
      return during('beside', work)
    },
  }
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
