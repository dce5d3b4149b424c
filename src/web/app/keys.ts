/** Keys that mean something wherever nothing is typed. */

import { useEffect } from 'preact/hooks'

export interface Key {
  readonly key: string
  /** For the list of keys. */
  readonly does: string
  run(): void
}

/** What works while a part of the page is there. Later parts win over earlier ones. */
const active: (readonly Key[])[] = []

export function useKeys(keys: readonly Key[]): void {
  useEffect(() => {
    active.push(keys)
    return () => {
      active.splice(active.lastIndexOf(keys), 1)
    }
  })
}

export function activeKeys(): readonly Key[] {
  return active.flat()
}

export function startKeys(): void {
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
    if (document.querySelector('dialog[open]')) return
    const isTyping = event.target instanceof HTMLInputElement && event.target.type === 'search'
    if (isTyping && event.key !== 'Escape') return
    const found = active.flat().findLast(({ key }) => key === event.key)
    if (!found) return
    event.preventDefault()
    found.run()
  })
}

/** The next or the one before of what stands in a row, from where the keyboard is, else from what is on the screen. */
export function step(selector: string, by: 1 | -1): void {
  const all = [...document.querySelectorAll<HTMLElement>(selector)].filter(
    (each) => each.offsetParent !== null,
  )
  const focused = document.activeElement
  const at = all.findIndex((each) => each === focused || each.contains(focused))
  const top = 80
  const below = all.findIndex((each) => each.getBoundingClientRect().top >= top)
  // At the end all of them lie above: none follows, and the one before is the last.
  const first = below === -1 ? all.length : below
  const next = at >= 0 ? at + by : by === 1 ? first : first - 1
  const element = all[Math.min(Math.max(next, 0), all.length - 1)]
  element?.focus({ preventScroll: true })
  element?.scrollIntoView({ block: at >= 0 && element.tagName === 'A' ? 'nearest' : 'start' })
}
