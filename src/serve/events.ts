/** Server-sent events: one line of JSON each, for as long as the page listens. */

import type { ServerResponse } from 'node:http'

/** So that what stands between does not think that nobody is there; and that we notice who left without a word. */
const heartbeatMs = 20_000
/** A page that does not take what it is told is let go, rather than remembered for. */
const mostWaitingBytes = 1024 * 1024

/** Resolves when the page is gone or `signal` is aborted. */
export async function sendEvents(
  response: ServerResponse,
  signal: AbortSignal,
  watch: (tell: (event: unknown) => void, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' })
  const write = (text: string) => {
    if (response.writableLength > mostWaitingBytes) response.destroy()
    else if (!response.destroyed) response.write(text)
  }
  write(': hello\n\n')
  const heartbeat = setInterval(() => write(': still here\n\n'), heartbeatMs)
  try {
    await watch(
      (event) => write(`data: ${JSON.stringify(event)}\n\n`),
      AbortSignal.any([signal, gone.signal]),
    )
  } finally {
    clearInterval(heartbeat)
    response.end()
  }
}
