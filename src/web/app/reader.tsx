/** One or more conversations to be read: what is shown of them and how, where the reader is. */

import type { JSX } from 'preact'
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks'
import { Conversation } from '../conversation/conversation.tsx'
import { placeNamed } from '../conversation/places.ts'
import { hiddenClasses, type Shown } from '../conversation/shown.ts'
import { type Reading, useReading } from '../conversation/use-reading.ts'
import { step, useKeys } from './keys.ts'
import { useNavigation } from './navigation.tsx'
import { asDocument, type Part, pageSource } from './talk.ts'

export interface Reader extends Reading {
  readonly parts: readonly Part[]
}

export function useReader(parts: readonly Part[]): Reader {
  const { visit } = useNavigation()
  const reading = useReading()
  const isThere = parts.length > 0
  // The address also changes where the reader has arrived, which is no visit: nobody is to be brought there again.
  useEffect(() => {
    if (isThere && location.hash !== '') reading.go(placeNamed(location.hash, asDocument(parts)))
  }, [isThere, visit])
  useKeys([
    { key: 'j', does: 'Next message', run: () => step('.talk article.message', 1) },
    { key: 'k', does: 'Message before', run: () => step('.talk article.message', -1) },
    { key: 'n', does: 'Next prompt', run: () => step('.talk article.prompt:not(.client)', 1) },
    { key: 'p', does: 'Prompt before', run: () => step('.talk article.prompt:not(.client)', -1) },
    { key: 'o', does: 'Unfold all', run: () => reading.setUnfolded(true) },
    { key: 'x', does: 'Fold all', run: () => reading.setUnfolded(false) },
  ])
  return { ...reading, parts }
}

interface TalkProps {
  readonly reader: Reader
  readonly heads: 'part' | 'none'
}

export function Talk({ reader, heads }: TalkProps): JSX.Element {
  const { parts, settings, shown, jump, onArrived } = reader
  const latest = useRef(parts)
  latest.current = parts
  const source = useMemo(() => pageSource(() => latest.current), [])
  const document = useMemo(() => asDocument(parts), [parts])
  useFollowing(parts)
  return (
    <div class={['talk', ...hiddenClasses(shown)].join(' ')}>
      <Conversation
        document={document}
        source={source}
        settings={settings}
        jump={jump}
        keepAll={false}
        heads={heads}
        onArrived={onArrived}
      />
    </div>
  )
}

/** Who reads the end goes on reading the end; everybody else stays where they are. */
function useFollowing(parts: readonly Part[]): void {
  const atEnd = useRef(false)
  const messages = parts.reduce((sum, { told }) => sum + told.messages, 0)
  useEffect(() => {
    const look = () => {
      const { scrollHeight } = document.documentElement
      atEnd.current = scrollY > 0 && scrollY + innerHeight > scrollHeight - 60
    }
    addEventListener('scroll', look, { passive: true })
    return () => removeEventListener('scroll', look)
  }, [])
  useLayoutEffect(() => {
    if (!atEnd.current) return undefined
    const observer = new ResizeObserver(() => scrollTo(0, document.documentElement.scrollHeight))
    observer.observe(document.documentElement)
    const timer = setTimeout(() => observer.disconnect(), 1500)
    return () => {
      clearTimeout(timer)
      observer.disconnect()
    }
  }, [messages])
}

export function ReaderBar({ reader }: { readonly reader: Reader }): JSX.Element {
  const { settings, shown, setShown, setSideBySide, setUnfolded } = reader
  const toggle = (name: keyof Shown, label: string) => (
    <button
      type="button"
      aria-pressed={shown[name]}
      onClick={() => setShown({ ...shown, [name]: !shown[name] })}
    >
      {label}
    </button>
  )
  return (
    <div class="reader-bar" role="toolbar" aria-label="What is shown">
      <div class="segments">
        {toggle('tools', 'Tools')}
        {toggle('thinking', 'Thinking')}
        {toggle('client', 'Client')}
      </div>
      <div class="segments">
        <button
          type="button"
          aria-pressed={settings.sideBySide}
          onClick={() => setSideBySide(!settings.sideBySide)}
        >
          Side by side
        </button>
      </div>
      <div class="segments">
        <button type="button" onClick={() => setUnfolded(true)}>
          Unfold all
        </button>
        <button type="button" onClick={() => setUnfolded(false)}>
          Fold all
        </button>
      </div>
    </div>
  )
}
