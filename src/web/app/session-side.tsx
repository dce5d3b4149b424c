/** Beside a session: what was asked, the commits that it made, or what a search has found. */

import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import type { WithNotes } from '../../core/browse.ts'
import type { BrowsedConversation } from '../../core/browse-session.ts'
import type { Found } from '../../core/browse-words.ts'
import { PromptList } from '../conversation/prompt-list.tsx'
import { SearchField } from '../conversation/search-field.tsx'
import { ask, type Problem, problemOf } from './api.ts'
import { useKeys } from './keys.ts'
import { Link } from './navigation.tsx'
import { ProblemNote } from './problem.tsx'
import type { Reader } from './reader.tsx'
import { commitAddress } from './routes.ts'
import { spotParams } from './talk.ts'
import { cleanLine, plural, shortCommit } from './words.ts'

interface SideProps {
  readonly of: BrowsedConversation & WithNotes
  readonly reader: Reader
  readonly isOpen: boolean
  onOpen(open: boolean): void
}

const untilTypedMs = 200
const mostPrompts = 500

export function SessionSide({ of, reader, isOpen, onOpen }: SideProps): JSX.Element {
  const [words, setWords] = useState('')
  const field = useRef<HTMLInputElement>(null)
  const search = useFind(of, words)
  useKeys([
    {
      key: '/',
      does: 'Search this conversation',
      run: () => {
        onOpen(true)
        // Only once it is there can it have the keyboard.
        requestAnimationFrame(() => field.current?.focus())
      },
    },
    {
      key: 'Escape',
      does: 'Leave the search',
      run: () => {
        field.current?.blur()
        onOpen(false)
      },
    },
  ])
  const go: Reader['go'] = (place, sought) => {
    onOpen(false)
    reader.go(place, sought)
  }
  return (
    <>
      <button
        type="button"
        class="side-button plain-button"
        aria-expanded={isOpen}
        aria-controls="side"
        onClick={() => onOpen(!isOpen)}
      >
        Prompts and search
      </button>
      <aside id="side" class={isOpen ? 'side open' : 'side'} aria-label="Prompts and search">
        <SearchField field={field} onWords={setWords} />
        {search === null ? (
          <>
            <nav aria-label="Prompts">
              <PromptList prompts={of.prompts} chapter={0} most={mostPrompts} onGo={(place) => go(place)} />
            </nav>
            <Commits of={of} />
          </>
        ) : (
          <Results search={search} words={words} go={go} />
        )}
      </aside>
    </>
  )
}

interface Search {
  readonly found: Found | null
  readonly problem: Problem | null
}

/** Null while there is nothing to look for. */
function useFind(of: BrowsedConversation, typed: string): Search | null {
  const words = typed.trim()
  const [search, setSearch] = useState<Search>({ found: null, problem: null })
  useEffect(() => {
    if (words === '') return undefined
    const leaving = new AbortController()
    setSearch({ found: null, problem: null })
    const timer = setTimeout(() => {
      const spot = spotParams({ session: of.session, place: of.place, rows: null })
      ask<Found>('find', { ...spot, words }, leaving.signal).then(
        (found) => setSearch({ found, problem: null }),
        (error: unknown) => {
          if (!leaving.signal.aborted) setSearch({ found: null, problem: problemOf(error) })
        },
      )
    }, untilTypedMs)
    return () => {
      clearTimeout(timer)
      leaving.abort()
    }
  }, [words, of.session, of.place])
  return words === '' ? null : search
}

const kindWords = { prompt: 'Asked', answer: 'Answered', call: 'Tool' } as const

function Results({
  search: { found, problem },
  words,
  go,
}: {
  readonly search: Search
  readonly words: string
  readonly go: Reader['go']
}): JSX.Element {
  if (problem) return <ProblemNote problem={problem} />
  return (
    <>
      <p class="quiet" role="status">
        {found === null
          ? 'Looking…'
          : `${found.more ? 'The first ' : ''}${plural(found.matches.length, 'place')}`}
      </p>
      <ol class="found">
        {found?.matches.map(({ number, uuid, page, kind, excerpt, places }, at) => (
          <li key={at}>
            <button
              type="button"
              onClick={() => go({ chapter: 0, page, wanted: number > 0 ? { number } : { uuid } }, words)}
            >
              <span class="where">
                {kindWords[kind]} {number > 0 ? `#${number}` : 'in a subagent'}
              </span>
              <span class="snippet">{marked(excerpt, places)}</span>
            </button>
          </li>
        ))}
      </ol>
    </>
  )
}

function marked(text: string, places: readonly (readonly [number, number])[]) {
  const nodes: (string | JSX.Element)[] = []
  let at = 0
  for (const [from, to] of places) {
    nodes.push(text.slice(at, from), <mark key={from}>{text.slice(from, to)}</mark>)
    at = to
  }
  return [...nodes, text.slice(at)]
}

function Commits({ of }: { readonly of: BrowsedConversation }): JSX.Element | null {
  if (of.commits.length === 0) return null
  return (
    <nav aria-label="Commits">
      <h2 class="side-title">Commits</h2>
      <ol class="side-commits">
        {of.commits.map(({ commit, subject }) => (
          <li key={commit}>
            {subject === null ? (
              <span>
                <span class="where">{shortCommit(commit)}</span>
                <span class="snippet quiet-inline">not in this clone</span>
              </span>
            ) : (
              <Link to={commitAddress(commit)}>
                <span class="where">{shortCommit(commit)}</span>
                <span class="snippet">{cleanLine(subject)}</span>
              </Link>
            )}
          </li>
        ))}
      </ol>
    </nav>
  )
}
