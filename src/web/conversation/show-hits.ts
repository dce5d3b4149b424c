/** Marks the words that were searched for, where a browser can do so without touching the document. */

import { patternOf } from './find.ts'
import type { Settings } from './settings.ts'

const mostMarks = 200

/** In the message that was jumped to; the marks of the one before go. */
export function showHits(sought: Settings['sought']): void {
  if (typeof Highlight === 'undefined' || !CSS.highlights) return
  CSS.highlights.delete('sought')
  const element = sought && document.getElementById(sought.anchor)
  const pattern = sought && patternOf(sought.words)
  if (!element || !pattern) return
  const everywhere = new RegExp(pattern.source, 'gi')
  const ranges: Range[] = []
  const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT)
  for (let node = texts.nextNode(); node && ranges.length < mostMarks; node = texts.nextNode()) {
    for (const { index, 0: words } of (node.nodeValue ?? '').matchAll(everywhere)) {
      const range = document.createRange()
      range.setStart(node, index)
      range.setEnd(node, index + words.length)
      ranges.push(range)
    }
  }
  CSS.highlights.set('sought', new Highlight(...ranges))
}
