/** The conversations of a document below each other, page by page. */

import type { JSX } from 'preact'
import { useEffect } from 'preact/hooks'
import type { ViewMessage } from '../../review/view.ts'
import type { ViewChapter, ViewDocument } from '../../review/view-document.ts'
import { type Jump, Page } from './page.tsx'
import { pageIndex } from './places.ts'
import { type Settings, SettingsContext } from './settings.ts'
import { showHits } from './show-hits.ts'

/** Where the pages come from, by their place in the row of all pages. */
export interface PageSource {
  /** Rejects for a page that cannot be read. */
  load(page: number): Promise<readonly ViewMessage[]>
}

export interface ConversationProps {
  readonly document: ViewDocument
  readonly source: PageSource
  readonly settings: Settings
  readonly jump: Jump | null
  /** All of it stays, however long it is. */
  readonly keepAll: boolean
  onArrived(anchor: string, epoch: number): void
}

/** A document of so few pages stays whole, so that the browser's own search finds everything. */
const fewPages = 6

export function Conversation(props: ConversationProps): JSX.Element {
  const {
    document: { chapters },
    settings,
  } = props
  useEffect(() => {
    // What holds the words is unfolded in between.
    let frame = requestAnimationFrame(() => {
      frame = requestAnimationFrame(() => showHits(settings.sought))
    })
    return () => cancelAnimationFrame(frame)
  }, [settings.sought?.epoch])
  return (
    <SettingsContext.Provider value={settings}>
      {chapters.map((chapter, at) => (
        <Chapter key={at} {...props} chapter={chapter} at={at} />
      ))}
    </SettingsContext.Provider>
  )
}

function Chapter({
  chapter,
  at,
  document,
  source,
  jump,
  keepAll,
  onArrived,
}: ConversationProps & { readonly chapter: ViewChapter; readonly at: number }): JSX.Element {
  const start = pageIndex(document, at, 0)
  const title = chapter.title || 'Conversation'
  const Title = at === 0 ? 'h1' : 'h2'
  const keep = keepAll || pageIndex(document, document.chapters.length, 0) <= fewPages
  return (
    <section class="chapter" aria-label={title}>
      <Title class="title">{title}</Title>
      <dl class="facts">
        {chapter.facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {chapter.pages.map((info, page) => (
        <Page
          key={page}
          chapter={at}
          page={page}
          info={info}
          load={() => source.load(start + page)}
          jump={jump?.place.chapter === at && jump.place.page === page ? jump : null}
          keep={keep}
          onArrived={onArrived}
        />
      ))}
    </section>
  )
}
