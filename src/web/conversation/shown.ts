/** What of a conversation is shown, and looked through by a search. Pure. */

import type { FindTaste } from './find.ts'

export type Shown = FindTaste

export const shownFirst: Shown = { tools: true, thinking: false, client: false }
/** For whoever was led to something that is hidden. */
export const allShown: Shown = { tools: true, thinking: true, client: true }

/** Of the element around the conversation. */
export function hiddenClasses(shown: Shown): readonly string[] {
  return [
    ...(shown.tools ? [] : ['hide-tools']),
    ...(shown.thinking ? [] : ['hide-thinking']),
    ...(shown.client ? [] : ['hide-client']),
  ]
}
