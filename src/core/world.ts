/** What a use case may know of the machine it runs on: everything is handed in, nothing is reached for. Pure. */

import type { AskPassphrase } from '../crypto/device-key.ts'
import type { Environment } from '../git-store/environment.ts'
import type { Progress } from '../model.ts'

export interface Choice {
  readonly value: string
  readonly label: string
}

export interface World {
  readonly env: Environment
  /** Absolute. */
  readonly cwd: string
  readonly home: string
  readonly platform: NodeJS.Platform
  readonly hostname: string
  now(): Date
  /** A fresh random UUID. */
  uuid(): string
  readonly progress: Progress
  /** Something the user should know and that is not the result. */
  note(message: string): void
  /** Asks a person; throws `needs-confirmation` when nobody can be asked and `--yes` was not given. */
  confirm(question: string): Promise<boolean>
  readonly askPassphrase: AskPassphrase
  /** Lets a person choose one of several; undefined when nobody is there. */
  choose(question: string, choices: readonly Choice[]): Promise<string | undefined>
  /** What starts this program, for what starts it later by itself; undefined where there is no such program. */
  readonly program?: readonly string[] | undefined
  /** No prompts, not even git's or ssh's. */
  readonly background: boolean
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal
}

/** `2026-11-20T12:00:00Z`: the one form of time in everything that is signed or printed. */
export function formatTime(date: Date): string {
  return `${date.toISOString().slice(0, 19)}Z`
}
