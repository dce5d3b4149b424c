/** One round of a turn: the model calls a tool and gets its result. Pure. */

import { addSubagent } from './agents.ts'
import { addEdit, addRead, addWrite } from './file-tools.ts'
import { programOutput, request, title } from './prose.ts'
import { addResult } from './rows.ts'
import { addFile, type Story } from './story.ts'
import { callTool, type Turn } from './tool-call.ts'

/** Every tool once at the start, so that even a short session has all kinds of files; then at random. */
const opening = [
  'write',
  'edit',
  'spill',
  'agent',
  'task',
  'read',
  'write',
  'bash',
  'grep',
  'task',
  'edit',
] as const
const later = [
  'read',
  'read',
  'read',
  'edit',
  'edit',
  'edit',
  'bash',
  'bash',
  'grep',
  'write',
  'task',
  'agent',
  'spill',
] as const
type Kind = (typeof later)[number]

const maxAgents = 30
const maxSpills = 60

export function addRound(story: Story, turn: Turn): void {
  const kind = opening[story.rounds] ?? story.random.pick(later)
  story.rounds++
  tellers[kind](story, turn)
}

const tellers: Readonly<Record<Kind, (story: Story, turn: Turn) => void>> = {
  read: addRead,
  write: addWrite,
  edit: addEdit,
  bash: (story, turn) => addBash(story, turn, story.random.between(200, 9000) * story.scale),
  grep: addGrep,
  task: addTask,
  agent: (story, turn) => (story.counts.agents < maxAgents ? addAgent(story, turn) : addRead(story, turn)),
  spill: (story, turn) => (story.counts.spills < maxSpills ? addSpill(story, turn) : addGrep(story, turn)),
}

function addBash(story: Story, turn: Turn, length: number): void {
  const made = callTool(story, turn, 'Bash', {
    command: `npm test -- ${story.random.hex(4)}`,
    description: title(story.random),
  })
  const stdout = programOutput(story.random, length)
  addResult(story, made, stdout, {
    stdout,
    stderr: '',
    interrupted: false,
    isImage: false,
    noOutputExpected: false,
  })
}

function addGrep(story: Story, turn: Turn): void {
  const made = callTool(story, turn, 'Grep', { pattern: story.random.hex(5), path: story.options.root })
  const content = programOutput(story.random, story.random.between(300, 5000) * story.scale)
  addResult(story, made, content, {
    mode: 'content',
    numFiles: 0,
    filenames: [],
    content,
    numLines: content.split('\n').length,
  })
}

/** A result so large that the client keeps it in a file of its own. */
function addSpill(story: Story, turn: Turn): void {
  const { config, session } = story.options
  const name = `projects/${story.projectDir}/${session}/tool-results/${story.random.hex(9)}.txt`
  const made = callTool(story, turn, 'Bash', {
    command: `npm run report ${story.random.hex(4)}`,
    description: title(story.random),
  })
  const output = programOutput(
    story.random,
    Math.max(4000, story.random.between(40_000, 120_000) * story.scale),
  )
  addFile(story, name, output)
  story.counts.spills++
  const path = `${config}/${name}`
  const size = `${(output.length / 1024).toFixed(1)}KB`
  const preview = output.slice(0, Math.ceil(2000 * story.scale))
  addResult(
    story,
    made,
    `<persisted-output>\nOutput too large (${size}). Full output saved to: ${path}\n\nPreview:\n${preview}\n</persisted-output>`,
    {
      stdout: output.slice(0, Math.ceil(30_000 * story.scale)),
      stderr: '',
      interrupted: false,
      isImage: false,
      noOutputExpected: false,
      persistedOutputPath: path,
      persistedOutputSize: Buffer.byteLength(output),
    },
  )
}

function addTask(story: Story, turn: Turn): void {
  const open = story.tasks.findIndex((state) => state !== 'completed')
  if (open < 0 || story.tasks.length < 3) {
    const subject = title(story.random)
    const made = callTool(story, turn, 'TaskCreate', { subject, description: subject, activeForm: subject })
    story.tasks.push('pending')
    const id = String(story.tasks.length)
    addResult(story, made, `Task #${id} created successfully: ${subject}`, { task: { id, subject } })
    return
  }
  const status = story.tasks[open] === 'pending' ? 'in_progress' : 'completed'
  story.tasks[open] = status
  const taskId = String(open + 1)
  const made = callTool(story, turn, 'TaskUpdate', { taskId, status })
  addResult(story, made, `Updated task #${taskId} status`, {
    success: true,
    taskId,
    updatedFields: ['status'],
  })
}

function addAgent(story: Story, turn: Turn): void {
  const description = title(story.random)
  const prompt = request(story.random)
  const made = callTool(story, turn, 'Agent', { description, prompt, subagent_type: 'general-purpose' })
  const agent = addSubagent(story, { prompt, description, promptId: turn.promptId, toolUseId: made.id })
  story.counts.agents++
  const content = [{ type: 'text', text: agent.report }]
  addResult(story, made, content, {
    status: 'completed',
    prompt,
    agentId: agent.id,
    content,
    totalToolUseCount: 1,
  })
}
