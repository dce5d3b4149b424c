/** How a session begins: what the client notes about itself and its surroundings. All texts are invented. Pure. */

import { sentences } from './prose.ts'
import { addAttachment, addRow } from './rows.ts'
import { addFile, type Story, sha256Hex } from './story.ts'

/** The rows that stand before the first prompt. They have neither uuid nor cwd. */
export function addOpening(story: Story): void {
  const sessionId = story.options.session
  addRow(story, { type: 'mode', mode: 'normal', sessionId })
  addRow(story, { type: 'permission-mode', permissionMode: 'acceptEdits', sessionId })
  addRow(story, { type: 'atis-latch', atis: '', sessionId })
}

/** The attachments after the first prompt, and the shape of the requests to come. */
export function addSurroundings(story: Story): void {
  const snapshot = {
    workingDirectory: story.cwd,
    isWorktree: false,
    isGitRepo: true,
    additionalWorkingDirectories: [],
    platform: 'linux',
    shell: 'bash',
    osVersion: 'Linux 6.1.0',
  }
  addAttachment(
    story,
    { type: 'environment', snapshot },
    `# Environment\n - Primary working directory: ${story.cwd}`,
  )
  addAttachment(
    story,
    { type: 'model', identity: { modelId: 'claude-opus-5-5' } },
    'You are an invented model.',
  )
  const skills = sentences(story.random, sized(story, 5000))
  addAttachment(story, { type: 'skill_listing', content: skills, skillCount: 13, isInitial: true }, skills)
  const gitStatus = `Current branch: main\n\nStatus:\n(clean)\n\nRecent commits:\n${story.random.hex(7)} start`
  addAttachment(story, { type: 'session_context', context: { gitStatus } }, `# gitStatus\n${gitStatus}`)
  addAttachment(
    story,
    { type: 'date', date: new Date(story.timeMs).toISOString().slice(0, 10) },
    "Today's date.",
  )
  const systemPrompt = Array.from({ length: 10 }, () => sentences(story.random, sized(story, 1500)))
  // The client notes the same tools twice, here and in the shape of its requests.
  const texts = toolTexts(story)
  const tools = texts.map(([name, description]) => ({
    name,
    description,
    schema: schemaOf(description),
  }))
  addAttachment(story, { type: 'prompt_snapshot', systemPrompt, tools, contextRendering: 'announced' }, null)
  addShape(story, systemPrompt.join('\n'), texts)
}

function addShape(story: Story, system: string, texts: ToolTexts): void {
  addRow(story, {
    type: 'api-request-shape',
    sessionId: story.options.session,
    shapeHash: sha256Hex(`${story.options.seed}/shape`),
    timestamp: new Date(story.timeMs).toISOString(),
    version: story.client,
    shape: {
      system: [{ type: 'text', text: system }],
      tools: texts.map(([name, description]) => ({
        name,
        description,
        input_schema: schemaOf(description),
      })),
    },
  })
}

/** Environment scripts and the shell's snapshot, which travel to own devices only. */
export function addShellFiles(story: Story): void {
  const session = story.options.session
  addFile(story, `session-env/${session}/sessionstart-hook-1.sh`, 'export INVENTED_BY_A_HOOK=1\n')
  const name = `snapshot-bash-${story.options.startTime}-${story.random.hex(6)}.sh`
  addFile(story, `shell-snapshots/${name}`, "# Snapshot file\nalias ll='ls -l'\n")
}

type ToolTexts = readonly (readonly [name: string, description: string])[]

function toolTexts(story: Story): ToolTexts {
  const names = [
    'Agent',
    'Bash',
    'Edit',
    'Glob',
    'Grep',
    'Read',
    'TaskCreate',
    'TaskUpdate',
    'WebFetch',
    'Write',
  ]
  const random = story.random
  return names.map((name) => [name, sentences(random, sized(story, 2400))])
}

function schemaOf(description: string) {
  const properties = { file_path: { type: 'string', description: description.slice(0, 80) } }
  return { type: 'object', properties, required: ['file_path'], additionalProperties: false }
}

function sized(story: Story, full: number): number {
  return Math.max(40, Math.floor(full * story.scale))
}
