/** An answer of the server, for as long as a part of the page wants it. */

import { useEffect, useRef, useState } from 'preact/hooks'
import { ask, type Params, type Problem, problemOf } from './api.ts'

export interface Asked<T> {
  readonly answer: T | null
  readonly problem: Problem | null
  readonly isLoading: boolean
  /** With these parameters too, this once. */
  again(more?: Params): void
}

/**
 * Asks anew when the question changes; also when the round does or `again` is called, and then the old answer stays until
 * the new one is there.
 */
export function useAsk<T>(name: string, params: Params, round = 0): Asked<T> {
  const [state, setState] = useState<Omit<Asked<T>, 'again'> & { readonly of: string }>({
    answer: null,
    problem: null,
    isLoading: true,
    of: '',
  })
  const [own, setOwn] = useState(0)
  const once = useRef<Params>({})
  const question = JSON.stringify([name, params])
  useEffect(() => {
    const asked = { ...params, ...once.current }
    once.current = {}
    const leaving = new AbortController()
    setState((before) => ({
      ...before,
      isLoading: true,
      ...(before.of === question ? {} : { answer: null, problem: null, of: question }),
    }))
    ask<T>(name, asked, leaving.signal).then(
      (answer) => settle({ answer, problem: null }),
      (error: unknown) => settle({ problem: problemOf(error) }),
    )
    const settle = (told: Partial<Pick<Asked<T>, 'answer' | 'problem'>>) => {
      if (!leaving.signal.aborted)
        setState((before) => ({ ...before, ...told, isLoading: false, of: question }))
    }
    return () => leaving.abort()
  }, [question, round, own])
  const isOld = state.of !== question
  return {
    answer: isOld ? null : state.answer,
    problem: isOld ? null : state.problem,
    isLoading: isOld || state.isLoading,
    again(more = {}) {
      once.current = more
      setOwn((before) => before + 1)
    },
  }
}
