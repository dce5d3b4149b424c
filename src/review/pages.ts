/**
 * A conversation in pages, however long it is: one pass notes where each page begins, and then any page is read by
 * itself. What a transcript grows by is noted without reading the rest again. Pure.
 */

import { type Agents, type Conversed, readConversation } from './conversation.ts'
import type { PlacedLine } from './placed-lines.ts'
import { safeLine } from './safe-text.ts'
import { type Stats, takeStats } from './stats.ts'
import { createViewer, type ViewMessage } from './view.ts'
import type { ViewPrompt } from './view-document.ts'
import { joinResults } from './view-join.ts'
import { askedText, isAsked } from './words.ts'

export interface Page {
  /** Of the line that it begins with or within, and how many entries of that line came before. */
  readonly offset: number
  readonly skip: number
  readonly count: number
  /** Numbers of the messages on it; null where it has none. */
  readonly first: number | null
  readonly last: number | null
  /** Subagents and messages that were told before that line. */
  readonly toldBefore: number
  readonly messagesBefore: number
}

export type PagedPrompt = ViewPrompt

export interface Paging {
  readonly pages: readonly Page[]
  /** At most ten thousand. */
  readonly prompts: readonly PagedPrompt[]
  /** Messages of the whole conversation. */
  readonly messages: number
  /** Where the next line begins that was not read yet. */
  readonly end: number
  stats(): Stats
  /** Notes what stands from `end` on. One at a time. */
  extend(lines: AsyncIterable<PlacedLine>, agents: Agents): Promise<void>
  /** Those that come from the beginning of a page on. */
  agentsFrom(page: Page, agents: Agents): Agents
}

export interface PagingOptions {
  /** What paths of files are shortened by. */
  readonly roots: readonly string[]
  /** Only these rows of the transcript, counted from 0, both included. */
  readonly rows: readonly [number, number] | null
}

const mostPrompts = 10_000
/** A page ends before a prompt when it has some entries, else when it has many. */
const someEntries = 40
const manyEntries = 80
const mostEntries = 160
const manyBytes = 512 * 1024

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

export function createPaging({ roots, rows }: PagingOptions): Paging {
  const pages: Mutable<Page>[] = []
  const prompts: PagedPrompt[] = []
  const told: string[] = []
  const seen = new Set<string>()
  const taker = takeStats(roots)
  const [firstRow, lastRow] = rows ?? [0, Number.POSITIVE_INFINITY]
  let [messages, end, row, pageBytes] = [0, 0, -1, 0]

  const note = (entry: Conversed, place: Mutable<Place>) => {
    const last = pages.at(-1)
    if (!last || isFull(last.count, pageBytes, entry)) {
      const { offset, entries, toldBefore, messagesBefore } = place
      const numbers = { first: null, last: null }
      pages.push({ offset, skip: entries, count: 0, ...numbers, toldBefore, messagesBefore })
      pageBytes = 0
    }
    const page = pages.at(-1)
    if (page) {
      page.count += 1
      page.first ??= entry.number
      page.last = entry.number ?? page.last
    }
    if (
      typeof entry.row === 'object' &&
      entry.depth === 0 &&
      isAsked(entry.row) &&
      prompts.length < mostPrompts
    ) {
      const text = safeLine(askedText(entry.row), 160)
      const { uuid, time } = entry.row
      const named = { uuid: safeLine(uuid, 64), time: safeLine(time, 40) }
      prompts.push({ number: entry.number, page: pages.length - 1, ...named, text })
    }
    taker.add(entry)
  }

  return {
    pages,
    prompts,
    get messages() {
      return messages
    },
    get end() {
      return end
    },
    stats: () => taker.result(),
    agentsFrom: (page, agents) => withoutTold(agents, told.slice(0, page.toldBefore)),
    async extend(lines, agents) {
      const before = messages
      const fresh = withoutTold(agents, told)
      const place: Mutable<Place> = {
        offset: end,
        entries: 0,
        toldBefore: told.length,
        messagesBefore: messages,
      }
      const bare = async function* () {
        for await (const { line, start, next } of lines) {
          row += 1
          end = next
          if (row > lastRow) return
          Object.assign(place, {
            offset: start,
            entries: 0,
            toldBefore: told.length,
            messagesBefore: messages,
          })
          pageBytes += line.byteLength
          yield line
        }
      }
      const onRecord = (record: Readonly<Record<string, unknown>>) => {
        if (row >= firstRow) taker.onRecord(record)
      }
      for await (const conversed of readConversation(bare(), { agents: fresh, onRecord })) {
        const entry = renumbered(conversed, before)
        if (entry.number !== null) messages = entry.number
        if (row >= firstRow) note(entry, place)
        place.entries += 1
        for (const call of callsOf(conversed)) {
          if (!fresh.get(call) || seen.has(call)) continue
          seen.add(call)
          told.push(call)
        }
      }
    },
  }
}

interface Place {
  readonly offset: number
  /** Of that line. */
  readonly entries: number
  readonly toldBefore: number
  readonly messagesBefore: number
}

/** Best before a prompt; else not between a call and what it came to. */
function isFull(entries: number, bytes: number, { row, depth }: Conversed): boolean {
  if (entries >= mostEntries) return true
  if (typeof row !== 'object') return entries >= manyEntries
  if (entries >= someEntries && depth === 0 && isAsked(row)) return true
  return (entries >= manyEntries || bytes >= manyBytes) && row.blocks.every(({ kind }) => kind !== 'result')
}

function callsOf({ row }: Conversed): readonly string[] {
  return typeof row === 'object'
    ? row.blocks.flatMap((block) => (block.kind === 'call' ? [block.id] : []))
    : []
}

function renumbered(conversed: Conversed, before: number): Conversed {
  return conversed.number === null ? conversed : { ...conversed, number: conversed.number + before }
}

function withoutTold(agents: Agents, told: readonly string[]): Agents {
  if (told.length === 0) return agents
  const gone = new Set(told)
  return { size: agents.size, get: (call) => (gone.has(call) ? undefined : agents.get(call)) }
}

/** Its entries. `lines` begins at the page's offset; `agents` are those that `agentsFrom` left. */
export async function* entriesOf(
  page: Page,
  lines: AsyncIterable<PlacedLine>,
  agents: Agents,
): AsyncGenerator<Conversed> {
  let at = 0
  const bare = async function* () {
    for await (const { line } of lines) yield line
  }
  for await (const conversed of readConversation(bare(), { agents })) {
    at += 1
    if (at <= page.skip) continue
    yield renumbered(conversed, page.messagesBefore)
    if (at >= page.skip + page.count) return
  }
}

/** What a browser shows of it. */
export async function viewPage(
  entries: AsyncIterable<Conversed>,
  roots: readonly string[],
): Promise<readonly ViewMessage[]> {
  const view = createViewer({ roots, images: true, thinking: true })
  const messages: ViewMessage[] = []
  for await (const entry of entries) {
    const message = view(entry)
    if (message) messages.push(message)
  }
  return joinResults(messages)
}
