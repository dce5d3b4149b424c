/** A tool call and its result in a few words. Pure. */

import type { Block } from './row.ts'

/** The input that says most about a call, best first: what is run, what is touched, what is looked for, what is asked. */
const tellingInputs = [
  'command',
  'file_path',
  'notebook_path',
  'path',
  'pattern',
  'query',
  'url',
  'skill',
  'subject',
  'description',
  'prompt',
]

/** Never empty; not made safe, any length. */
export function describeCall(tool: string, input: unknown): string {
  return `[${tool || 'tool'}] ${describeInput(input)}`.trimEnd()
}

function describeInput(input: unknown): string {
  if (typeof input !== 'object' || input === null) return input === undefined ? '' : wordsOf(input)
  const entries = new Map<string, unknown>(Object.entries(input))
  for (const key of tellingInputs) {
    const value = entries.get(key)
    if (typeof value === 'string' && value.trim() !== '') return value
  }
  return entries.size === 0 ? '' : wordsOf(input)
}

/** Every input of a call as `name: value`, lines of text as lines. Linear in the input, whatever its nesting. */
export function listInputs(input: unknown): string {
  if (typeof input !== 'object' || input === null) return input === undefined ? '' : wordsOf(input)
  return Object.entries(input)
    .map(([name, value]) => {
      const words = wordsOf(value).trimEnd()
      return words.includes('\n') ? `${name}:\n${words.replace(/^/gm, '  ')}` : `${name}: ${words}`
    })
    .join('\n')
}

function wordsOf(value: unknown): string {
  if (typeof value === 'string') return value
  return isDeep(value) ? '(nested too deeply to show)' : JSON.stringify(value)
}

/** What the parser could nest can be deeper than the stack lets anyone write down again. */
const mostLevels = 200

/** Deeper than anything that is shown or written down again. */
export function isDeep(value: unknown): boolean {
  let level: readonly unknown[] = [value]
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > mostLevels) return true
    level = level.flatMap((each) => (typeof each === 'object' && each !== null ? Object.values(each) : []))
  }
  return false
}

export interface ResultDigest {
  readonly firstLine: string
  /** How many lines more there are. */
  readonly more: number
}

/** Lines at the beginning that hold nothing but a tag, as around output that the client keeps in a file. */
const onlyTags = /^(?:<[\w-]{1,40}>\s*\n\s*)+(?=\S)/

/** The first line that says something, and how many others there are. */
export function digestText(whole: string): ResultDigest {
  const text = whole.trim()
  if (text === '') return { firstLine: '(nothing)', more: 0 }
  const [tags = ''] = onlyTags.exec(text.slice(0, 400)) ?? []
  const end = text.indexOf('\n', tags.length)
  const firstLine = text.slice(tags.length, end === -1 ? undefined : end).trimEnd()
  return { firstLine, more: countBreaks(text) }
}

export function digestResult(blocks: readonly Block[]): ResultDigest {
  return digestText(blocks.map(textOf).join('\n'))
}

function countBreaks(text: string): number {
  let count = 0
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count += 1
  return count
}

/** A block as plain text; media by name and size. */
export function textOf(block: Block): string {
  if (block.kind === 'text' || block.kind === 'thinking') return block.text
  if (block.kind === 'media')
    return `[${block.name}${block.bytes === null ? '' : `, ${formatSize(block.bytes)}`}]`
  return ''
}

function formatSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`
  if (bytes < 1_000_000) return `${Math.round(bytes / 1000)} kB`
  return `${(bytes / 1_000_000).toFixed(1)} MB`
}
