/** What the server tells of conversations, as the parts of the page that show them take it. */

import type { BrowsedConversation, BrowsedPage } from '../../core/browse-session.ts'
import type { ViewMessage } from '../../review/view.ts'
import type { ViewChapter, ViewDocument } from '../../review/view-document.ts'
import type { PageSource } from '../conversation/conversation.tsx'
import { ask } from './api.ts'

/** Which transcript, and which rows of it. */
export interface Spot {
  readonly session: string
  readonly place: 'here' | 'remote'
  readonly rows: readonly [number, number] | null
}

export interface Part {
  readonly spot: Spot
  readonly title: string
  readonly told: BrowsedConversation
}

export function asDocument(parts: readonly Part[]): ViewDocument {
  return {
    version: 1,
    chapters: parts.map(
      ({ title, told: { pages, prompts, edition } }): ViewChapter => ({
        title,
        facts: [],
        pages: pages.map((page) => ({ ...page, edition })),
        prompts,
      }),
    ),
  }
}

export function spotParams({ session, place, rows }: Spot) {
  return { session, place, rows: rows === null ? null : rows.join('-') }
}

const mostKept = 30

/** Pages of all parts in one row. The one that still grows is asked for again when it has grown. */
export function pageSource(parts: () => readonly Part[]): PageSource {
  const kept = new Map<string, Promise<readonly ViewMessage[]>>()
  return {
    load(index) {
      const found = partOfPage(parts(), index)
      if (!found) return Promise.reject(new Error('no such page'))
      const { part, page } = found
      const { spot, told } = part
      const size = told.pages[page]?.messages
      const key = JSON.stringify([spot, told.edition, page, size])
      const known = kept.get(key) ?? loadPage(spot, page)
      kept.delete(key)
      kept.set(key, known)
      known.catch(() => kept.delete(key))
      const [oldest] = kept.keys()
      if (kept.size > mostKept && oldest !== undefined) kept.delete(oldest)
      return known
    },
  }
}

function partOfPage(
  parts: readonly Part[],
  index: number,
): { readonly part: Part; readonly page: number } | undefined {
  let page = index
  for (const part of parts) {
    if (page < part.told.pages.length) return { part, page }
    page -= part.told.pages.length
  }
  return undefined
}

async function loadPage(spot: Spot, page: number): Promise<readonly ViewMessage[]> {
  const { messages } = await ask<BrowsedPage>('page', { ...spotParams(spot), page })
  return messages
}
