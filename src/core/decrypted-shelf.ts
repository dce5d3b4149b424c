/** The sessions of the remote that somebody looks at, decrypted once and kept for a while. */

import type { Oid } from '../model.ts'
import type { Decrypted, OpenTranscript } from './browse-place.ts'

/** Sessions of the remote that lie decrypted at once: the last few that somebody looked at. */
const mostOpen = 4

export interface DecryptedShelf {
  /** Keeps it open while `work` runs, and a while after that. */
  use<T>(
    tip: Oid,
    open: () => Promise<Decrypted>,
    work: (transcript: OpenTranscript) => Promise<T>,
  ): Promise<T>
  holds(tip: Oid): boolean
  close(): Promise<void>
}

export function createShelf(): DecryptedShelf {
  const books = new Map<Oid, { readonly opened: Promise<Decrypted>; users: number }>()
  const shut = async ({ opened }: { readonly opened: Promise<Decrypted> }) => {
    await opened.then((decrypted) => decrypted.close()).catch(() => undefined)
  }
  const makeRoom = async () => {
    for (const [tip, book] of books) {
      if (books.size <= mostOpen) return
      if (book.users > 0) continue
      books.delete(tip)
      await shut(book)
    }
  }
  return {
    async use(tip, open, work) {
      const book = books.get(tip) ?? { opened: open(), users: 0 }
      // The one that was used last stands last.
      books.delete(tip)
      books.set(tip, book)
      book.users += 1
      try {
        const { transcript } = await book.opened.catch((error: unknown) => {
          books.delete(tip)
          throw error
        })
        return await work(transcript)
      } finally {
        book.users -= 1
        await makeRoom()
      }
    },
    holds: (tip) => books.has(tip),
    async close() {
      const all = [...books.values()]
      books.clear()
      await Promise.all(all.map(shut))
    },
  }
}
