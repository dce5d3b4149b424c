/** Reads and describes what a background session left written down. Pure. */

import type { Oid, SessionId } from '../model.ts'
import { label, oid, sessionId, time } from './fields.ts'
import { both, check, flag, integer, list, nullable, object, oneOf, type Shape, text } from './shape.ts'

/** A process, told apart from any later one that has its number. */
export interface RunProcess {
  readonly pid: number
  /** Start in the system's ticks; null where it cannot be read. */
  readonly start: string | null
  readonly host: string
  /** The system's own id of the time since it was switched on; null where it has none. */
  readonly boot: string | null
}

/** `nothing`: there was nothing to do. `failed`: what is left to do is told by `problem`. */
export interface RunStep {
  readonly state: 'waiting' | 'done' | 'nothing' | 'failed' | 'off'
  readonly problem: { readonly message: string; readonly hint: string | null } | null
}

export interface RunRecord {
  readonly format: 1
  readonly session: SessionId
  /** What was asked last. */
  readonly prompt: string
  readonly name: string | null
  readonly branch: string
  readonly base: Oid
  /** Absolute path of the work tree. */
  readonly worktree: string
  readonly remote: string | null
  readonly push: boolean
  /** Who may read the session; null: as a push decides. */
  readonly to: readonly string[] | null
  /** Questions of the push were answered with yes beforehand. */
  readonly yes: boolean
  readonly program: string
  /** Options of the client with their values, beside the session's id and the prompt. */
  readonly options: readonly (readonly [string, string])[]
  /** The client goes on with the session, which has a conversation already. */
  readonly resumes: boolean
  readonly phase: 'starting' | 'running' | 'finishing' | 'ended'
  readonly supervisor: RunProcess | null
  readonly client: RunProcess | null
  /** Of the last start. */
  readonly started: string
  /** When the client ended. */
  readonly ended: string | null
  /** Null: it has not ended, or nobody saw how. */
  readonly exitCode: number | null
  readonly signal: string | null
  /** Somebody asked it to stop. */
  readonly stopped: boolean
  /** Why it could not be started. */
  readonly problem: RunStep['problem']
  readonly commit: RunStep
  /** Tip of the branch when it was looked at last. */
  readonly tip: Oid | null
  readonly branchPush: RunStep
  readonly sessionPush: RunStep
  /** Who can read the session as it was sent last, in words; null: not sent. */
  readonly readableBy: readonly string[] | null
  /** When it was brought into a checkout. */
  readonly pulled: string | null
}

export const waitingStep: RunStep = { state: 'waiting', problem: null }
export const mostPromptLength = 1_000_000

const running: Shape<RunProcess> = object({
  pid: integer(1),
  start: nullable(text(40)),
  host: label,
  boot: nullable(text(200)),
})

const problem: Shape<RunStep['problem']> = nullable(
  object({ message: text(8192), hint: nullable(text(8192)) }),
)

const step: Shape<RunStep> = object({
  state: oneOf('waiting', 'done', 'nothing', 'failed', 'off'),
  problem,
})

const word = text(32_767)

const run: Shape<RunRecord> = object({
  format: oneOf(1),
  session: sessionId,
  prompt: text(mostPromptLength),
  name: nullable(label),
  branch: text(1024, /^[^-\p{Cc}][^\p{Cc}]*$/u),
  base: oid,
  worktree: text(32_767, /^(?:\/|[A-Za-z]:[\\/]|\\\\)/),
  remote: nullable(label),
  push: flag,
  to: nullable(list(word, 1000)),
  yes: flag,
  program: word,
  options: list(both(text(100, /^--[a-z-]+$/), word), 1000),
  resumes: flag,
  phase: oneOf('starting', 'running', 'finishing', 'ended'),
  supervisor: nullable(running),
  client: nullable(running),
  started: time,
  ended: nullable(time),
  exitCode: nullable(integer(0)),
  signal: nullable(label),
  stopped: flag,
  problem,
  commit: step,
  tip: nullable(oid),
  branchPush: step,
  sessionPush: step,
  readableBy: nullable(list(word, 10_000)),
  pulled: nullable(time),
})

/** Throws `store-damaged`. */
export function parseRunRecord(value: unknown): RunRecord {
  return check(run, value, 'the record of a background session', 'store-damaged')
}
