/** The page around the conversations of a file: bar, prompts and search, keys, links to messages. */

import type { JSX } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import { Conversation } from '../conversation/conversation.tsx'
import type { Jump } from '../conversation/page.tsx'
import { type Place, placeNamed } from '../conversation/places.ts'
import { defaultSettings, type Settings } from '../conversation/settings.ts'
import { allShown, hiddenClasses, shownFirst } from '../conversation/shown.ts'
import { Bar } from './bar.tsx'
import type { OpenedDocument } from './blocks.ts'
import { useHoldStill } from './hold-still.ts'
import { Side } from './side.tsx'

export function App({ document: doc, source }: OpenedDocument): JSX.Element {
  const [settings, setSettings] = useState<Settings>(defaultSettings)
  const [shown, setShown] = useState(shownFirst)
  const [jump, setJump] = useState<Jump | null>(() => jumpTo(placeNamed(location.hash, doc)))
  const [isSideOpen, setSideOpen] = useState(false)
  const [keepAll, setKeepAll] = useState(false)
  const words = useRef('')
  const search = useRef<HTMLInputElement>(null)
  const hold = useHoldStill()

  const go = (place: Place | undefined, sought = '') => {
    words.current = sought
    setSideOpen(false)
    if (place) setJump(jumpTo(place))
  }
  const arrived = (anchor: string, epoch: number) => {
    setJump((before) => (before?.epoch === epoch ? null : before))
    const sought = words.current === '' ? null : { anchor, words: words.current, epoch }
    if (sought) setSettings((before) => ({ ...before, sought }))
    if (location.hash !== `#${anchor}`) history.replaceState(null, '', `#${anchor}`)
    const element = document.getElementById(anchor)
    if (!element) return
    const isHidden = element.getClientRects().length === 0
    if (isHidden) setShown(allShown)
    const settle = () => {
      hold(element)
      element.focus({ preventScroll: true })
    }
    if (isHidden) requestAnimationFrame(settle)
    else settle()
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
        settings={settings}
        shown={shown}
        isSideOpen={isSideOpen}
        onSide={() => setSideOpen(!isSideOpen)}
        onShown={setShown}
        onSettings={(change) => setSettings((before) => ({ ...before, ...change, sought: null }))}
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
          onArrived={arrived}
        />
      </main>
    </div>
  )
}

let epochs = 0

function jumpTo(place: Place): Jump
function jumpTo(place: Place | undefined): Jump | null
function jumpTo(place: Place | undefined): Jump | null {
  epochs += 1
  return place ? { place, epoch: epochs } : null
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
