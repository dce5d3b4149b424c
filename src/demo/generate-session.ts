/** An invented session of any size, in bounded memory: true to Claude Code's files, with nobody's words in it. Pure. */

import { addOpening, addShellFiles } from './preamble.ts'
import { addCostState } from './rows.ts'
import {
  addFile,
  closeStory,
  openStory,
  type Part,
  type SessionCursor,
  type SessionOptions,
  type Story,
} from './story.ts'
import { addTurn } from './turns.ts'

export type { Part, SessionCursor, SessionOptions } from './story.ts'

/**
 * Tells a new session as parts of files. Pieces of the main transcript end at the end of a row; its size is `bytes` give or
 * take one round of tool calls. Everything of DESIGN section 3 is there from about 60 kB on. Returns where it stands.
 */
export function* generateSession(options: SessionOptions): Generator<Part, SessionCursor, undefined> {
  const story = openStory(options, null, options.bytes)
  addOpening(story)
  addShellFiles(story)
  addUpload(story)
  return yield* tell(story)
}

/** Goes on with a session: the options may name another machine's folders, but the same seed, session and `bytes` as before. */
export function* appendTurns(
  options: SessionOptions,
  cursor: SessionCursor,
  more: { readonly bytes: number },
): Generator<Part, SessionCursor, undefined> {
  return yield* tell(openStory(options, cursor, cursor.bytes + more.bytes))
}

/** Path of the main transcript, relative to the configuration folder. */
export function transcriptPath(options: SessionOptions): string {
  return `projects/${openStory(options, null, 0).projectDir}/${options.session}.jsonl`
}

function* tell(story: Story): Generator<Part, SessionCursor, undefined> {
  do {
    addTurn(story)
    yield* drain(story)
  } while (story.bytes < story.goal)
  addCostState(story)
  addTaskFiles(story)
  yield* drain(story)
  return closeStory(story)
}

function* drain(story: Story): Generator<Part, void, undefined> {
  const path = `projects/${story.projectDir}/${story.options.session}.jsonl`
  yield { path, append: true, bytes: new TextEncoder().encode(`${story.lines.join('\n')}\n`) }
  yield* story.parts
  story.lines.length = 0
  story.parts.length = 0
}

function addTaskFiles(story: Story): void {
  const session = story.options.session
  if (story.tasks.length === 0) return
  story.tasks.forEach((status, at) => {
    const id = String(at + 1)
    const task = { id, subject: `Task ${id}`, description: 'invented', status, blocks: [], blockedBy: [] }
    addFile(story, `tasks/${session}/${id}.json`, JSON.stringify(task, null, 2))
  })
  addFile(story, `tasks/${session}/.highwatermark`, String(story.tasks.length))
  addFile(story, `tasks/${session}/.lock`, '')
  const todos = story.tasks.map((status, at) => ({
    content: `Task ${at + 1}`,
    status,
    activeForm: 'working',
  }))
  addFile(story, `todos/${session}-agent-${session}.json`, JSON.stringify(todos))
}

function addUpload(story: Story): void {
  addFile(story, `uploads/${story.options.session}/notes.txt`, 'An attached file.\n')
}
