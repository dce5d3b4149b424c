/** What goes on only while somebody can see the page. */

/** As much of the browser's `document` as is needed. */
interface Seen {
  readonly hidden: boolean
  addEventListener(name: 'visibilitychange', listener: () => void): void
  removeEventListener(name: 'visibilitychange', listener: () => void): void
}

/**
 * Begins `work` when the page is seen, and anew each time it is seen again; aborts its signal when the page is hidden.
 * What is returned ends it for good.
 */
export function whileSeen(page: Seen, work: (signal: AbortSignal) => void): () => void {
  let going: AbortController | undefined
  const look = () => {
    if (page.hidden) {
      going?.abort()
      going = undefined
    } else if (!going) {
      going = new AbortController()
      work(going.signal)
    }
  }
  page.addEventListener('visibilitychange', look)
  look()
  return () => {
    page.removeEventListener('visibilitychange', look)
    going?.abort()
  }
}
