/** Notices when something comes into view. */

import type { RefObject } from 'preact'
import { useEffect, useState } from 'preact/hooks'

/** False until the element is near the part of the page that is looked at; true from then on. */
export function useSeen(box: RefObject<Element | null>): boolean {
  const [isSeen, setSeen] = useState(false)
  useEffect(() => {
    const element = box.current
    if (isSeen || !element) return undefined
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some(({ isIntersecting }) => isIntersecting)) setSeen(true)
      },
      { rootMargin: '400px 0px' },
    )
    observer.observe(element)
    return () => observer.disconnect()
  }, [isSeen, box])
  return isSeen
}
