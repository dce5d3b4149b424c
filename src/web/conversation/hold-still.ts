/** Keeps a message where a jump has put it while the pages around it find their heights, until the reader moves. */

import { useEffect, useRef } from 'preact/hooks'

const moves = ['wheel', 'touchmove', 'pointerdown', 'keydown'] as const

/** Returns what is called with the element that was jumped to. */
export function useHoldStill(): (element: Element) => void {
  const held = useRef<Element | null>(null)
  useEffect(() => {
    const release = () => {
      held.current = null
    }
    const observer = new ResizeObserver(() => held.current?.scrollIntoView())
    observer.observe(document.body)
    for (const move of moves) addEventListener(move, release, { passive: true, capture: true })
    return () => {
      observer.disconnect()
      for (const move of moves) removeEventListener(move, release, { capture: true })
    }
  }, [])
  return (element) => {
    held.current = element
    element.scrollIntoView()
  }
}
