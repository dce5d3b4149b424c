/** Beside the conversation: the table of prompts, or what a search has found. */

import type { JSX, RefObject } from 'preact'
import { useState } from 'preact/hooks'
import type { ViewDocument } from '../../review/view-document.ts'
import type { PageSource } from '../conversation/conversation.tsx'
import type { Place } from '../conversation/places.ts'
import { PromptList } from '../conversation/prompt-list.tsx'
import { SearchField } from '../conversation/search-field.tsx'
import type { Shown } from '../conversation/shown.ts'
import { type Found, mostFound, useSearch } from './use-search.ts'

interface SideProps {
  readonly document: ViewDocument
  readonly source: PageSource
  readonly shown: Shown
  readonly isOpen: boolean
  readonly field: RefObject<HTMLInputElement | null>
  onGo(place: Place, sought: string): void
}

export function Side({ document, source, shown, isOpen, field, onGo }: SideProps): JSX.Element {
  const [words, setWords] = useState('')
  const search = useSearch(document, source, words, shown)
  return (
    <aside id="side" class={isOpen ? 'side open' : 'side'} aria-label="Prompts and search">
      <SearchField field={field} onWords={setWords} />
      {search === null ? (
        <Prompts document={document} onGo={onGo} />
      ) : (
        <>
          <p class="quiet" role="status">
            {search.found.length === mostFound ? `The first ${mostFound}` : search.found.length}
            {search.found.length === 1 ? ' place' : ' places'}
            {search.isDone ? '' : ', still looking…'}
          </p>
          <ol class="found">
            {search.found.map((found, at) => (
              <FoundLine key={at} found={found} onGo={() => onGo(found.place, words)} />
            ))}
          </ol>
        </>
      )}
    </aside>
  )
}

const whereWords = {
  asked: 'Asked',
  said: 'Answered',
  tool: 'Tool',
  thinking: 'Thinking',
  notice: 'Client',
} as const

function FoundLine({ found, onGo }: { readonly found: Found; onGo(): void }): JSX.Element {
  const { hit, number } = found
  return (
    <li>
      <button type="button" onClick={onGo}>
        <span class="where">
          {whereWords[hit.where]} {number !== null && `#${number}`}
        </span>
        <span class="snippet">
          {hit.before}
          <mark>{hit.words}</mark>
          {hit.after}
        </span>
      </button>
    </li>
  )
}

function Prompts({ document: { chapters }, onGo }: Pick<SideProps, 'document' | 'onGo'>): JSX.Element {
  return (
    <nav aria-label="Prompts">
      {chapters.map(({ title, prompts }, chapter) => (
        <div key={chapter}>
          {chapters.length > 1 && <p class="chapter-name">{title}</p>}
          <PromptList prompts={prompts} chapter={chapter} onGo={(place) => onGo(place, '')} />
        </div>
      ))}
    </nav>
  )
}
