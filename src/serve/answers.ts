/** Who answers the page's questions, and with what: the use cases, handed in by the command. Pure. */

import { errorCodes, exitCodes, TeleportError } from '../errors.ts'
import type { SessionId } from '../model.ts'
import type { Question } from './question.ts'

export interface Answers {
  /** JSON. Throws `TeleportError` for what the person may know. `signal` is aborted when nobody waits for it any more. */
  answer(question: Question, signal: AbortSignal): Promise<unknown>
  /**
   * Tells of changes until `signal` is aborted: of the list, and of that session's transcript. What is told is JSON, on
   * one line.
   */
  watch(session: SessionId | null, tell: (event: unknown) => void, signal: AbortSignal): Promise<void>
  /** A defect of ours; the page learns only that there was one. */
  onDefect(error: unknown): void
}

export interface Told {
  readonly status: number
  readonly body: unknown
}

/** An answer with what the page gets for a question that failed. */
export async function tellAnswer(answers: Answers, question: Question, signal: AbortSignal): Promise<Told> {
  try {
    return { status: 200, body: await answers.answer(question, signal) }
  } catch (error) {
    if (error instanceof TeleportError) return { status: statusOf(error), body: { error: wordsOf(error) } }
    // What was cut off fails in many ways, and none of them is a defect.
    if (!signal.aborted) answers.onDefect(error)
    const words = {
      code: 'bug',
      message: 'this is a defect of git-teleport; the terminal tells more',
      hint: null,
    }
    return { status: 500, body: { error: words } }
  }
}

/** Tells of changes until somebody is gone. What cannot be watched is told to whoever asks next. */
export async function watchFor(
  answers: Answers,
  session: SessionId | null,
  tell: (event: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  try {
    await answers.watch(session, tell, signal)
  } catch (error) {
    if (!(error instanceof TeleportError)) answers.onDefect(error)
  }
}

function wordsOf({ code, message, hint }: TeleportError) {
  return { code, message, hint: hint ?? null }
}

function statusOf({ code }: TeleportError): number {
  const [exit] = errorCodes[code]
  if (exit === exitCodes.usage) return 400
  if (exit === exitCodes.nothingMatched) return 404
  return exit === exitCodes.keyOrAccess || exit === exitCodes.unsafe ? 403 : 500
}
