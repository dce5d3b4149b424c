/** A subagent's own transcript and its description. Pure. */

import { programOutput, sentences } from './prose.ts'
import { envelope, model } from './rows.ts'
import { addFile, type Story } from './story.ts'

export interface Errand {
  readonly prompt: string
  readonly description: string
  readonly promptId: string
  readonly toolUseId: string
}

/** Tells what a subagent did; returns its id and its last words. */
export function addSubagent(story: Story, errand: Errand): { readonly id: string; readonly report: string } {
  const random = story.random
  const id = `a${random.hex(16)}`
  const report = sentences(random, Math.ceil(900 * story.scale))
  const folder = `projects/${story.projectDir}/${story.options.session}/subagents`
  const rows = conversation(story, errand, id, report)
  addFile(story, `${folder}/agent-${id}.jsonl`, rows.map((row) => `${JSON.stringify(row)}\n`).join(''))
  const meta = {
    agentType: 'general-purpose',
    isBuiltIn: true,
    launchedWithDefaults: true,
    description: errand.description,
    toolUseId: errand.toolUseId,
    spawnDepth: 1,
    requestShape: 'foreground',
    requestNonInteractive: false,
    model,
    finished: true,
  }
  addFile(story, `${folder}/agent-${id}.meta.json`, JSON.stringify(meta))
  return { id, report }
}

function conversation(story: Story, errand: Errand, agentId: string, report: string): readonly object[] {
  const random = story.random
  const toolId = `toolu_${random.hex(24)}`
  const stdout = programOutput(random, random.between(500, 12_000) * story.scale)
  let parentUuid: string | null = null
  const row = (before: object, after: object = {}) => {
    const uuid = random.uuid()
    const made = {
      parentUuid,
      isSidechain: true,
      agentId,
      ...before,
      uuid,
      timestamp: new Date(story.timeMs).toISOString(),
    }
    parentUuid = uuid
    return { ...made, ...after, ...envelope(story) }
  }
  const said = (block: object) => {
    const message = {
      id: `msg_${random.hex(24)}`,
      type: 'message',
      role: 'assistant',
      model,
      content: [block],
    }
    return row({ message, type: 'assistant' })
  }
  const result = { tool_use_id: toolId, type: 'tool_result', content: stdout, is_error: false }
  return [
    row({ promptId: errand.promptId, type: 'user', message: { role: 'user', content: errand.prompt } }),
    said({
      type: 'tool_use',
      id: toolId,
      name: 'Bash',
      input: { command: 'npm test', description: 'Run the tests' },
    }),
    row(
      { promptId: errand.promptId, type: 'user', message: { role: 'user', content: [result] } },
      { toolUseResult: { stdout, stderr: '', interrupted: false, isImage: false } },
    ),
    said({ type: 'text', text: report }),
  ]
}
