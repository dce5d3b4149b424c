/** Where a message stands in a document: by its number, by its page. Pure. */

import type { ViewBlock, ViewMessage } from '../../review/view.ts'
import type { ViewDocument, ViewPrompt } from '../../review/view-document.ts'

/** A message: by its number; without one, as in a subagent, by its id or by where it stands in its page. */
export interface Place {
  readonly chapter: number
  /** Within the chapter. */
  readonly page: number
  readonly wanted: { readonly number: number } | { readonly uuid: string } | { readonly at: number }
}

/** Of a page of a chapter, in the row of all pages. */
export function pageIndex({ chapters }: ViewDocument, chapter: number, page: number): number {
  return chapters.slice(0, chapter).reduce((sum, { pages }) => sum + pages.length, 0) + page
}

/** `m12` in the first chapter, `c2-m12` in the second, something else for a message without a number. */
export function anchorOf(chapter: number, page: number, at: number, { number }: ViewMessage): string {
  return prefixOf(chapter) + (number === null ? `p${page + 1}-${at}` : `m${number}`)
}

function prefixOf(chapter: number): string {
  return chapter === 0 ? '' : `c${chapter + 1}-`
}

/** A prompt without a number goes by its id: where it stands in its page is not known before the page is. */
export function promptAnchor(chapter: number, { number, uuid }: ViewPrompt): string {
  return number === null ? uuid : `${prefixOf(chapter)}m${number}`
}

export function placeOfPrompt(chapter: number, { number, uuid, page }: ViewPrompt): Place {
  return { chapter, page, wanted: number === null ? { uuid } : { number } }
}

/** What `#m12` names, or the id of a prompt; undefined for what the document does not hold. */
export function placeNamed(hash: string, document: ViewDocument): Place | undefined {
  return placeNumbered(hash, document) ?? promptNamed(hash.replace(/^#/, ''), document)
}

function promptNamed(id: string, { chapters }: ViewDocument): Place | undefined {
  if (id === '') return undefined
  for (const [chapter, { prompts }] of chapters.entries()) {
    const prompt = prompts.find(({ uuid }) => uuid === id)
    if (prompt) return placeOfPrompt(chapter, prompt)
  }
  return undefined
}

function placeNumbered(hash: string, { chapters }: ViewDocument): Place | undefined {
  const [, chapterText, letter, first = '', second] =
    /^#?(?:c([2-9]|[1-9]\d{1,3})-)?(m|p)(\d{1,9})(?:-(\d{1,6}))?$/.exec(hash) ?? []
  const chapter = chapterText === undefined ? 0 : Number(chapterText) - 1
  const pages = chapters[chapter]?.pages
  if (!pages) return undefined
  const number = Number(first)
  if (letter === 'p') {
    const page = number - 1
    return second !== undefined && pages[page] ? { chapter, page, wanted: { at: Number(second) } } : undefined
  }
  const page = pages.findIndex((each) => each.last !== null && each.first !== null && number <= each.last)
  if (page === -1 || number < (pages[page]?.first ?? 0)) return undefined
  return { chapter, page, wanted: { number } }
}

/** Where in its page; a result's number is that of the message with its call. */
export function indexIn(messages: readonly ViewMessage[], { wanted }: Place): number | undefined {
  if ('at' in wanted) return messages[wanted.at] ? wanted.at : undefined
  if ('uuid' in wanted) return found(messages.findIndex(({ uuid }) => uuid === wanted.uuid))
  const { number } = wanted
  const own = found(messages.findIndex((message) => message.number === number))
  return own ?? found(messages.findIndex(({ blocks }) => blocks.some((block) => answers(block, number))))
}

function answers(block: ViewBlock, number: number): boolean {
  return block.kind === 'call' && block.result?.number === number
}

function found(index: number): number | undefined {
  return index === -1 ? undefined : index
}
