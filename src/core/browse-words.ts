/** Words in one session, with the pages that hold them. */

import { stopIfInterrupted } from '../errors.ts'
import type { Conversed } from '../review/conversation.ts'
import { findWords, type Match } from '../review/find-words.ts'
import { describeCall } from '../review/tool-call.ts'
import { answeredText, askedText } from '../review/words.ts'
import { type BrowsedSpot, type BrowseMemory, withSession } from './browse-copy.ts'
import { entriesOn } from './browse-place.ts'
import type { Workspace } from './workspace.ts'

export interface FoundOnPage extends Match {
  readonly page: number
}

export interface Found {
  readonly matches: readonly FoundOnPage[]
  /** There are more than are told. */
  readonly more: boolean
}

const mostFound = 300
/** Of one message so much is searched. */
const mostText = 100_000

/** The words of prompts, answers and calls. */
export async function browseWords(
  ws: Workspace,
  memory: BrowseMemory,
  spot: BrowsedSpot,
  words: string,
): Promise<Found> {
  return withSession(ws, memory, spot, async (transcript) => {
    const paged = await transcript.paged(spot.rows)
    const matches: FoundOnPage[] = []
    for (const page of paged.paging.pages.keys()) {
      // Whoever types asks anew with each letter.
      stopIfInterrupted(ws.world.signal)
      for await (const entry of entriesOn(paged, page)) {
        for (const match of findWords(textsOf(entry), [words])) {
          if (matches.length >= mostFound) return { matches, more: true }
          matches.push({ ...match, page })
        }
      }
    }
    return { matches, more: false }
  })
}

function textsOf({ row, number }: Conversed): Parameters<typeof findWords>[0] {
  if (typeof row !== 'object') return []
  const { uuid, time } = row
  const calls = row.blocks.flatMap((block) =>
    block.kind === 'call' ? [{ kind: 'call' as const, text: describeCall(block.tool, block.input) }] : [],
  )
  const said = [
    { kind: 'prompt' as const, text: askedText(row) },
    { kind: 'answer' as const, text: answeredText(row) },
  ]
  return [...said, ...calls]
    .filter(({ text }) => text !== '')
    .map(({ kind, text }) => ({ number: number ?? 0, uuid, time, kind, text: text.slice(0, mostText) }))
}
