/** `.teleport/recipients`: extra readers, in the format of `age -R`. Pure. */

import type { ExtraReader } from '../model.ts'
import { badLine, linesOf } from './policy-text.ts'

/** The recipient without its comment, and the comment; throws for what nothing can be encrypted to. */
export type ReadRecipient = (text: string) => ExtraReader

export const recipientsFile = '.teleport/recipients'

/**
 * One recipient a line, comment lines between; an SSH key's own comment, else the comment line right above, is what it
 * is called. Throws `bad-policy`.
 */
export function parseRecipients(text: string, readRecipient: ReadRecipient): readonly ExtraReader[] {
  const readers = new Map<string, ExtraReader>()
  let above = ''
  for (const [index, line] of linesOf(text).entries()) {
    const fail = (why: string, cause?: unknown) => badLine(recipientsFile, index + 1, why, cause)
    const comment = /^#\s*(.*?)\s*$/.exec(line)?.[1]
    if (comment !== undefined || line === '') {
      above = comment ?? ''
      continue
    }
    const reader = recipientOn(line, readRecipient, fail)
    if (readers.has(reader.recipient)) throw fail('this recipient is on an earlier line too')
    readers.set(reader.recipient, reader.comment === '' ? { ...reader, comment: above } : reader)
    above = ''
  }
  refuseMixture([...readers.keys()])
  return [...readers.values()]
}

function recipientOn(
  line: string,
  readRecipient: ReadRecipient,
  fail: (why: string, cause?: unknown) => Error,
): ExtraReader {
  try {
    const { recipient, comment } = readRecipient(line)
    return { recipient, comment }
  } catch (cause) {
    throw fail(cause instanceof Error ? cause.message : 'not a recipient', cause)
  }
}

/** age refuses such a set, since one reader of the older kind voids what the others are protected from. */
function refuseMixture(recipients: readonly string[]): void {
  const postQuantum = recipients.filter((each) => each.startsWith('age1pq1')).length
  if (postQuantum === 0 || postQuantum === recipients.length) return
  throw badLine(recipientsFile, 1, 'post-quantum recipients (age1pq1…) cannot be mixed with any others')
}
