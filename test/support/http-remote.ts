/** A Git host over HTTP: git's own http-backend behind a small server that asks for a name and a password. */

import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import path from 'node:path'
import type { Machine } from './sandbox.ts'

export interface HttpRemote {
  /** URL of a bare repository below the served folder, such as `remote.git`. */
  url(repository: string): string
  /** Requests so far, as `GET /remote.git/info/refs 200`. */
  readonly requests: readonly string[]
  /** Teaches `machine`'s git the password, by a credential helper in its global configuration. */
  allow(machine: Machine): Promise<void>
  close(): Promise<void>
}

const user = 'dev'
const password = 'pass-for-tests'

/** Serves the bare repositories in `folder` on a free loopback port, reading and writing; `anybodyReads` without a password. */
export async function startHttpRemote(
  folder: string,
  options: { readonly anybodyReads?: boolean } = {},
): Promise<HttpRemote> {
  const requests: string[] = []
  const server = createServer((request, response) => {
    response.once('finish', () => requests.push(`${request.method} ${request.url} ${response.statusCode}`))
    const reads = options.anybodyReads === true && isRead(request)
    if (!reads && !isAllowed(request)) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="test"' }).end()
      return
    }
    serve(folder, request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  const base = `http://127.0.0.1:${address.port}`
  return {
    url: (repository) => `${base}/${repository}`,
    requests,
    allow: (machine) => allow(machine, base),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function allow(machine: Machine, base: string): Promise<void> {
  const helper = path.join(machine.home, 'credential-helper')
  const script = `#!/bin/sh\n[ "$1" = get ] && printf 'username=${user}\\npassword=${password}\\n'\nexit 0\n`
  await writeFile(helper, script, { mode: 0o700 })
  await machine.git(machine.home, 'config', '--global', `credential.${base}.helper`, helper)
}

function isAllowed(request: IncomingMessage): boolean {
  const expected = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
  return request.headers.authorization === expected
}

function isRead(request: IncomingMessage): boolean {
  return /(?:[?&]service=git-upload-pack$|\/git-upload-pack$)/.test(request.url ?? '')
}

/** One request, through git's CGI program. */
function serve(folder: string, request: IncomingMessage, response: ServerResponse): void {
  const [pathInfo = '/', query = ''] = (request.url ?? '/').split('?')
  const env = {
    PATH: process.env['PATH'] ?? '',
    GIT_PROJECT_ROOT: folder,
    GIT_HTTP_EXPORT_ALL: '1',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_COUNT: '2',
    GIT_CONFIG_KEY_0: 'http.receivepack',
    GIT_CONFIG_VALUE_0: 'true',
    GIT_CONFIG_KEY_1: 'safe.directory',
    GIT_CONFIG_VALUE_1: '*',
    PATH_INFO: decodeURIComponent(pathInfo),
    QUERY_STRING: query,
    REQUEST_METHOD: request.method ?? 'GET',
    REMOTE_USER: user,
    REMOTE_ADDR: '127.0.0.1',
    CONTENT_TYPE: request.headers['content-type'] ?? '',
    HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
    HTTP_GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
    ...(request.headers['content-length'] === undefined
      ? {}
      : { CONTENT_LENGTH: request.headers['content-length'] }),
  }
  const child = spawn('git', ['http-backend'], { env, stdio: ['pipe', 'pipe', 'ignore'] })
  child.stdin.on('error', () => {})
  request.pipe(child.stdin)
  // Git waits for the rest of a request that was broken off, and we would wait for git.
  response.once('close', () => child.kill())
  relay(child.stdout, response)
}

/** Turns a CGI answer, headers first, into an HTTP one. */
function relay(output: NodeJS.ReadableStream, response: ServerResponse): void {
  let head = Buffer.alloc(0)
  let started = false
  output.on('data', (chunk: Buffer) => {
    if (started) {
      response.write(chunk)
      return
    }
    head = Buffer.concat([head, chunk])
    const end = head.indexOf('\r\n\r\n')
    if (end < 0) return
    started = true
    begin(response, head.subarray(0, end).toString('latin1'))
    response.write(head.subarray(end + 4))
  })
  output.once('end', () => {
    if (!started) response.writeHead(500)
    response.end()
  })
}

function begin(response: ServerResponse, head: string): void {
  let status = 200
  for (const line of head.split('\r\n')) {
    const colon = line.indexOf(':')
    const [name, value] = [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    if (name === 'status') status = Number.parseInt(value, 10)
    else response.setHeader(name, value)
  }
  response.writeHead(status)
}
