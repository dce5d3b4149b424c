/** The steps of a journey with the real client: make a session, go on with it, rewind it. */

import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { SessionId } from '../../src/model.ts'
import type { ToolCall } from '../support/api-script.ts'
import type { ApiRequest } from '../support/api-stand-in.ts'
import { dig, recordsIn, stringAt } from '../support/json.ts'
import type { Machine } from '../support/sandbox.ts'
import { type ClientWorld, type Conversation, converse, type Teardown, transcriptOf } from './client-world.ts'

export interface RealSession {
  readonly session: SessionId
  readonly transcript: string
  /** What was said, oldest first: each of it must reach the model again after a move. */
  readonly said: readonly string[]
}

/** The file that the session makes, below the checkout, and what it holds before each prompt that changes it. */
export const madeFile = 'app.js'
export const versions = { made: "console.log('one')\n", changed: "console.log('two')\n" } as const

/**
 * Makes a session in the checkout `top`: writes a file, reads and edits it, runs a command whose output is so large that it is
 * kept in a file of its own, sends a subagent, notes a task. The client has ended when it resolves.
 */
export async function makeRealSession(
  t: Teardown,
  world: ClientWorld,
  machine: Machine,
  top: string,
): Promise<RealSession> {
  const file = path.join(top, madeFile)
  const conversation = await converse(t, world, machine, top)
  const script: readonly (readonly [string, readonly (readonly ToolCall[])[]])[] = [
    ['write the app', [[{ name: 'Write', input: { file_path: file, content: versions.made } }]]],
    ['change the app', changes(file, versions.made, versions.changed)],
    ['count far', [[{ name: 'Bash', input: { command: 'seq 1 20000', description: 'count' } }]]],
    ['ask a helper', [[{ name: 'Agent', input: errand }]]],
    ['note the work', [[{ name: 'TaskCreate', input: { subject: 'Ship it', description: 'ship' } }]]],
    ['say goodbye', []],
  ]
  for (const [words, rounds] of script) await conversation.say(words, rounds)
  await conversation.exit()
  const { session } = conversation
  return { session, transcript: await transcriptOf(machine, session), said: script.map(([words]) => words) }
}

const errand = {
  description: 'small errand',
  subagent_type: 'general-purpose',
  run_in_background: false,
  prompt:
    'an errand TOOLS:[[{"name":"Bash","input":{"command":"echo from the helper","description":"greet"}}]]',
}

/** The rounds that read a file and replace `before` in it by `after`. */
export function changes(file: string, before: string, after: string): readonly (readonly ToolCall[])[] {
  const [oldText, newText] = [before.trimEnd(), after.trimEnd()]
  return [
    [{ name: 'Read', input: { file_path: file } }],
    [{ name: 'Edit', input: { file_path: file, old_string: oldText, new_string: newText } }],
  ]
}

/** Resumes a session, says one thing and leaves; returns the requests that it caused. */
export async function resumeAndSay(
  t: Teardown,
  world: ClientWorld,
  machine: Machine,
  top: string,
  session: SessionId,
  words: string,
  rounds: readonly (readonly ToolCall[])[] = [],
): Promise<readonly ApiRequest[]> {
  const conversation = await converse(t, world, machine, top, session)
  const requests = await conversation.say(words, rounds)
  await conversation.exit()
  return requests
}

/** What a request hands to the model: the texts of all its messages, tool calls and results as JSON. */
export function textsOf(request: ApiRequest | undefined): readonly string[] {
  return recordsIn(dig(request?.body, 'messages')).flatMap((message) => {
    const content = message['content']
    if (typeof content === 'string') return [content]
    return recordsIn(content).map((block) => stringAt(block, 'text') ?? JSON.stringify(block))
  })
}

/** Which of `said` the request does not hold. */
export function missingFrom(request: ApiRequest | undefined, said: readonly string[]): readonly string[] {
  const texts = textsOf(request)
  return said.filter((words) => !texts.some((text) => text.includes(words)))
}

/**
 * Opens /rewind, chooses the checkpoint before the prompt that begins with `words`, and restores the code only.
 * Returns the list as the screen showed it, with the changed files below each prompt.
 */
export async function rewindTo(conversation: Conversation, words: string): Promise<string> {
  const { screen } = conversation
  await conversation.command('/rewind')
  const listed = await screen.waitFor(/Restore the code and\/or conversation[\s\S]*Enter to continue/)
  let shown = listed
  for (let step = 0; !chosen(shown).startsWith(words); step++) {
    if (step > 30) throw new Error(`/rewind does not list "${words}":\n${listed}`)
    const before = chosen(shown)
    await screen.press('Up')
    shown = await screen.waitFor((now) => (chosen(now) !== '' && chosen(now) !== before) || step > 25)
  }
  await screen.press('Enter')
  const menu = await screen.waitFor(/\d\. Never mind/)
  const digit = /(\d)\. Restore code$/m.exec(menu)?.[1]
  if (digit === undefined) throw new Error(`/rewind offers no code to restore:\n${menu}`)
  await screen.press(digit)
  await screen.waitFor((now) => !/Never mind/.test(now) && /⏵⏵/.test(now))
  return listed
}

/** The text of a file as soon as it is `expected`, or what it is after 20 seconds: /rewind tells nobody when it is done. */
export async function textOnce(file: string, expected: string): Promise<string> {
  const deadline = performance.now() + 20_000
  for (;;) {
    const text = await readFile(file, 'utf8').catch(() => '')
    if (text === expected || performance.now() > deadline) return text
    await delay(100)
  }
}

/** The line that the cursor of a list is on. */
function chosen(screen: string): string {
  const lines = screen.split('\n').filter((line) => /^\s+❯ /.test(line))
  return lines.at(-1)?.replace(/^\s+❯ /, '') ?? ''
}
