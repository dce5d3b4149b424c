/** Where somebody reads a conversation, and what they have chosen to see of it. */

import { useRef, useState } from 'preact/hooks'
import { useHoldStill } from './hold-still.ts'
import type { Jump } from './page.tsx'
import type { Place } from './places.ts'
import { defaultSettings, type Settings } from './settings.ts'
import { allShown, type Shown, shownFirst } from './shown.ts'

export interface Reading {
  readonly settings: Settings
  readonly shown: Shown
  /** Under way, until `onArrived`. */
  readonly jump: Jump | null
  /** To the place, for the sake of the words that were sought. */
  go(place: Place | undefined, sought?: string): void
  setShown(shown: Shown): void
  setSideBySide(sideBySide: boolean): void
  /** All of it, until somebody folds or unfolds a part. */
  setUnfolded(open: boolean): void
  onArrived(anchor: string, epoch: number): void
}

/** Begins at a place, or where the page does. */
export function useReading(first: () => Place | undefined = () => undefined): Reading {
  const [settings, setSettings] = useState<Settings>(() => ({ ...defaultSettings, unfolded: new Map() }))
  const [shown, setShown] = useState(shownFirst)
  const [jump, setJump] = useState(() => jumpTo(first()))
  const words = useRef('')
  const hold = useHoldStill()
  const arriveAt = (element: HTMLElement) => {
    hold(element)
    element.focus({ preventScroll: true })
  }
  return {
    settings,
    shown,
    jump,
    setShown,
    setSideBySide: (sideBySide) => setSettings((before) => ({ ...before, sideBySide, sought: null })),
    setUnfolded: (open) =>
      setSettings((before) => ({
        ...before,
        fold: { open, epoch: before.fold.epoch + 1 },
        sought: null,
      })),
    go(place, sought = '') {
      words.current = sought
      if (place) setJump(jumpTo(place))
    },
    onArrived(anchor, epoch) {
      setJump((before) => (before?.epoch === epoch ? null : before))
      const sought = { anchor, words: words.current, epoch }
      if (sought.words !== '') setSettings((before) => ({ ...before, sought }))
      if (location.hash !== `#${anchor}`) history.replaceState(null, '', `#${anchor}`)
      const element = document.getElementById(anchor)
      if (!element) return
      const isHidden = element.getClientRects().length === 0
      if (!isHidden) return arriveAt(element)
      setShown(allShown)
      requestAnimationFrame(() => arriveAt(element))
    },
  }
}

let epochs = 0

function jumpTo(place: Place | undefined): Jump | null {
  epochs += 1
  return place ? { place, epoch: epochs } : null
}
