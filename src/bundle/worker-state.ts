/** Reads what the background worker wrote down. Pure. */

import { hasCode } from '../errors.ts'
import { time } from './fields.ts'
import { check, integer, nullable, object, oneOf, type Shape, text } from './shape.ts'

/** How the worker stands to one remote. Times in UTC. */
export interface WorkerState {
  readonly format: 1
  /** When it last sent something, or tried. */
  readonly lastTry: string | null
  /** Tries that failed since the last that did not. */
  readonly failures: number
  /** Not again before. */
  readonly notBefore: string | null
}

export interface Problem {
  readonly time: string
  readonly message: string
  readonly hint: string | null
}

const state: Shape<WorkerState> = object({
  format: oneOf(1),
  lastTry: nullable(time),
  failures: integer(0),
  notBefore: nullable(time),
})

const problem: Shape<Problem> = object({ time, message: text(8192), hint: nullable(text(8192)) })

/** One that cannot be read is as good as none: then the worker has not tried yet. */
export function parseWorkerState(value: unknown): WorkerState {
  return parsed(state, value) ?? { format: 1, lastTry: null, failures: 0, notBefore: null }
}

/** Null when there is none. */
export function parseProblem(value: unknown): Problem | null {
  return parsed(problem, value) ?? null
}

function parsed<T>(shape: Shape<T>, value: unknown): T | undefined {
  if (value === undefined) return undefined
  try {
    return check(shape, value, 'a file of the worker', 'store-damaged')
  } catch (error) {
    if (!hasCode(error, 'store-damaged')) throw error
    return undefined
  }
}
