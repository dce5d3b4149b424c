/** Work that speaks to a host and is given up after a time. */

/**
 * Hands `work` a signal that is given after `ms` milliseconds, or with `stop`. Not made of `AbortSignal.timeout` and
 * `any`: some Nodes collect a timeout that nobody else holds, and then it never comes (nodejs/node issue 57736).
 */
export async function withTimeLimit<T>(
  ms: number,
  stop: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController()
  const giveUp = () => limit.abort()
  const timer = setTimeout(giveUp, ms)
  stop?.addEventListener('abort', giveUp, { once: true })
  if (stop?.aborted) giveUp()
  try {
    return await work(limit.signal)
  } finally {
    clearTimeout(timer)
    stop?.removeEventListener('abort', giveUp)
  }
}
