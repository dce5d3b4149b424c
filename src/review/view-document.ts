/** Conversations cut into pages, as a document for the browser holds them: one is opened without the others. Pure. */

import type { Conversed } from './conversation.ts'
import type { ViewMessage } from './view.ts'
import { joinResults } from './view-join.ts'

/** What a document says of itself; its pages stand beside it, in one row for all chapters. */
export interface ViewDocument {
  readonly version: 1
  readonly chapters: readonly ViewChapter[]
}

/** One conversation, or the part of it that led to a commit. */
export interface ViewChapter {
  readonly title: string
  readonly facts: readonly (readonly [string, string])[]
  readonly pages: readonly ViewPageInfo[]
  readonly prompts: readonly ViewPrompt[]
}

export interface ViewPageInfo {
  /** Numbers of the messages in it, those of joined results too; null where it has none. */
  readonly first: number | null
  readonly last: number | null
  /** How many it shows. */
  readonly messages: number
  /** Of a conversation that changes while it is read: another one when the page is. */
  readonly edition?: number
}

/** A line of the table of prompts. */
export interface ViewPrompt {
  /** Null for what was typed while the model was busy. */
  readonly number: number | null
  readonly uuid: string
  readonly time: string
  /** One line, cut. */
  readonly text: string
  /** Within its chapter, from 0. */
  readonly page: number
}

export interface ViewPage {
  readonly info: ViewPageInfo
  readonly prompts: readonly ViewPrompt[]
  readonly messages: readonly ViewMessage[]
}

const fullMessages = 200
const fullLength = 800_000
const promptLength = 160

/** A page ends where no call waits for its result, if that comes soon. */
export async function* cutIntoPages(
  rows: AsyncIterable<Conversed>,
  view: (conversed: Conversed) => ViewMessage | undefined,
): AsyncGenerator<ViewPage> {
  let at = 0
  let draft = newDraft()
  for await (const conversed of rows) {
    const message = view(conversed)
    if (!message) continue
    draft.add(message)
    if (!draft.isFull()) continue
    yield draft.page(at)
    at += 1
    draft = newDraft()
  }
  if (!draft.isEmpty()) yield draft.page(at)
}

function newDraft() {
  const messages: ViewMessage[] = []
  const open = new Set<string>()
  let length = 0
  return {
    add(message: ViewMessage) {
      messages.push(message)
      length += JSON.stringify(message).length
      for (const block of message.blocks) {
        if (block.kind === 'call') open.add(block.id)
        if (block.kind === 'result') open.delete(block.id)
      }
    },
    isEmpty: () => messages.length === 0,
    isFull() {
      const fill = Math.max(messages.length / fullMessages, length / fullLength)
      return fill >= 2 || (fill >= 1 && open.size === 0)
    },
    page: (at: number) => pageOf(messages, at),
  }
}

function pageOf(messages: readonly ViewMessage[], at: number): ViewPage {
  const joined = joinResults(messages)
  const numbers = messages.flatMap(({ number }) => (number === null ? [] : [number]))
  const prompts = joined.flatMap(({ asked, number, uuid, time, blocks }): readonly ViewPrompt[] => {
    const words = blocks.flatMap((block) =>
      block.kind === 'text' || block.kind === 'command' ? [block.text.slice(0, promptLength)] : [],
    )
    const text = words.join(' ').replace(/\s+/g, ' ').slice(0, promptLength)
    return asked ? [{ number, uuid, time, text, page: at }] : []
  })
  const info = { first: numbers[0] ?? null, last: numbers.at(-1) ?? null, messages: joined.length }
  return { info, prompts, messages: joined }
}
