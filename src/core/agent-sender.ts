/** Decides when what was appended to a session store is sent. */

import { heldSessions } from '../claude/agent-home.ts'
import { TeleportError } from '../errors.ts'
import type { SessionId } from '../model.ts'
import { type Inside, sendNew } from './agent-sync.ts'

const defaultAfterMs = 30_000
const defaultBytes = 256 * 1024
/** Rows that end a turn come in more than one batch. */
const afterTurnMs = 300

export interface Sender {
  /** One at a time: what works on the private store waits for what does. */
  alone<T>(work: () => Promise<T>): Promise<T>
  note(session: SessionId, bytes: number, turnEnded: boolean): void
  forget(session: SessionId): void
  flush(session: SessionId | undefined): Promise<void>
  close(): Promise<void>
}

export function makeSender(inside: Inside): Sender {
  const { options, home, world } = inside
  const { later = timer, onProblem } = options
  const waiting = new Map<SessionId, { readonly dueMs: number; readonly callOff: () => void }>()
  const unsent = new Map<SessionId, number>()
  let last: Promise<unknown> = Promise.resolve()
  let closed = false

  const alone = <T>(work: () => Promise<T>): Promise<T> => {
    const next = last.then(work, work)
    last = next.catch(() => undefined)
    return next
  }
  const forget = (session: SessionId) => {
    waiting.get(session)?.callOff()
    waiting.delete(session)
    unsent.delete(session)
  }
  const send = (session: SessionId) => {
    forget(session)
    return alone(() => sendNew(inside, session))
  }
  const inBackground = (session: SessionId) => {
    send(session).catch((cause: unknown) => {
      const error =
        cause instanceof TeleportError
          ? cause
          : new TeleportError('bug', `${session} was not sent`, { cause })
      if (onProblem) onProblem(error, session)
      else world.note(`session ${session} was not sent: ${error.message}`)
      if (error.code === 'remote-access' || error.code === 'store-busy') plan(session, afterMs)
    })
  }
  const plan = (session: SessionId, ms: number) => {
    if (closed) return
    const dueMs = world.now().getTime() + ms
    const before = waiting.get(session)
    if (before && before.dueMs <= dueMs) return
    before?.callOff()
    waiting.set(session, { dueMs, callOff: later(ms, () => inBackground(session)) })
  }
  const { sendAfterMs: afterMs = defaultAfterMs, sendBytes = defaultBytes, sendAfterTurn = true } = options

  const flush = async (only: SessionId | undefined): Promise<void> => {
    const sessions = only === undefined ? (await heldSessions(home)).map(({ session }) => session) : [only]
    const problems: unknown[] = []
    for (const session of sessions) await send(session).catch((error: unknown) => problems.push(error))
    if (problems.length > 0) throw problems[0]
  }
  return {
    alone,
    forget,
    flush,
    note(session, bytes, turnEnded) {
      const sum = (unsent.get(session) ?? 0) + bytes
      unsent.set(session, sum)
      if (sum >= sendBytes) plan(session, 0)
      else plan(session, turnEnded && sendAfterTurn ? Math.min(afterTurnMs, afterMs) : afterMs)
    },
    async close() {
      closed = true
      for (const session of [...waiting.keys()]) forget(session)
      await flush(undefined)
    },
  }
}

function timer(ms: number, work: () => void): () => void {
  const handle = setTimeout(work, ms)
  handle.unref()
  return () => clearTimeout(handle)
}
