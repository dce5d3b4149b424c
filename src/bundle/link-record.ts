/** Reads what this program wrote down about the commits that a session made. Pure. */

import { type CommitLink, isOid, type Oid } from '../model.ts'
import { link } from './fields.ts'
import { check, list, object, oneOf, type Shape, text } from './shape.ts'

/** A link, and the remotes whose manifest of the session has held it. */
export interface KeptLink {
  readonly link: CommitLink
  /** Keys of remotes. */
  readonly sent: readonly string[]
}

const linkFile: Shape<{ readonly format: 1; readonly links: readonly KeptLink[] }> = object({
  format: oneOf(1),
  links: list(object({ link, sent: list(text(64, /^[0-9a-f]+$/), 1000) }), 100_000),
})

/** Throws `store-damaged`. */
export function parseLinkFile(value: unknown): readonly KeptLink[] {
  return check(linkFile, value, 'a file of links', 'store-damaged').links
}

/** The lines `<old> <new>` of post-rewrite. What is no such line is left out: git says that more may follow. */
export function parseRewrites(text: string): readonly (readonly [Oid, Oid])[] {
  return text.split('\n').flatMap((line): (readonly [Oid, Oid])[] => {
    const [before = '', after = ''] = line.split(' ')
    return isOid(before) && isOid(after) && before !== after ? [[before, after]] : []
  })
}
