/** The forms in which `show` hands on a conversation. */

import type { Reading } from '../core/reading.ts'
import { readConversation } from '../review/conversation.ts'
import { type Stats, takeStats } from '../review/stats.ts'
import { renderTranscript } from '../review/transcript.ts'

export interface TextTaste {
  readonly color: boolean
  readonly columns: number
  readonly full: boolean
  readonly thinking: boolean
}

/** For people on a terminal, piece by piece. */
export function asText({ lines, agents, range }: Reading, taste: TextTaste): AsyncGenerator<string> {
  return renderTranscript(lines(), { ...taste, numbers: true, agents, range })
}

export async function statsOf({ lines, agents, range, roots }: Reading): Promise<Stats> {
  const taker = takeStats(roots)
  const options = { range, agents, onRecord: taker.onRecord }
  for await (const conversed of readConversation(lines(), options)) taker.add(conversed)
  return taker.result()
}
