/** What one line of the table is, and how a figure is held against its bar. Pure. */

import type { Took } from './clock.ts'

export interface Row {
  readonly what: string
  /** In words; `–` for a figure that has none. */
  readonly bar: string
  readonly measured: string
  /** Null without a bar. */
  readonly ok: boolean | null
}

export interface RowGroup {
  /** For `--row`. */
  readonly name: string
  measure(options: BenchOptions): Promise<readonly Row[]>
}

export interface BenchOptions {
  /** Small sizes and few rounds: to see that everything works, not what it costs. */
  readonly quick: boolean
  /** Told what is going on. */
  say(line: string): void
}

export function ratio(ours: Took, theirs: Took): string {
  return `${(ours.wallMs / theirs.wallMs).toFixed(2)} × (${against(ours, theirs)})`
}

/** Both wall clocks and, behind them, both processor times. */
export function against(ours: Took, theirs: Took): string {
  return `${ms(ours.wallMs)} against ${ms(theirs.wallMs)}; processor ${ms(ours.cpuMs)} against ${ms(theirs.cpuMs)}`
}

export function ms(value: number): string {
  return value < 10_000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`
}

export function kB(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const [low, high] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]]
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2
}
