/** A conversation for programs: every message with its blocks, as JSON that is harmless on a terminal too. Pure. */

import type { Conversed } from './conversation.ts'
import type { Block } from './row.ts'
import { isDeep } from './tool-call.ts'

export interface JsonTaste {
  readonly thinking: boolean
}

/** Undefined for rows that cannot be read. */
export function exportedMessage(
  { row, number, depth }: Conversed,
  taste: JsonTaste,
): Readonly<Record<string, unknown>> | undefined {
  if (typeof row === 'string') return undefined
  const { kind, uuid, time, hidden, model, patch } = row
  return {
    number,
    depth,
    kind,
    uuid,
    time,
    ...(hidden ? { hidden } : {}),
    ...(model === '' ? {} : { model }),
    blocks: row.blocks.flatMap((block) => exportedBlock(block, taste) ?? []),
    ...(patch.length === 0 ? {} : { patch }),
  }
}

function exportedBlock(block: Block, taste: JsonTaste): Readonly<Record<string, unknown>> | undefined {
  switch (block.kind) {
    case 'thinking':
      return taste.thinking ? { ...block } : undefined
    case 'call':
      return isDeep(block.input) ? { ...block, input: null, tooDeep: true } : { ...block }
    case 'result':
      return { ...block, blocks: block.blocks.flatMap((inner) => exportedBlock(inner, taste) ?? []) }
    default:
      return { ...block }
  }
}

/** JSON on one line; letters that a terminal or an editor obeys are escaped, and nothing is lost. */
export function safeJson(value: unknown): string {
  return JSON.stringify(value).replace(/\p{C}|[\u2028\u2029]/gu, (letter) =>
    [...Array(letter.length).keys()]
      .map((at) => `\\u${letter.charCodeAt(at).toString(16).padStart(4, '0')}`)
      .join(''),
  )
}
