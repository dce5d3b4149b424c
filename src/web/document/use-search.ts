/** Looks through all pages of a document, one after the other, while somebody types. */

import { useEffect, useState } from 'preact/hooks'
import type { ViewDocument } from '../../review/view-document.ts'
import type { PageSource } from '../conversation/conversation.tsx'
import { findWords, type Hit } from '../conversation/find.ts'
import type { Place } from '../conversation/places.ts'
import type { Shown } from '../conversation/shown.ts'

export interface Found {
  readonly hit: Hit
  readonly number: number | null
  readonly place: Place
}

export interface Search {
  readonly found: readonly Found[]
  readonly isDone: boolean
}

/** More places than this nobody reads. */
export const mostFound = 300

const untilTypedMs = 150
const toldEveryMs = 150

/** Null while there is nothing to look for. */
export function useSearch(
  document: ViewDocument,
  source: PageSource,
  words: string,
  shown: Shown,
): Search | null {
  const [search, setSearch] = useState<Search | null>(null)
  const { tools, thinking, client } = shown
  useEffect(() => {
    if (words.trim() === '') {
      setSearch(null)
      return undefined
    }
    let isCurrent = true
    const timer = setTimeout(() => {
      void searchAll(document, source, words, shown, (told) => {
        if (isCurrent) setSearch(told)
        return isCurrent
      })
    }, untilTypedMs)
    return () => {
      isCurrent = false
      clearTimeout(timer)
    }
  }, [words, tools, thinking, client])
  return search
}

/** `tell` says whether to go on. */
async function searchAll(
  { chapters }: ViewDocument,
  source: PageSource,
  words: string,
  shown: Shown,
  tell: (search: Search) => boolean,
): Promise<void> {
  const found: Found[] = []
  let at = 0
  let toldMs = performance.now()
  for (const [chapter, { pages }] of chapters.entries()) {
    for (let page = 0; page < pages.length; page += 1) {
      const messages = await source.load(at).catch(() => [])
      at += 1
      for (const hit of findWords(messages, words, shown)) {
        const number = messages[hit.at]?.number ?? null
        if (found.length < mostFound)
          found.push({ hit, number, place: { chapter, page, wanted: { at: hit.at } } })
      }
      if (found.length >= mostFound) {
        tell({ found, isDone: true })
        return
      }
      if (performance.now() - toldMs < toldEveryMs) continue
      toldMs = performance.now()
      if (!tell({ found: [...found], isDone: false })) return
    }
  }
  tell({ found, isDone: true })
}
