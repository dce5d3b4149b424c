/** What is known while a session is being told: where it runs, what it touched, the last row. Pure. */

import { createHash } from 'node:crypto'
import type { SessionId } from '../model.ts'
import { sourceLines, sourcePath } from './prose.ts'
import { type Random, seededRandom } from './random.ts'

export interface SessionOptions {
  /** The same seed and options tell the same session, byte for byte. */
  readonly seed: string
  readonly session: SessionId
  /** Absolute POSIX folders of the machine: home, Claude Code's configuration, top of the work tree, launch folder (`root` unless told). */
  readonly home: string
  readonly config: string
  readonly root: string
  readonly cwd?: string
  /** Name of the session's folder below `<config>/projects`; made from `cwd` unless told, which fits names up to 200 characters. */
  readonly projectDir?: string
  /** About how many bytes the main transcript gets. */
  readonly bytes: number
  /** Version of the client that seems to write it; `2.1.329` unless told. */
  readonly client?: string
  /** When the session begins: milliseconds since 1970. */
  readonly startTime: number
}

/** A piece of a file below the configuration folder. Appended pieces arrive in order; a whole one replaces what was there. */
export interface Part {
  /** Relative to `config`, with `/`. */
  readonly path: string
  readonly append: boolean
  readonly bytes: Uint8Array
}

/** Where a told session stands, so that it can go on, here or on another machine. Plain data. */
export interface SessionCursor {
  /** Prompts so far. */
  readonly turns: number
  /** Rounds of tool calls so far. */
  readonly rounds: number
  /** uuid of the last row of the chain. */
  readonly parent: string | null
  readonly lastPrompt: string
  readonly timeMs: number
  /** Bytes of the main transcript. */
  readonly bytes: number
  readonly slug: string | null
  readonly title: string | null
  readonly lastRequest: string | null
  /** By path below the work tree. */
  readonly files: Readonly<Record<string, TrackedFile>>
  /** State of each task, the first first. */
  readonly tasks: readonly TaskState[]
  readonly counts: Readonly<SideCounts>
}

export interface TrackedFile {
  readonly index: number
  /** Edits so far. */
  readonly edits: number
  /** Newest backup; 0: none yet. */
  readonly version: number
  /** Edits that the newest backup holds. */
  readonly savedEdits: number
  readonly backupName: string | null
  readonly backupTime: string
}

export type TaskState = 'pending' | 'in_progress' | 'completed'

export interface SideCounts {
  agents: number
  spills: number
  backups: number
}

/** The mutable side of telling. */
export interface Story {
  readonly options: SessionOptions
  readonly cwd: string
  readonly projectDir: string
  readonly client: string
  /** 0 to 1: how much smaller than life things are, for a short session. */
  readonly scale: number
  /** New for each turn, so that a turn does not depend on how the telling got there. */
  random: Random
  /** The telling stops when the transcript has this many bytes. */
  goal: number
  turns: number
  rounds: number
  parent: string | null
  lastPrompt: string
  timeMs: number
  bytes: number
  slug: string | null
  title: string | null
  lastRequest: string | null
  readonly files: Map<string, TrackedFile>
  readonly tasks: TaskState[]
  readonly counts: SideCounts
  /** Rows that wait to be handed out. */
  readonly lines: string[]
  /** Side files that wait to be handed out. */
  readonly parts: Part[]
}

const untold: SessionCursor = {
  turns: 0,
  rounds: 0,
  parent: null,
  lastPrompt: '',
  timeMs: 0,
  bytes: 0,
  slug: null,
  title: null,
  lastRequest: null,
  files: {},
  tasks: [],
  counts: { agents: 0, spills: 0, backups: 0 },
}

/** Opens a session that goes on at `cursor`, or a new one, to be told until it has `goal` bytes. */
export function openStory(options: SessionOptions, cursor: SessionCursor | null, goal: number): Story {
  const from = cursor ?? { ...untold, timeMs: options.startTime }
  const cwd = options.cwd ?? options.root
  return {
    options,
    cwd,
    projectDir: options.projectDir ?? cwd.replace(/[^A-Za-z0-9]/g, '-'),
    client: options.client ?? '2.1.329',
    scale: Math.min(1, Math.max(0.06, options.bytes / 400_000)),
    random: seededRandom(options.seed),
    goal,
    ...from,
    files: new Map(Object.entries(from.files)),
    tasks: [...from.tasks],
    counts: { ...from.counts },
    lines: [],
    parts: [],
  }
}

export function closeStory(story: Story): SessionCursor {
  const { turns, rounds, parent, lastPrompt, timeMs, bytes, slug, title, lastRequest } = story
  const files = Object.fromEntries(story.files)
  const kept = { files, tasks: [...story.tasks], counts: { ...story.counts } }
  return { turns, rounds, parent, lastPrompt, timeMs, bytes, slug, title, lastRequest, ...kept }
}

export function addFile(story: Story, path: string, text: string, append = false): void {
  story.parts.push({ path, append, bytes: new TextEncoder().encode(text) })
}

/** Lets some time pass and returns the new time as a row's timestamp. */
export function tick(story: Story, maxMs = 4000): string {
  story.timeMs += story.random.between(5, maxMs)
  return new Date(story.timeMs).toISOString()
}

/** What a tracked file holds after `edits` edits: the same on every machine. */
export function fileText(story: Story, index: number, edits: number): string {
  const random = seededRandom(`${story.options.seed}/file/${index}`)
  const lines = sourceLines(random, Math.ceil(random.between(50, 130) * story.scale))
  for (let edit = 1; edit <= edits; edit++) {
    const { line, after } = editOf(story, index, edit, lines.length)
    lines[line] = after
  }
  return `${lines.join('\n')}\n`
}

/** The `edit`-th edit of a tracked file: which line of `lineCount` becomes what. */
export function editOf(
  story: Story,
  index: number,
  edit: number,
  lineCount: number,
): { line: number; after: string } {
  const random = seededRandom(`${story.options.seed}/file/${index}/${edit}`)
  return {
    line: random.between(0, lineCount - 1),
    after: `  const ${random.pick(editNames)}${edit} = ${random.between(1, 99_999)}`,
  }
}

const editNames = ['limit', 'count', 'depth', 'width'] as const

/** The tracked file number `index`, as a path below the work tree. */
export function trackedPath(index: number): string {
  return sourcePath(index)
}

export function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
