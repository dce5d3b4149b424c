/** One page of a conversation: a gap of about its height until it comes near the screen, and again when it is far. */

import type { ComponentChildren, JSX } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { ViewMessage } from '../../review/view.ts'
import type { ViewPageInfo } from '../../review/view-document.ts'
import { isThinkingOnly, Message } from './message.tsx'
import { anchorOf, indexIn, type Place } from './places.ts'

/** Where the reader is to be brought; each with an `epoch` of its own. */
export interface Jump {
  readonly place: Place
  readonly epoch: number
}

export interface PageProps {
  readonly chapter: number
  readonly page: number
  readonly info: ViewPageInfo
  /** Rejects for a page that cannot be read. */
  load(): Promise<readonly ViewMessage[]>
  /** To this page, or null. */
  readonly jump: Jump | null
  /** It stays when it is far away. */
  readonly keep: boolean
  /** The message that was jumped to is on the screen. */
  onArrived(anchor: string, epoch: number): void
}

/** What a message takes on average, before anybody knows better. */
const guessedHeight = 88

interface Loaded {
  readonly messages: readonly ViewMessage[]
  /** What was known of the page when they were asked for. */
  readonly of: ViewPageInfo
}

type Content = Loaded | 'damaged' | null

export function Page(props: PageProps): JSX.Element {
  const { chapter, page, info, jump, keep } = props
  const box = useRef<HTMLDivElement>(null)
  const height = useRef(info.messages * guessedHeight)
  const [isNear, setNear] = useNear(box)
  const isWanted = isNear || keep || jump !== null
  const content = useContent(props, isWanted, () => {
    height.current = box.current?.offsetHeight ?? height.current
  })
  useLayoutEffect(() => {
    if (!jump) return
    if (content === null) box.current?.scrollIntoView()
    else if (content !== 'damaged') {
      // The browser tells so a moment later, when the jump is over and nothing else would keep the page.
      setNear(true)
      arrive(content, jump, props)
    }
  }, [content, jump?.epoch])
  const isEmpty = content === null
  return (
    <div ref={box} class="page" aria-busy={isEmpty} style={isEmpty ? { height: `${height.current}px` } : {}}>
      {content === 'damaged' && <p class="quiet">This page cannot be read.</p>}
      {content !== null && content !== 'damaged' && messageNodes(content.messages, chapter, page)}
    </div>
  )
}

/** Near: within two screens or so. */
function useNear(box: { readonly current: HTMLElement | null }): [boolean, (isNear: boolean) => void] {
  const [isNear, setNear] = useState(false)
  useEffect(() => {
    const element = box.current
    if (!element) return undefined
    const observer = new IntersectionObserver((entries) => setNear(entries.at(-1)?.isIntersecting ?? false), {
      rootMargin: '1500px 0px',
    })
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  return [isNear, setNear]
}

function useContent({ load, info }: PageProps, isWanted: boolean, onLeave: () => void): Content {
  const [content, setContent] = useState<Content>(null)
  useEffect(() => {
    if (!isWanted) {
      if (content !== null) {
        onLeave()
        setContent(null)
      }
      return undefined
    }
    let isCurrent = true
    const show = (loaded: Content) => {
      if (isCurrent) setContent(loaded)
    }
    load().then(
      (messages) => show({ messages, of: info }),
      () => show('damaged'),
    )
    return () => {
      isCurrent = false
    }
    // What changes is shown anew when it is there; until then it stays as it was.
  }, [isWanted, info.messages, info.edition])
  return content
}

function arrive(
  { messages, of }: Loaded,
  { place, epoch }: Jump,
  { chapter, page, info, onArrived }: PageProps,
): void {
  const found = indexIn(messages, place)
  // What was said just now is listed before its page is there: then the jump waits for that.
  if (found === undefined && (of.messages !== info.messages || of.edition !== info.edition)) return
  const at = found ?? 0
  const message = messages[at]
  if (message) onArrived(anchorOf(chapter, page, at, message), epoch)
}

function messageNodes(
  messages: readonly ViewMessage[],
  chapter: number,
  page: number,
): readonly ComponentChildren[] {
  return messages.map((message, at) => {
    // Thinking may be hidden, and who spoke with it.
    const before = messages[at - 1]
    const goesOn =
      before !== undefined &&
      !isThinkingOnly(before) &&
      before.depth === message.depth &&
      before.hidden === message.hidden &&
      isAnswering(before) &&
      isAnswering(message)
    return (
      <Message key={at} message={message} anchor={anchorOf(chapter, page, at, message)} goesOn={goesOn} />
    )
  })
}

function isAnswering({ kind }: ViewMessage): boolean {
  return kind === 'answer' || kind === 'results'
}
