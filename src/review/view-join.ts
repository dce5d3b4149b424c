/** Brings the calls of a page together with what they came to. Pure. */

import type { ViewBlock, ViewMessage } from './view.ts'

type ResultBlock = ViewBlock & { readonly kind: 'result' }

/**
 * Puts each result into its call where both are there, and leaves out messages that held nothing else. A result without
 * its call stays where it is.
 */
export function joinResults(messages: readonly ViewMessage[]): readonly ViewMessage[] {
  const found = findResults(messages)
  const taken = new Set(found.values())
  return messages.flatMap((message): readonly ViewMessage[] => {
    const blocks = message.blocks.flatMap((block): readonly ViewBlock[] => {
      if (block.kind === 'result') return taken.has(block) ? [] : [block]
      const result = block.kind === 'call' ? found.get(block) : undefined
      if (block.kind !== 'call' || !result) return [block]
      const { number, failed, body, media, diff } = result
      return [{ ...block, result: { number, failed, body, media, diff } }]
    })
    return blocks.length === 0 ? [] : [{ ...message, blocks }]
  })
}

/** Only a result after its call, and only one each: ids are whatever a row says. */
function findResults(messages: readonly ViewMessage[]): ReadonlyMap<ViewBlock, ResultBlock> {
  const open = new Map<string, ViewBlock>()
  const found = new Map<ViewBlock, ResultBlock>()
  for (const { blocks, depth } of messages) {
    for (const block of blocks) {
      if (block.kind === 'call') open.set(`${depth} ${block.id}`, block)
      if (block.kind !== 'result') continue
      const call = open.get(`${depth} ${block.id}`)
      open.delete(`${depth} ${block.id}`)
      if (call) found.set(call, block)
    }
  }
  return found
}
