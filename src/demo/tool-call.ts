/** The model's part of a round: some thinking, some words, one tool call. Pure. */

import { sentences } from './prose.ts'
import { addAnswer, addRequest } from './rows.ts'
import type { Story } from './story.ts'

/** What a round needs to know of its turn. */
export interface Turn {
  readonly promptId: string
  /** uuid of the prompt's row. */
  readonly prompt: string
}

/** A call that waits for its result. */
export interface ToolCall {
  /** The call's id, which the result names. */
  readonly id: string
  /** uuid of the row that holds the call. */
  readonly row: string
  readonly promptId: string
}

/** Adds the request and the answer that calls the tool `name`. */
export function callTool(
  story: Story,
  turn: Turn,
  name: string,
  input: Readonly<Record<string, unknown>>,
): ToolCall {
  const random = story.random
  const requestRef = addRequest(story)
  const id = `toolu_${random.hex(24)}`
  const thinking = sentences(random, random.between(60, 900) * story.scale)
  const blocks = [
    ...(random.chance(0.5) ? [{ type: 'thinking', thinking, signature: `Eu${random.base64(190)}==` }] : []),
    ...(random.chance(0.4) ? [{ type: 'text', text: sentences(random, 60 + 300 * story.scale) }] : []),
    { type: 'tool_use', id, name, input },
  ]
  return { id, row: addAnswer(story, blocks, requestRef, false), promptId: turn.promptId }
}
