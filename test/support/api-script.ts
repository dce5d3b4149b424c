/** What the stand-in for the API answers: the prompt itself carries the script. Pure. */

import { dig, isRecord, type JsonRecord, parseJson, recordsIn, stringAt } from './json.ts'

/** One block of an answer. */
export type ReplyBlock =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'tool_use'; readonly name: string; readonly input: JsonRecord }

export interface ToolCall {
  readonly name: string
  readonly input: JsonRecord
}

/** A one-line prompt that makes the stand-in call tools, round after round, and then answer. */
export function scriptedPrompt(words: string, rounds: readonly (readonly ToolCall[])[]): string {
  return `${words} TOOLS:${JSON.stringify(rounds)}`
}

/**
 * The answer to a request. The newest prompt is `words`, or `words TOOLS:[[{"name":"Write","input":{…}}, …], …]` with one
 * inner array a round (a flat array is one round), to the end of its line. After the last round: `Understood: words`.
 */
export function replyTo(body: unknown): readonly ReplyBlock[] {
  const messages = recordsIn(dig(body, 'messages'))
  const at = messages.findLastIndex((message) => promptOf(message) !== undefined)
  const prompt = promptOf(messages[at]) ?? ''
  const played = messages.slice(at + 1).filter((message) => message['role'] === 'assistant').length
  const round = roundsOf(prompt)[played]
  if (round !== undefined) return round
  return [
    {
      type: 'text',
      text: `Understood: ${prompt
        .split(/TOOLS:|\n/)[0]
        ?.trim()
        .slice(0, 200)}`,
    },
  ]
}

/** What a person (or a parent agent) said in this message; undefined for tool results, reminders, interruptions alone. */
function promptOf(message: JsonRecord | undefined): string | undefined {
  if (message?.['role'] !== 'user') return undefined
  const content = message['content']
  const texts =
    typeof content === 'string' ? [content] : recordsIn(content).map((block) => stringAt(block, 'text') ?? '')
  return texts
    .map((text) => text.replace(/<system-reminder>[\s\S]*?<\/system-reminder>/g, '').trim())
    .findLast((text) => text !== '' && !text.startsWith('[Request interrupted'))
}

function roundsOf(prompt: string): readonly (readonly ReplyBlock[])[] {
  const json = /TOOLS:(\[.*\])/.exec(prompt)?.[1]
  if (json === undefined) return []
  const script = parseJson(json)
  const rounds: readonly unknown[] = Array.isArray(script) ? script : []
  return rounds.every(Array.isArray) ? rounds.map(toolUses) : [toolUses(rounds)]
}

function toolUses(calls: unknown): readonly ReplyBlock[] {
  return recordsIn(calls).map((call) => {
    const input = call['input']
    return { type: 'tool_use', name: stringAt(call, 'name') ?? '', input: isRecord(input) ? input : {} }
  })
}
