/** What a program may say about its session store. */

import type { TeleportError } from '../errors.ts'
import type { SessionId } from '../model.ts'
import type { FoldSummary } from './agent-summary.ts'
import type { PushResult } from './push-job.ts'

export interface StoreOptions {
  readonly remote?: string | undefined
  /** Who may read what is sent, as `push --to` has it. Undefined: what the session has, else what the settings say. */
  readonly to?: readonly string[] | undefined
  /** Days from the last push, null for never. Undefined: 30, or what the policy says. */
  readonly expiresDays?: number | null | undefined
  /** The policy commit that is accepted at first sight without a question. */
  readonly trustPolicy?: string | undefined
  /** The remote may be one that everybody can read. */
  readonly public?: boolean
  /** Others get the session as it is, secrets included. */
  readonly noRedact?: boolean
  /** When what was appended is sent: so long after it at the latest (30 s), with so many bytes (256 KiB), after each turn (true). */
  readonly sendAfterMs?: number
  readonly sendBytes?: number
  readonly sendAfterTurn?: boolean
  /** Project keys that mean this repository too, beside its own and the folder names of this checkout. */
  readonly projectKeys?: readonly string[]
  /** The SDK's function of this name. Without it there are no summaries, and the SDK loads what it lists. */
  readonly foldSessionSummary?: FoldSummary
  readonly onSent?: (result: PushResult) => void
  /** What was to be sent in the background and was not. It is kept, and sent with what comes next or by `flush`. */
  readonly onProblem?: (error: TeleportError, session: SessionId) => void
  /** Runs `work` later and returns what calls that off. Otherwise a timer that keeps no process alive. */
  readonly later?: (ms: number, work: () => void) => () => void
}
