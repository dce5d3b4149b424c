/** Who may talk to the local page: decided by what a request says of where it goes and where it comes from. Pure. */

import type { IncomingHttpHeaders } from 'node:http'

export interface Knock {
  readonly method: string
  /** As it stands in the request line. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
}

export interface Refusal {
  readonly status: 400 | 403 | 404 | 405 | 414
  /** For the person who wonders; says nothing that is not in the request. */
  readonly why: string
}

/** Longer addresses than any path of a file needs. */
export const longestUrl = 8192

/**
 * Null: come in. A name that was made to point at 127.0.0.1 shows in `Host`; a page of another site, or of another
 * port of this machine, in `Origin` or `Sec-Fetch-Site`, which no script can forge.
 */
export function refuse({ method, url, headers }: Knock, port: number): Refusal | null {
  if (url.length > longestUrl) return { status: 414, why: 'the address is too long' }
  if (!url.startsWith('/') || url.startsWith('//'))
    return { status: 400, why: 'that is no address of this page' }
  if (!isOwnHost(headers.host, port))
    return { status: 403, why: 'asked under a name that is not this page’s' }
  if (method !== 'GET' && method !== 'POST') return { status: 405, why: 'only GET is answered' }
  const { origin } = headers
  if (origin !== undefined && origin !== `http://${headers.host}`)
    return { status: 403, why: 'asked by another page' }
  if (method === 'POST' && origin === undefined) return { status: 403, why: 'asked by no page' }
  const site = headers['sec-fetch-site']
  const comesBy = headers['sec-fetch-mode'] === 'navigate' ? ['same-origin', 'none'] : ['same-origin']
  if (site !== undefined && (typeof site !== 'string' || !comesBy.includes(site)))
    return { status: 403, why: 'asked by another site' }
  return null
}

/** The names under which the printed address can be typed; nothing else, whatever it resolves to. */
export function isOwnHost(host: string | undefined, port: number): boolean {
  return host === `127.0.0.1:${port}` || host === `localhost:${port}`
}
