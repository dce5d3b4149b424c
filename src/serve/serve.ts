/** The local page's server: on the loopback only, for one person, until its signal says so. */

import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { errnoOf, TeleportError } from '../errors.ts'
import type { Answers } from './answers.ts'
import { tellAnswer, watchFor } from './answers.ts'
import { type Entrance, openEntrance } from './entrance.ts'
import { sendEvents } from './events.ts'
import { type Refusal, refuse } from './gate.ts'
import { commonHeaders } from './headers.ts'
import { isOwnPeer } from './peer.ts'
import { readQuestion } from './question.ts'

/** A file of the page, read before anybody asks. */
export interface Asset {
  readonly type: string
  readonly bytes: Uint8Array
}

export interface ServeOptions {
  /** 0: any that is free. */
  readonly port: number
  /** What every address of the page gets; it holds nothing of a session. */
  readonly document: Asset
  /** By path, such as `/app.js`. */
  readonly assets: ReadonlyMap<string, Asset>
  readonly answers: Answers
  /** The user whose page it is; undefined where users have no numbers. */
  readonly ownUid: number | undefined
  /** Bytes fit for keys. */
  readonly random: (n: number) => Uint8Array
}

export interface Served {
  readonly port: number
  /** The address of a place of the page, with the token that lets one in once. */
  linkTo(place: string): string
  /** Ends every connection. */
  close(): Promise<void>
}

/** Throws `failed` when the port is taken. */
export async function serve(options: ServeOptions): Promise<Served> {
  const entrance = openEntrance(options.random)
  const closing = new AbortController()
  // Not at the top: all of Node's HTTP comes along, and every command would wait for it.
  const { createServer } = await import('node:http')
  // The first is to be refused by us and not by Node, whose words are others.
  const server = createServer(
    { maxHeaderSize: 32 * 1024, requireHostHeader: false, headersTimeout: 10_000, requestTimeout: 10_000 },
    (request, response) => {
      const house = { ...options, entrance, port: portOf(server), signal: closing.signal }
      respond(house, request, response).catch((error: unknown) => {
        options.answers.onDefect(error)
        response.destroy()
      })
    },
  )
  server.maxConnections = 64
  await listen(server, options.port)
  const port = portOf(server)
  return {
    port,
    linkTo: (place) => {
      const [path = '/', anchor] = place.split('#')
      const fragment = new URLSearchParams({ token: entrance.token, ...(anchor ? { at: anchor } : {}) })
      return `http://127.0.0.1:${port}${path}#${fragment}`
    },
    close: () =>
      new Promise((resolve) => {
        closing.abort()
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(notServed(error, port)))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, resolve)
  })
}

function notServed(error: unknown, port: number): TeleportError {
  const taken = errnoOf(error) === 'EADDRINUSE'
  return new TeleportError('failed', taken ? `port ${port} is taken` : `port ${port} cannot be listened on`, {
    hint: 'git teleport web',
    cause: error,
  })
}

function portOf(server: Server): number {
  const address: AddressInfo | string | null = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

interface House extends ServeOptions {
  readonly entrance: Entrance
  readonly signal: AbortSignal
}

async function respond(house: House, request: IncomingMessage, response: ServerResponse): Promise<void> {
  for (const [name, value] of Object.entries(commonHeaders)) response.setHeader(name, value)
  const { method = '', url = '', headers } = request
  const refusal = refuse({ method, url, headers }, house.port)
  if (refusal) {
    sendRefusal(response, refusal)
    return
  }
  // Put together, and not resolved: whatever the path holds, it stays one.
  const { pathname, searchParams } = new URL(`http://127.0.0.1${url}`)
  if (method === 'POST') {
    if (pathname === '/enter') await enter(house, request, response)
    else sendRefusal(response, { status: 405, why: 'only GET is answered' })
    return
  }
  if (!pathname.startsWith('/api/')) {
    sendAsset(response, house.assets.get(pathname) ?? (isPlace(pathname) ? house.document : undefined))
    return
  }
  const key = headers['x-teleport-key']
  if (!house.entrance.isLetIn(headers.cookie, typeof key === 'string' ? key : undefined)) {
    sendJson(response, 401, {
      error: { code: 'not-let-in', message: 'this page was not opened by its link' },
    })
    return
  }
  await answer(house, pathname.slice('/api/'.length), searchParams, response)
}

async function answer(
  house: House,
  path: string,
  query: URLSearchParams,
  response: ServerResponse,
): Promise<void> {
  const question = readQuestion(path, query)
  if (!question) {
    sendJson(response, 400, { error: { code: 'usage', message: 'that is no question', hint: null } })
    return
  }
  if (question.kind === 'events') {
    await sendEvents(response, house.signal, (tell, signal) =>
      watchFor(house.answers, question.session, tell, signal),
    )
    return
  }
  // The page asked something else or is closed, or we are about to end.
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const { status, body } = await tellAnswer(house.answers, question, gone.signal)
  if (!gone.signal.aborted) sendJson(response, status, body)
}

/** Addresses that people see; the page itself finds out what they mean. */
function isPlace(pathname: string): boolean {
  return /^\/(?:$|session\/|commit\/|file\/|files$|commits$)/.test(pathname)
}

const longestBody = 1024

async function enter(house: House, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { localPort: local = 0, remotePort: remote = 0 } = request.socket
  if (!(await isOwnPeer({ local, remote }, house.ownUid))) {
    sendRefusal(response, { status: 403, why: 'asked by another user of this machine' })
    return
  }
  const body = await readBody(request)
  if (body === undefined) {
    sendRefusal(response, { status: 400, why: 'that is no token' })
    return
  }
  const pass = house.entrance.enter(body)
  if (!pass) {
    sendJson(response, 403, { error: { code: 'used-link', message: 'this link was used before' } })
    return
  }
  response.setHeader(
    'Set-Cookie',
    `${house.entrance.cookieName}=${pass.cookie}; HttpOnly; SameSite=Strict; Path=/`,
  )
  sendJson(response, 200, { key: pass.key })
}

/** Undefined when it is longer than a token can be, or breaks off. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of request) {
      if (!(chunk instanceof Uint8Array)) return undefined
      length += chunk.byteLength
      if (length > longestBody) return undefined
      chunks.push(chunk)
    }
  } catch {
    return undefined
  }
  return Buffer.concat(chunks).toString()
}

function sendRefusal(response: ServerResponse, { status, why }: Refusal): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' })
  response.end(`${why}\n`)
}

function sendAsset(response: ServerResponse, asset: Asset | undefined): void {
  if (!asset) {
    sendRefusal(response, { status: 404, why: 'there is no such page' })
    return
  }
  response.writeHead(200, { 'Content-Type': asset.type, 'Content-Length': asset.bytes.byteLength })
  response.end(asset.bytes)
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8' })
  response.end(JSON.stringify(body))
}
