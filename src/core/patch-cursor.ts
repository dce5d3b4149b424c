/** Deals the items of a list of removed parts out to the pieces that they belong to. Pure. */

import type { PatchItem } from '../redact/patch.ts'

export interface PatchCursor {
  /** The items of one piece; null when it has none. Pieces are asked for in ascending order, and may be left out. */
  of(piece: number): Promise<AsyncIterable<PatchItem> | null>
  /** Whether no items are left. */
  isDone(): Promise<boolean>
}

export function patchCursor(items: AsyncIterator<PatchItem>): PatchCursor {
  let next: PatchItem | undefined
  let ended = false

  async function peek(): Promise<PatchItem | undefined> {
    if (next || ended) return next
    const { value, done } = await items.next()
    ended = done === true
    next = done ? undefined : value
    return next
  }

  async function* take(): AsyncGenerator<PatchItem> {
    for (let item = await peek(); item; item = await peek()) {
      next = undefined
      yield item
      if (item.kind === 'end') return
    }
  }

  return {
    async of(piece) {
      let item = await peek()
      while (item && pieceOf(item) < piece) {
        next = undefined
        item = await peek()
      }
      return item && pieceOf(item) === piece ? take() : null
    },
    isDone: async () => (await peek()) === undefined,
  }
}

function pieceOf(item: PatchItem): number {
  return item.kind === 'end' ? item.end.piece : item.piece
}
