/** Finds many words in a text at once, whatever their case (Aho and Corasick's automaton). Pure. */

/** Where words were found; reused from text to text. */
export interface Hits {
  count: number
  readonly words: number[]
  /** The offset after the word. */
  readonly ends: number[]
}

export function newHits(): Hits {
  return { count: 0, words: [], ends: [] }
}

/** Reports every place of every word in `text`, in the order of their ends, by the word's index. */
export type KeywordFinder = (text: string, hits: Hits) => void

/** @param words ASCII */
export function keywordFinder(words: readonly string[]): KeywordFinder {
  const { classOf, classes } = letterClasses(words)
  const trie = buildTrie(words, classOf, classes)
  const { table, found } = link(trie, classes)

  return (text, hits) => {
    hits.count = 0
    let state = 0
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at)
      const letter = code < 128 ? (classOf[code] ?? 0) : 0
      if (letter === 0) {
        state = 0
        continue
      }
      state = table[state + letter] ?? 0
      if ((table[state] ?? 0) === 0) continue
      for (const word of found[state / classes] ?? []) {
        hits.words[hits.count] = word
        hits.ends[hits.count++] = at + 1
      }
    }
  }
}

/** Each letter of the words gets a number from 1; class 0 is every other character, which no word goes on with. */
function letterClasses(words: readonly string[]) {
  const classOf = new Uint8Array(128)
  let classes = 1
  for (const letter of words.join('').toLowerCase()) {
    const code = letter.charCodeAt(0)
    if (code > 127) throw new Error('a keyword is not ASCII')
    if (classOf[code] !== 0) continue
    classOf[code] = classes
    classOf[letter.toUpperCase().charCodeAt(0)] = classes
    classes++
  }
  return { classOf, classes }
}

interface Trie {
  /** Rows of `classes` cells; 0 is none, since nothing leads to the root. */
  readonly next: Uint32Array
  readonly ends: number[][]
}

function buildTrie(words: readonly string[], classOf: Uint8Array, classes: number): Trie {
  const letters = words.reduce((sum, word) => sum + word.length, 0)
  const next = new Uint32Array((letters + 1) * classes)
  const ends: number[][] = [[]]
  words.forEach((word, index) => {
    let state = 0
    for (let at = 0; at < word.length; at++) {
      const cell = state * classes + (classOf[word.charCodeAt(at)] ?? 0)
      if (next[cell] === 0) {
        next[cell] = ends.length
        ends.push([])
      }
      state = next[cell] ?? 0
    }
    ends[state]?.push(index)
  })
  return { next, ends }
}

/**
 * Completes the trie to an automaton that never goes back. States are offsets of rows. Column 0 is not needed for a
 * step, which always leads to the root, and says whether a word ends in the state.
 */
function link({ next, ends }: Trie, classes: number) {
  const table = new Uint32Array(ends.length * classes)
  const fallback = new Uint32Array(ends.length)
  const queue = [0]
  for (let index = 0; index < queue.length; index++) {
    const state = queue[index] ?? 0
    const other = fallback[state] ?? 0
    if (state !== 0) ends[state]?.push(...(ends[other] ?? []))
    for (let letter = 1; letter < classes; letter++) {
      const child = next[state * classes + letter] ?? 0
      const there = state === 0 ? 0 : (table[other * classes + letter] ?? 0)
      table[state * classes + letter] = child === 0 ? there : child * classes
      if (child === 0) continue
      fallback[child] = there / classes
      queue.push(child)
    }
  }
  ends.forEach((words, state) => {
    table[state * classes] = words.length > 0 ? 1 : 0
  })
  return { table, found: ends }
}
