/** Cuts a typed line into words, as a shell would, and does nothing else that a shell does. Pure. */

import { TeleportError } from '../errors.ts'

/**
 * Blanks part words. Quotes of either kind hold blanks; in double ones a backslash stands before a quote or a backslash.
 * Nothing is looked up, replaced or run: `$`, backquotes, `*` and `;` are letters. Throws `usage` for an open quote.
 */
export function splitWords(line: string): readonly string[] {
  const words: string[] = []
  let at = 0
  while (at < line.length) {
    const [blank = ''] = /^\s+/.exec(line.slice(at)) ?? []
    at += blank.length
    if (at >= line.length) break
    const { word, end } = wordAt(line, at)
    words.push(word)
    at = end
  }
  return words
}

const piece = /'([^']*)'|"((?:[^"\\]|\\[\s\S])*)"|([^\s'"]+)/y

function wordAt(line: string, start: number): { readonly word: string; readonly end: number } {
  let word = ''
  let at = start
  while (at < line.length && !/\s/.test(line.charAt(at))) {
    piece.lastIndex = at
    const found = piece.exec(line)
    if (!found) throw new TeleportError('usage', `a quote is not closed: ${line.slice(at, at + 40)}`)
    const [whole, single, double, plain] = found
    word += single ?? double?.replace(/\\(["\\])/g, '$1') ?? plain ?? ''
    at += whole.length
  }
  return { word, end: at }
}
