/** Asks the server that the page came from, which answers only whoever was let in. */

export interface Problem {
  readonly code: string
  readonly message: string
  readonly hint: string | null
}

/** What the server says when it has no answer, and what we say when there is no server. */
export class AskError extends Error {
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.message)
    this.problem = problem
  }
}

/** Of this address and port alone, unlike the cookie. */
const keyName = 'teleport-key'

/**
 * Exchanges the token of the address, if it has one, for a place at the table. Whether that was given, or an earlier one
 * still holds, shows when something is asked.
 */
export async function enter(): Promise<void> {
  const fragment = new URLSearchParams(location.hash.slice(1))
  const token = fragment.get('token')
  if (token === null) return
  const anchor = fragment.get('at')
  // Before anything else: nobody who looks at the address or the history afterwards finds it.
  history.replaceState(null, '', `${location.pathname}${location.search}${anchor ? `#${anchor}` : ''}`)
  const answer = await fetch('/enter', { method: 'POST', body: token })
  if (!answer.ok) return
  const { key } = (await answer.json()) as { readonly key: string }
  localStorage.setItem(keyName, key)
}

export type Params = Readonly<Record<string, string | number | null | undefined>>

/** The answer is what our own server wrote. Throws `AskError`. */
export async function ask<T>(name: string, params: Params = {}, signal?: AbortSignal): Promise<T> {
  const answer = await request(name, params, signal)
  if (!answer.ok) throw new AskError(problemIn(await answer.json().catch(() => ({}))))
  try {
    return (await answer.json()) as T
  } catch (error) {
    if (signal?.aborted) throw error
    // It broke off in the middle.
    throw new AskError(problemIn({}))
  }
}

export async function request(name: string, params: Params, signal?: AbortSignal): Promise<Response> {
  const query = new URLSearchParams()
  for (const [key, value] of Object.entries(params))
    if (value !== null && value !== undefined) query.set(key, String(value))
  const options = { headers: { 'X-Teleport-Key': localStorage.getItem(keyName) ?? '' } }
  try {
    return await fetch(`/api/${name}?${query}`, signal ? { ...options, signal } : options)
  } catch (error) {
    if (signal?.aborted) throw error
    throw new AskError({
      code: 'ended',
      message: 'git teleport web is no longer running',
      hint: 'git teleport web',
    })
  }
}

function problemIn(body: unknown): Problem {
  const error = typeof body === 'object' && body !== null && 'error' in body ? body.error : undefined
  const told = typeof error === 'object' && error !== null ? error : {}
  return {
    code: 'code' in told ? String(told.code) : 'failed',
    message: 'message' in told ? String(told.message) : 'the question was not answered',
    hint: 'hint' in told && typeof told.hint === 'string' ? told.hint : null,
  }
}

export function problemOf(error: unknown): Problem {
  if (error instanceof AskError) return error.problem
  return { code: 'failed', message: 'something went wrong in this page', hint: null }
}
