/** A session's facts and conversation for a program: `show` with one function to write to. */

import { readRow } from '../review/row.ts'
import { renderTranscript } from '../review/transcript.ts'
import { type ShownHead, type ShownSession, showSession } from './show.ts'
import type { World } from './world.ts'

export interface ReadOptions {
  /** Id, or the beginning of one. */
  readonly session: string
  readonly remote?: string | undefined
  /** Read what `fetchSessions` brought instead of asking the remote. */
  readonly offline?: boolean
  /** What the tools printed too, not only what was said. */
  readonly full?: boolean
  readonly thinking?: boolean
  /** Lines that are cut short are cut here. Otherwise 80. */
  readonly columns?: number
  /**
   * Gets the conversation as text, piece by piece, a long one while it is decrypted; the next piece waits until it
   * resolves. What is damaged further on is thrown behind the pieces before it.
   */
  readonly write: (text: string) => Promise<void>
}

/** Verified and decrypted, and nothing is installed. Errors as of `showSession`. */
export async function readSession(world: World, options: ReadOptions): Promise<ShownSession> {
  const { session, remote, offline = false, write } = options
  const { full = false, thinking = false, columns = 80 } = options
  const text = { color: false, columns, full, thinking, numbers: true }
  const found: ShownHead[] = []
  let messages = 0
  const onRecord = (record: Readonly<Record<string, unknown>>) => {
    if (readRow(record)?.counted) messages += 1
  }
  await showSession(
    world,
    { session, remote, offline, atOnce: true },
    async (shown) => void found.push(shown),
    async ({ lines, agents, range }) => {
      const told = renderTranscript(lines(), { ...text, agents, range, onRecord })
      for await (const piece of told) await write(piece)
    },
  )
  const [shown] = found
  if (!shown) throw new Error('a session was shown without its facts')
  return { ...shown, messages }
}
