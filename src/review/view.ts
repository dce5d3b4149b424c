/**
 * A conversation as the pages in a browser take it: JSON whose texts are harmless letters and whose sizes are bounded.
 * Every text of it is data, never markup. Pure.
 */

import type { Conversed } from './conversation.ts'
import type { Block, Row } from './row.ts'
import { safeLine, safeText } from './safe-text.ts'
import { pathOf, shortened } from './stats.ts'
import { describeCall, isDeep, textOf } from './tool-call.ts'
import { commandOf, outputOf } from './user-command.ts'
import { type MediaSource, mediaSources, rasterImage, type ViewImage } from './view-media.ts'
import { readHunks, type ViewHunk } from './view-patch.ts'
import { isAsked } from './words.ts'

/** A text, cut to a bound. */
export interface ViewText {
  readonly text: string
  /** How many characters more it had. */
  readonly cut: number
}

export interface ViewMedia {
  readonly kind: 'media'
  readonly name: string
  /** Null for what is not shown. */
  readonly image: ViewImage | null
}

export interface ViewDiff {
  /** Relative to the project where it lies in it; empty where not known. */
  readonly path: string
  readonly hunks: readonly ViewHunk[]
}

export interface ViewResult {
  /** Of the message that brought it. */
  readonly number: number | null
  readonly failed: boolean
  readonly body: ViewText
  readonly media: readonly ViewMedia[]
  /** What it changed in a file. */
  readonly diff: ViewDiff | null
}

export interface ViewCall {
  readonly kind: 'call'
  readonly id: string
  readonly tool: string
  /** One line. */
  readonly summary: string
  /** Of the file that it is about, as the diff's; empty for other calls. */
  readonly path: string
  readonly inputs: readonly (ViewText & { readonly name: string })[]
  /** Null until `joinResults` of view-join.ts finds it. */
  readonly result: ViewResult | null
}

export type ViewBlock =
  | (ViewText & { readonly kind: 'text' | 'thinking' | 'command' | 'printed' })
  | ViewCall
  /** `call` describes what it answers, in a line; empty where that is not known. */
  | (ViewResult & { readonly kind: 'result'; readonly id: string; readonly call: string })
  | ViewMedia

export interface ViewMessage {
  /** Of the messages of the session, from 1; null for what is no message. */
  readonly number: number | null
  /** 0: the conversation itself; else how many subagents deep. */
  readonly depth: number
  /** `results`: nothing but what calls came to. `unreadable`: a row that is broken or too large. */
  readonly kind: 'prompt' | 'answer' | 'results' | 'notice' | 'unreadable'
  /** Somebody typed it. */
  readonly asked: boolean
  /** Said by the client in the user's name. */
  readonly hidden: boolean
  readonly uuid: string
  readonly time: string
  readonly model: string
  readonly blocks: readonly ViewBlock[]
}

export interface ViewOptions {
  /** What paths of files are shortened by. */
  readonly roots: readonly string[]
  /** Without them images are only named. */
  readonly images: boolean
  /** False leaves thinking out. */
  readonly thinking: boolean
}

const mostText = 200_000
/** Of one message. */
const mostBlocks = 1000
const mostInput = 100_000
const mostResult = 100_000
const mostInputs = 40
const summaryColumns = 240
/** Calls whose result is still to come; a transcript whose calls never end keeps the newest. */
const maxOpenCalls = 500

/**
 * Takes the rows in their order, since a result is described by the call before it. Undefined for rows that show nothing.
 */
export function createViewer(options: ViewOptions): (conversed: Conversed) => ViewMessage | undefined {
  const open = new Map<string, string>()
  return (conversed) => {
    const { row } = conversed
    if (typeof row === 'string') return unreadable(conversed, row)
    const blocks = blocksOf(conversed, row, open, options)
    if (blocks.length === 0) return undefined
    const isResults = row.kind === 'prompt' && blocks.every(({ kind }) => kind === 'result')
    return {
      number: conversed.number,
      depth: conversed.depth,
      kind: isResults ? 'results' : row.kind,
      asked: conversed.depth === 0 && isAsked(row),
      hidden: row.hidden,
      uuid: safeLine(row.uuid, 64),
      time: safeLine(row.time, 40),
      model: safeLine(row.model, 80),
      blocks,
    }
  }
}

function unreadable({ number, depth }: Conversed, why: 'too-large' | 'broken'): ViewMessage {
  const what = why === 'broken' ? 'a row that cannot be read' : 'a row that is too large to show'
  const blocks = [{ kind: 'text', text: `${what} is left out`, cut: 0 }] as const
  const nothing = { asked: false, hidden: false, uuid: '', time: '', model: '' }
  return { number, depth, kind: 'unreadable', ...nothing, blocks }
}

/** What the blocks of one row share. */
interface Place {
  readonly number: number | null
  readonly row: Row
  readonly record: Conversed['record']
  readonly open: Map<string, string>
  readonly options: ViewOptions
  /** Of the media that are still to come, in their order. */
  readonly sources: MediaSource[]
}

