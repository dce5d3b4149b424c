/** A loopback server in place of the model's API, so that the real client runs without a network. */

import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type ReplyBlock, replyTo } from './api-script.ts'
import { dig, type JsonRecord, parseJson } from './json.ts'

export interface ApiRequest {
  readonly path: string
  /** The body as it came, for searching. */
  readonly text: string
  readonly body: unknown
}

export interface ApiStandIn {
  readonly url: string
  /** Every request to /v1/messages so far, oldest first. */
  readonly requests: readonly ApiRequest[]
  close(): Promise<void>
}

/** Listens on a free loopback port. Answers as `replyTo` says, as JSON or as a stream of events. */
export async function startApiStandIn(): Promise<ApiStandIn> {
  const requests: ApiRequest[] = []
  const server = createServer((request, response) => {
    answer(request, response, requests).catch((error: unknown) => response.destroy(asError(error)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the stand-in has no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, log: ApiRequest[]): Promise<void> {
  const text = await readAll(request)
  const path = (request.url ?? '').split('?')[0] ?? ''
  if (request.method !== 'POST' || !path.startsWith('/v1/messages')) return sendJson(response, 404, notFound)
  if (path.endsWith('/count_tokens')) return sendJson(response, 200, { input_tokens: 100 })
  const body = parseJson(text)
  log.push({ path, text, body })
  const message = messageOf(replyTo(body), dig(body, 'model'))
  if (dig(body, 'stream') !== true) return sendJson(response, 200, message)
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  for (const event of eventsOf(message)) {
    response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
  }
  response.end()
}

const notFound = { type: 'error', error: { type: 'not_found_error', message: 'not found' } }
const usage = {
  input_tokens: 100,
  output_tokens: 20,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
}

type Message = ReturnType<typeof messageOf>

function messageOf(blocks: readonly ReplyBlock[], model: unknown) {
  const calls = blocks.some((block) => block.type === 'tool_use')
  return {
    id: `msg_${randomUUID().replaceAll('-', '')}`,
    type: 'message',
    role: 'assistant',
    model,
    content: blocks.map((block) =>
      block.type === 'tool_use' ? { ...block, id: `toolu_${randomUUID().replaceAll('-', '')}` } : block,
    ),
    stop_reason: calls ? 'tool_use' : 'end_turn',
    stop_sequence: null,
    usage,
  }
}

/** The same message as the events of a stream. */
function eventsOf(message: Message): readonly (JsonRecord & { readonly type: string })[] {
  const blocks = message.content.flatMap((block, index) => [
    { type: 'content_block_start', index, content_block: emptied(block) },
    { type: 'content_block_delta', index, delta: deltaOf(block) },
    { type: 'content_block_stop', index },
  ])
  return [
    { type: 'message_start', message: { ...message, content: [], stop_reason: null } },
    ...blocks,
    { type: 'message_delta', delta: { stop_reason: message.stop_reason, stop_sequence: null }, usage },
    { type: 'message_stop' },
  ]
}

function emptied(block: Message['content'][number]) {
  return block.type === 'text' ? { ...block, text: '' } : { ...block, input: {} }
}

function deltaOf(block: Message['content'][number]) {
  return block.type === 'text'
    ? { type: 'text_delta', text: block.text }
    : { type: 'input_json_delta', partial_json: JSON.stringify(block.input) }
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) if (chunk instanceof Buffer) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
