/** A decrypted session that several ask for at once: what one gives up, the others still want. */

import { hasCode } from '../errors.ts'
import type { Oid } from '../model.ts'
import type { Decrypted, OpenTranscript } from './browse-place.ts'
import type { DecryptedShelf } from './decrypted-shelf.ts'

interface Wanted {
  readonly tip: Oid
  open(): Promise<Decrypted>
  /** Of the question. */
  readonly signal: AbortSignal
}

/**
 * Whoever comes first opens it, and the others wait for that. When the first gives up, that is `interrupted` for all of
 * them; then the next one opens it.
 */
export async function useShelf<T>(
  shelf: DecryptedShelf,
  { tip, open, signal }: Wanted,
  work: (transcript: OpenTranscript) => Promise<T>,
): Promise<T> {
  let isOwn = false
  const openOwn = () => {
    isOwn = true
    return open()
  }
  for (;;) {
    try {
      return await shelf.use(tip, openOwn, work)
    } catch (error) {
      if (isOwn || !isGivenUp(error, signal)) throw error
    }
  }
}

/** Somebody else's question was interrupted, and ours was not. */
export function isGivenUp(error: unknown, own: AbortSignal): boolean {
  return !own.aborted && hasCode(error, 'interrupted')
}
