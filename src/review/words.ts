/** What of a row is somebody's own words. Pure. */

import type { Row } from './row.ts'
import { textOf } from './tool-call.ts'
import { commandOf, outputOf } from './user-command.ts'

/** Typed by a person: neither a tool's result, nor what a command printed, nor said by the client. */
export function isAsked(row: Row): boolean {
  return row.kind === 'prompt' && !row.hidden && !row.sidechain && askedText(row) !== ''
}

/** What a prompt asks, a typed command as it was typed; '' when it asks nothing. */
export function askedText(row: Row): string {
  if (row.kind !== 'prompt' || row.hidden) return ''
  const texts = row.blocks.flatMap((block) => (block.kind === 'text' ? [textOf(block)] : []))
  return texts
    .filter((text) => outputOf(text) === undefined)
    .map((text) => commandOf(text) ?? text)
    .join('\n')
    .trim()
}

/** What an answer says, without thinking and tools. */
export function answeredText(row: Row): string {
  if (row.kind !== 'answer') return ''
  return row.blocks
    .flatMap((block) => (block.kind === 'text' ? [block.text] : []))
    .join('\n')
    .trim()
}
