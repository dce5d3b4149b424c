/** Rounds that read, write or edit the project's files. Pure. */

import { editFile, findTracked, trackFile } from './checkpoints.ts'
import { sourceLines } from './prose.ts'
import { addResult } from './rows.ts'
import { fileText, type Story, trackedPath } from './story.ts'
import { callTool, type Turn } from './tool-call.ts'

const maxTrackedFiles = 12

export function addRead(story: Story, turn: Turn): void {
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
  addResult(story, callTool(story, turn, 'Read', { file_path: filePath }), numbered, { type: 'text', file })
}

export function addWrite(story: Story, turn: Turn): void {
  if (story.files.size >= maxTrackedFiles) {
    addEdit(story, turn)
    return
  }
  const index = story.files.size
  const path = trackedPath(index)
  const filePath = `${story.options.root}/${path}`
  const content = fileText(story, index, 0)
  const made = callTool(story, turn, 'Write', { file_path: filePath, content })
  trackFile(story, path, index, made.row, turn.prompt)
  const result = { type: 'create', filePath, content, structuredPatch: [], originalFile: null }
  addResult(story, made, `File created successfully at: ${filePath}`, result)
}

export function addEdit(story: Story, turn: Turn): void {
  const [path, file] = anyTracked(story)
  if (file === undefined) {
    addWrite(story, turn)
    return
  }
  const filePath = `${story.options.root}/${path}`
  const { before, line, oldLine, newLine } = editFile(story, path, file)
  const input = { replace_all: false, file_path: filePath, old_string: oldLine, new_string: newLine }
  const made = callTool(story, turn, 'Edit', input)
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

function anyTracked(story: Story) {
  return findTracked(story, story.files.size === 0 ? 0 : story.random.between(0, story.files.size - 1))
}
