/** One round of a turn: the model thinks, calls a tool, and gets its result. Pure. */

import { addSubagent } from './agents.ts'
import { editFile, findTracked, trackFile } from './checkpoints.ts'
import { programOutput, request, sentences, sourceLines, title } from './prose.ts'
import { addAnswer, addRequest, addResult } from './rows.ts'
import { addFile, fileText, type Story, trackedPath } from './story.ts'

/** What a round needs to know of its turn. */
export interface Turn {
  readonly promptId: string
  /** uuid of the prompt's row. */
  readonly prompt: string
}

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

export const trackedFiles = 12
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

function addRead(story: Story, turn: Turn): void {
  // A third of what is read is never changed, so it is new text each time.
  if (story.random.chance(0.33)) {
    const lines = sourceLines(story.random, Math.ceil(story.random.between(40, 160) * story.scale))
    addShown(story, turn, `src/vendor/${story.random.hex(6)}.ts`, `${lines.join('\n')}\n`)
    return
  }
  const [path, file] = anyTracked(story)
  if (file === undefined) addWrite(story, turn)
  else addShown(story, turn, path, fileText(story, file.index, file.edits))
}

function addShown(story: Story, turn: Turn, path: string, content: string): void {
  const filePath = `${story.options.root}/${path}`
  const lines = content.split('\n')
  const numbered = lines.map((line, at) => `${at + 1}\t${line}`).join('\n')
  const file = { filePath, content, numLines: lines.length, startLine: 1, totalLines: lines.length }
  addResult(story, call(story, turn, 'Read', { file_path: filePath }), numbered, { type: 'text', file })
}

function addWrite(story: Story, turn: Turn): void {
  if (story.files.size >= trackedFiles) {
    addEdit(story, turn)
    return
  }
  const index = story.files.size
  const path = trackedPath(index)
  const filePath = `${story.options.root}/${path}`
  const content = fileText(story, index, 0)
  const made = call(story, turn, 'Write', { file_path: filePath, content })
  trackFile(story, path, index, made.row, turn.prompt)
  const result = { type: 'create', filePath, content, structuredPatch: [], originalFile: null }
  addResult(story, made, `File created successfully at: ${filePath}`, result)
}

function addEdit(story: Story, turn: Turn): void {
  const [path, file] = anyTracked(story)
  if (file === undefined) {
    addWrite(story, turn)
    return
  }
  const filePath = `${story.options.root}/${path}`
  const { before, line, oldLine, newLine } = editFile(story, path, file)
  const input = { replace_all: false, file_path: filePath, old_string: oldLine, new_string: newLine }
  const made = call(story, turn, 'Edit', input)
  const patch = {
    oldStart: line + 1,
    oldLines: 1,
    newStart: line + 1,
    newLines: 1,
    lines: [`-${oldLine}`, `+${newLine}`],
  }
  const result = {
    filePath,
    oldString: oldLine,
    newString: newLine,
    originalFile: before,
    structuredPatch: [patch],
  }
  addResult(story, made, `The file ${filePath} has been updated successfully.`, result)
}

function addBash(story: Story, turn: Turn, length: number): void {
  const made = call(story, turn, 'Bash', {
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
  const made = call(story, turn, 'Grep', { pattern: story.random.hex(5), path: story.options.root })
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
  const made = call(story, turn, 'Bash', {
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
    const made = call(story, turn, 'TaskCreate', { subject, description: subject, activeForm: subject })
    story.tasks.push('pending')
    const id = String(story.tasks.length)
    addResult(story, made, `Task #${id} created successfully: ${subject}`, { task: { id, subject } })
    return
  }
  const status = story.tasks[open] === 'pending' ? 'in_progress' : 'completed'
  story.tasks[open] = status
  const taskId = String(open + 1)
  const made = call(story, turn, 'TaskUpdate', { taskId, status })
  addResult(story, made, `Updated task #${taskId} status`, {
    success: true,
    taskId,
    updatedFields: ['status'],
  })
}

function addAgent(story: Story, turn: Turn): void {
  const description = title(story.random)
  const prompt = request(story.random)
  const made = call(story, turn, 'Agent', { description, prompt, subagent_type: 'general-purpose' })
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

/** The model's part of a round: some thinking, some words, one tool call. */
function call(story: Story, turn: Turn, name: string, input: Readonly<Record<string, unknown>>) {
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

function anyTracked(story: Story) {
  return findTracked(story, story.files.size === 0 ? 0 : story.random.between(0, story.files.size - 1))
}
