/** The rows of a transcript: who says what, with the envelope that Claude Code 2.1.329 puts around it. Pure. */

import { addFile, type Story, sha256Hex, tick } from './story.ts'

type Fields = Readonly<Record<string, unknown>>

/** Adds a row as it is. */
export function addRow(story: Story, fields: Fields): void {
  const line = JSON.stringify(fields)
  story.lines.push(line)
  story.bytes += Buffer.byteLength(line) + 1
}

/** Adds a row of the conversation's chain below the last one and returns its uuid. */
export function addChained(story: Story, before: Fields, after: Fields = {}): string {
  const uuid = story.random.uuid()
  const lead = { parentUuid: story.parent, isSidechain: false, ...before }
  addRow(story, { ...lead, uuid, timestamp: tick(story), ...after, ...envelope(story) })
  story.parent = uuid
  return uuid
}

/** The fields that close every row of the conversation. */
export function envelope(story: Story): Fields {
  return {
    userType: 'external',
    entrypoint: 'cli',
    cwd: story.cwd,
    sessionId: story.options.session,
    version: story.client,
    gitBranch: 'main',
    ...(story.slug === null ? {} : { slug: story.slug }),
  }
}

/** What a person types: the prompt's row, its trace in the prompt history, its record as a request. */
export function addPrompt(story: Story, text: string, promptId: string, pasted?: string): string {
  story.lastPrompt = text
  const turn = { promptIndex: story.turns + 1, turnIndex: story.turns + 1 }
  const content = pasted === undefined ? text : `${text}\n\n${pasted}`
  const uuid = addChained(
    story,
    { promptId, type: 'user', message: { role: 'user', content } },
    {
      permissionMode: 'acceptEdits',
      origin: { kind: 'human' },
      promptSource: 'typed',
      turnOrigin: 'human',
      turnPosition: turn,
    },
  )
  addHistory(story, text, pasted)
  const message = { role: 'user', content: [{ type: 'text', text: content }] }
  addRow(story, {
    type: 'api-request-blob',
    sessionId: story.options.session,
    hash: sha256Hex(content),
    message,
  })
  return uuid
}

function addHistory(story: Story, text: string, pasted: string | undefined): void {
  const contentHash = sha256Hex(pasted ?? '').slice(0, 16)
  const lines = (pasted ?? '').split('\n').length
  const display = pasted === undefined ? text : `${text} [Pasted text #1 +${lines} lines]`
  const pastedContents = pasted === undefined ? {} : { 1: { id: 1, type: 'text', contentHash } }
  if (pasted !== undefined) addFile(story, `paste-cache/${contentHash}.txt`, pasted)
  const row = {
    display,
    pastedContents,
    timestamp: story.timeMs,
    project: story.cwd,
    sessionId: story.options.session,
  }
  addFile(story, 'history.jsonl', `${JSON.stringify(row)}\n`, true)
}

/** The client's note of a request to the model; returns its id. */
export function addRequest(story: Story): string {
  const id = story.random.uuid()
  const shapeHash = sha256Hex(`${story.options.seed}/shape`)
  addRow(story, {
    type: 'api-request',
    sessionId: story.options.session,
    id,
    timestamp: tick(story, 300),
    version: story.client,
    querySource: 'repl_main_thread',
    shapeHash,
    params: {
      model,
      betas: ['invented-beta-2026-01-01', 'imagined-thinking-2026-02-02', 'made-up-caching-2026-03-03'],
      max_tokens: 64_000,
      thinking: { type: 'adaptive', display: 'updates' },
      output_config: { effort: 'medium' },
    },
    ...(story.lastRequest === null ? {} : { base: story.lastRequest }),
    keep: story.rounds,
    tail: [story.random.hex(64), story.random.hex(64)],
    cacheControl: [{ path: ['system', 0], value: { type: 'ephemeral' } }],
    requestDigest: story.random.hex(64),
  })
  story.lastRequest = id
  return id
}

export const model = 'claude-opus-5-5'

/** What the model says: one row for each block of one message. Returns the uuid of the last. */
export function addAnswer(
  story: Story,
  blocks: readonly Fields[],
  requestRef: string,
  last: boolean,
): string {
  const id = `msg_${story.random.hex(24)}`
  const usage = {
    input_tokens: story.random.between(1, 40),
    cache_creation_input_tokens: story.random.between(100, 9000),
    cache_read_input_tokens: Math.floor(story.bytes / 4),
    output_tokens: story.random.between(20, 2000),
    service_tier: 'standard',
  }
  const message = { id, type: 'message', role: 'assistant', model }
  const ending = { stop_reason: last ? 'end_turn' : 'tool_use', stop_sequence: null, usage }
  let uuid = ''
  blocks.forEach((block, apiBlockIndex) => {
    const row = {
      message: { ...message, content: [block], ...ending },
      apiBlockIndex,
      requestRef,
      requestedModel: model,
    }
    uuid = addChained(story, { ...row, type: 'assistant' }, { effort: 'medium', madeBy: 'model' })
  })
  return uuid
}

/** What a tool gave back. */
export function addResult(
  story: Story,
  call: { readonly id: string; readonly row: string; readonly promptId: string },
  content: unknown,
  toolUseResult: unknown,
): void {
  const block = { tool_use_id: call.id, type: 'tool_result', content }
  addChained(
    story,
    { promptId: call.promptId, type: 'user', message: { role: 'user', content: [block] } },
    { toolUseResult, sourceToolAssistantUUID: call.row },
  )
}

/** A note that the client attaches for the model. */
export function addAttachment(story: Story, attachment: Fields, rendered: string | null): void {
  const shown =
    rendered === null
      ? {}
      : {
          rendered: [{ content: `<system-reminder>\n${rendered}\n</system-reminder>` }],
          renderedRole: 'system',
        }
  addChained(story, { attachment, type: 'attachment' }, shown)
}

/** The rows without conversation that the client writes between turns. */
export function addClientState(story: Story): void {
  const sessionId = story.options.session
  if (story.parent !== null) {
    addRow(story, {
      type: 'last-prompt',
      lastPrompt: story.lastPrompt.slice(0, 200),
      leafUuid: story.parent,
      sessionId,
    })
  }
  if (story.title !== null) addRow(story, { type: 'custom-title', customTitle: story.title, sessionId })
  addRow(story, { type: 'mode', mode: 'normal', sessionId })
  addRow(story, { type: 'permission-mode', permissionMode: 'acceptEdits', sessionId })
}

/** What the client writes when it is closed. */
export function addCostState(story: Story): void {
  addRow(story, {
    type: 'cost-state',
    sessionId: story.options.session,
    totalCostUSD: story.rounds * 0.0125,
    totalAPIDuration: story.rounds * 2100,
    totalDuration: story.timeMs - story.options.startTime,
    startTime: story.options.startTime,
    modelUsage: { [model]: { inputTokens: story.bytes >> 2, outputTokens: story.rounds * 300 } },
    hasUnknownModelCost: false,
  })
}
