/** Listens to what changes while the page is open. */

import type { BrowseEvent } from '../../core/browse.ts'
import { request } from './api.ts'

const firstWaitMs = 500
const longestWaitMs = 10_000

/**
 * Calls `onEvent` for each, and `onLink` when the line to the server is there or lost; begins again when it breaks, until
 * `signal` is aborted. An `EventSource` could not show its key.
 */
export async function listen(
  session: string | null,
  onEvent: (event: BrowseEvent) => void,
  onLink: (isThere: boolean) => void,
  signal: AbortSignal,
): Promise<void> {
  let waitMs = firstWaitMs
  while (!signal.aborted) {
    try {
      const answer = await request('events', { session }, signal)
      if (answer.status === 401) return
      if (answer.ok && answer.body) {
        onLink(true)
        waitMs = firstWaitMs
        await readEvents(answer.body, onEvent)
      }
    } catch {
      // Told below.
    }
    if (signal.aborted) return
    onLink(false)
    await later(waitMs, signal)
    waitMs = Math.min(waitMs * 2, longestWaitMs)
  }
}

async function readEvents(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  onEvent: (event: BrowseEvent) => void,
): Promise<void> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    text += value
    const parts = text.split('\n\n')
    text = parts.pop() ?? ''
    for (const part of parts) if (part.startsWith('data: ')) onEvent(JSON.parse(part.slice(6)) as BrowseEvent)
  }
}

function later(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
