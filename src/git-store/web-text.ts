/** A small text at a web address: the only place that speaks to a host without git. */

import { TeleportError } from '../errors.ts'
import { withTimeLimit } from './time-limit.ts'

/** Milliseconds. */
const patienceMs = 15_000

/** Throws `failed` for every answer but a text of at most `maxBytes` from that very address. */
export async function fetchText(url: URL, maxBytes: number, stop: AbortSignal): Promise<string> {
  const where = `${url.origin}${url.pathname}`
  try {
    return await withTimeLimit(patienceMs, stop, async (signal) => {
      // Nobody is sent elsewhere: the answer counts for the host that was named.
      const response = await fetch(url, { signal, redirect: 'error', headers: { accept: 'text/plain' } })
      if (!response.ok || !response.body) {
        throw new TeleportError('failed', `${where} answered with ${response.status}`)
      }
      return readBounded(response.body, maxBytes, where)
    })
  } catch (error) {
    if (error instanceof TeleportError) throw error
    throw new TeleportError('failed', `${where} cannot be read`, { cause: error })
  }
}

async function readBounded(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
  where: string,
): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > maxBytes)
      throw new TeleportError('failed', `${where} answers with more than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
