/** The page around the conversations of a file: bar, prompts and search, keys, links to messages. */

import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { Conversation } from '../conversation/conversation.tsx'
import { type Place, placeNamed } from '../conversation/places.ts'
import { hiddenClasses } from '../conversation/shown.ts'
import { useReading } from '../conversation/use-reading.ts'
import { Bar } from './bar.tsx'
import type { OpenedDocument } from './blocks.ts'
import { Side } from './side.tsx'

export function App({ document: doc, source }: OpenedDocument): JSX.Element {
  const reading = useReading(() => placeNamed(location.hash, doc))
  const { settings, shown, jump } = reading
  const [isSideOpen, setSideOpen] = useState(false)
  const [keepAll, setKeepAll] = useState(false)
  const search = useRef<HTMLInputElement>(null)
  const go = (place: Place | undefined, sought = '') => {
    setSideOpen(false)
    reading.go(place, sought)
  }
  useEffect(() => {
    const onHash = () => go(placeNamed(location.hash, doc))
    addEventListener('hashchange', onHash)
    return () => removeEventListener('hashchange', onHash)
  }, [])
  useKeys({
    '/': () => {
      setSideOpen(true)
      search.current?.focus()
    },
    Escape: () => setSideOpen(false),
  })
  const print = async () => {
    setKeepAll(true)
    await everythingShown()
    window.print()
    setKeepAll(false)
  }
  return (
    <div class={['app', ...hiddenClasses(shown)].join(' ')}>
      <a class="skip" href="#talk">
        Skip to the conversation
      </a>
      <Bar
        title={doc.chapters[0]?.title ?? ''}
        reading={reading}
        isSideOpen={isSideOpen}
        onSide={() => setSideOpen(!isSideOpen)}
        onPrint={() => void print()}
      />
      <Side document={doc} source={source} shown={shown} isOpen={isSideOpen} field={search} onGo={go} />
      <main id="talk" class="talk" tabIndex={-1}>
        <Conversation
          document={doc}
          source={source}
          settings={settings}
          jump={jump}
          keepAll={keepAll}
          onArrived={reading.onArrived}
        />
      </main>
    </div>
  )
}

/** Keys that mean something wherever nothing is typed. */
function useKeys(keys: Readonly<Record<string, () => void>>): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const { target, key } = event
      const isTyping = target instanceof HTMLInputElement && target.type === 'search'
      const action = Object.hasOwn(keys, key) ? keys[key] : undefined
      if (!action || event.ctrlKey || event.metaKey || event.altKey) return
      if (isTyping && key !== 'Escape') return
      if (key !== 'Escape') event.preventDefault()
      action()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])
}

/** When no page is a gap any more. */
async function everythingShown(): Promise<void> {
  do await new Promise((resolve) => setTimeout(resolve, 50))
  while (document.querySelector('.page[aria-busy="true"]'))
}
