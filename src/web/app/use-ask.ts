/** An answer of the server, for as long as a part of the page wants it. */

import { useEffect, useRef, useState } from 'preact/hooks'
import { ask, type Params, type Problem, problemOf } from './api.ts'
import { oneAtATime } from './one-at-a-time.ts'

export interface Asked<T> {
  readonly answer: T | null
  readonly problem: Problem | null
  /** Something was asked for, by coming here or by `again`; what changes by itself is asked for in silence. */
  readonly isLoading: boolean
  /** With these parameters too, this once. */
  again(more?: Params): void
}

/**
 * Asks anew when the question changes. When only the round does, or `again` is called, the answer that is under way is
 * waited for and shown, for while a client writes there is a new round before there is an answer; then it is asked once more.
 */
export function useAsk<T>(name: string, params: Params, round = 0): Asked<T> {
  const [state, setState] = useState<Omit<Asked<T>, 'again'> & { readonly of: string }>({
    answer: null,
    problem: null,
    isLoading: true,
    of: '',
  })
  const once = useRef<Params | null>(null)
  const askAgain = useRef<() => void>(() => undefined)
  const question = JSON.stringify([name, params])
  useEffect(() => {
    const leaving = new AbortController()
    once.current = null
    setState({ answer: null, problem: null, isLoading: true, of: question })
    const askNow = async () => {
      const asked = { ...params, ...once.current }
      once.current = null
      const told = await ask<T>(name, asked, leaving.signal).then(
        (answer) => ({ answer, problem: null }),
        (error: unknown) => ({ problem: problemOf(error) }),
      )
      if (!leaving.signal.aborted)
        setState((before) => ({ ...before, ...told, isLoading: once.current !== null }))
    }
    askAgain.current = oneAtATime(askNow, leaving.signal)
    return () => leaving.abort()
  }, [question])
  useEffect(() => askAgain.current(), [question, round])
  const isOld = state.of !== question
  return {
    answer: isOld ? null : state.answer,
    problem: isOld ? null : state.problem,
    isLoading: isOld || state.isLoading,
    again(more = {}) {
      once.current = more
      setState((before) => ({ ...before, isLoading: true }))
      askAgain.current()
    },
  }
}
