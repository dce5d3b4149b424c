/** Finds words in texts: all of them in one message, whatever their case. Pure. */

import type { DigestedText } from './digest.ts'

export interface Match extends Omit<DigestedText, 'text'> {
  /** The text around the first word found, one line. */
  readonly excerpt: string
  /** Where words stand in the excerpt: begin and end of each. */
  readonly places: readonly (readonly [number, number])[]
}

/** Words are compared in this form. Never longer or shorter than the text, so that places stay. */
export function folded(text: string): string {
  const lower = text.toLowerCase()
  return lower.length === text.length ? lower : [...text].map(foldOne).join('')
}

function foldOne(letter: string): string {
  const lower = letter.toLowerCase()
  return lower.length === letter.length ? lower : letter
}

/** @param words each may hold blanks: then it is a phrase; compared as `folded`, blanks counting as one */
export function findWords(texts: readonly DigestedText[], words: readonly string[]): readonly Match[] {
  const wanted = words
    .map((word) => folded(word.normalize('NFC')).replace(/\s+/g, ' ').trim())
    .filter(Boolean)
  if (wanted.length === 0) return []
  return texts.flatMap(({ text, ...rest }) => {
    const line = text.normalize('NFC').replace(/\s+/g, ' ')
    const low = folded(line)
    const found = wanted.map((word) => low.indexOf(word))
    if (found.includes(-1)) return []
    return [{ ...rest, ...excerptOf(line, low, wanted, Math.min(...found)) }]
  })
}

const before = 40
const excerptLength = 200

function excerptOf(
  line: string,
  low: string,
  wanted: readonly string[],
  at: number,
): Pick<Match, 'excerpt' | 'places'> {
  const from = wholeLetter(line, at <= before ? 0 : at - before)
  const to = wholeLetter(line, from + excerptLength)
  const places: [number, number][] = []
  for (const word of wanted) {
    for (let found = low.indexOf(word, from); found !== -1 && found + word.length <= to; ) {
      places.push([found - from, found - from + word.length])
      found = low.indexOf(word, found + word.length)
    }
  }
  places.sort(([a], [b]) => a - b)
  const apart = places.filter(([begin], index) => places.slice(0, index).every(([, end]) => end <= begin))
  return { excerpt: line.slice(from, to), places: apart }
}

/** Not between the two halves of a letter. */
function wholeLetter(line: string, at: number): number {
  return /[\udc00-\udfff]/.test(line[at] ?? '') ? at - 1 : Math.min(at, line.length)
}
