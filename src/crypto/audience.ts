/** The digest that names a set of readers. Pure. */

import { createHash } from 'node:crypto'
import { TeleportError } from '../errors.ts'
import { type AudienceId, isAudienceId, isSha256, type Sha256 } from '../model.ts'

/**
 * SHA-256 of the sorted recipient strings (`type base64` without comment, or `age1…`) joined by LF.
 * A reader named twice counts once. Throws `bad-key` for a string that is not spelled like a recipient.
 */
export function recipientsDigest(readers: readonly string[]): Sha256 {
  const wrong = readers.find((reader) => !/^[\x21-\x7e]+(?: [\x21-\x7e]+)?$/.test(reader))
  if (wrong !== undefined) throw new TeleportError('bad-key', `"${wrong.slice(0, 80)}" is not a recipient`)
  const digest = createHash('sha256')
    .update([...new Set(readers)].sort().join('\n'))
    .digest('hex')
  if (!isSha256(digest)) throw new Error('SHA-256 made no digest')
  return digest
}

/** The first 16 hex digits of `recipientsDigest`. */
export function audienceId(readers: readonly string[]): AudienceId {
  const id = recipientsDigest(readers).slice(0, 16)
  if (!isAudienceId(id)) throw new Error('SHA-256 made no digest')
  return id
}