function blocksOf(
  { number, row, record }: Conversed,
  own: Row,
  open: Map<string, string>,
  options: ViewOptions,
): readonly ViewBlock[] {
  const sources = typeof row === 'string' || !options.images ? [] : mediaSources(record)
  const place = { number, row: own, record, open, options, sources }
  const blocks = own.blocks.slice(0, mostBlocks).flatMap((block) => viewBlock(block, place) ?? [])
  const left = own.blocks.length - mostBlocks
  return left > 0 ? [...blocks, { kind: 'text', text: `(${left} more parts are left out)`, cut: 0 }] : blocks
}

function viewBlock(block: Block, place: Place): ViewBlock | undefined {
  switch (block.kind) {
    case 'text':
      return wordsBlock(block.text, place.row)
    case 'thinking':
      return place.options.thinking ? words('thinking', block.text, mostText) : undefined
    case 'media':
      return viewMedia(block, place)
    case 'call':
      return viewCall(block, place)
    case 'result':
      return viewResult(block, place)
  }
}

function wordsBlock(text: string, { kind }: Row): ViewBlock | undefined {
  const printed = kind === 'prompt' ? outputOf(text) : undefined
  if (printed !== undefined) return words('printed', printed, mostResult)
  const command = kind === 'prompt' ? commandOf(text) : undefined
  return command === undefined ? words('text', text, mostText) : words('command', command, mostInput)
}

function words(
  kind: 'text' | 'thinking' | 'command' | 'printed',
  text: string,
  most: number,
): ViewBlock | undefined {
  const cut = cutText(text, most)
  return cut.text === '' ? undefined : { kind, ...cut }
}

function viewMedia(block: Block & { kind: 'media' }, { sources }: Place): ViewMedia {
  const source = sources.shift()
  return { kind: 'media', name: safeLine(textOf(block), 200), image: source ? rasterImage(source) : null }
}

function viewCall({ id, tool, input }: Block & { kind: 'call' }, { open, options }: Place): ViewCall {
  const description = withoutRoots(describeCall(tool, input), options.roots)
  open.delete(id)
  open.set(id, safeLine(description, summaryColumns))
  for (const oldest of open.keys()) {
    if (open.size <= maxOpenCalls) break
    open.delete(oldest)
  }
  return {
    kind: 'call',
    id: safeLine(id, 200),
    tool: safeLine(tool, 80),
    summary: safeLine(description.slice(`[${tool || 'tool'}]`.length), summaryColumns),
    path: shortPath(pathOf(input) ?? '', options.roots),
    inputs: inputsOf(input),
    result: null,
  }
}

function viewResult(block: Block & { kind: 'result' }, place: Place): ViewBlock {
  const { row, open, record, options } = place
  const call = open.get(block.id) ?? ''
  open.delete(block.id)
  // What a row's result changed stands once in it, whatever the number of its blocks.
  const isFirst = row.blocks.find(({ kind }) => kind === 'result') === block
  const { path, hunks } = isFirst ? readHunks(record?.['toolUseResult']) : { path: '', hunks: [] }
  const texts = block.blocks.flatMap((inner) => (inner.kind === 'media' ? [] : [textOf(inner)]))
  return {
    kind: 'result',
    id: safeLine(block.id, 200),
    call,
    number: place.number,
    failed: block.failed,
    body: cutText(texts.join('\n'), mostResult),
    media: block.blocks.flatMap((inner) => (inner.kind === 'media' ? [viewMedia(inner, place)] : [])),
    diff: hunks.length === 0 ? null : { path: shortPath(path, options.roots), hunks },
  }
}

/** Cut first, so that a huge text costs nothing; never within a letter. */
function cutText(text: string, most: number): ViewText {
  const kept = text.length <= most ? text : text.slice(0, most).replace(/[\ud800-\udbff]$/, '')
  return { text: safeText(kept).replace(/^\n+/, '').trimEnd(), cut: text.length - kept.length }
}

function inputsOf(input: unknown): ViewCall['inputs'] {
  if (typeof input !== 'object' || input === null) return []
  return Object.entries(input)
    .slice(0, mostInputs)
    .map(([name, value]) => ({
      name: safeLine(name, 80),
      ...cutText(typeof value === 'string' ? value : written(value), mostInput),
    }))
}

function written(value: unknown): string {
  return isDeep(value) ? '(nested too deeply to show)' : (JSON.stringify(value, null, 2) ?? '')
}

function shortPath(path: string, roots: readonly string[]): string {
  return safeLine(shortened(path, roots), 400)
}

/** Where a machine keeps the project is nobody's business. What a tool printed stays as it was. */
function withoutRoots(text: string, roots: readonly string[]): string {
  return roots.reduce((left, root) => (root === '' ? left : left.replaceAll(`${root}/`, '')), text)
}
