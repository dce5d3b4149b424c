/** Code as it is: letters that nobody sees, or that turn others around, are spelled out, for they may be there on purpose. Pure. */

const unseen = /[^\P{C}\t]|[\u2028\u2029]/gu

/** One line; nothing of it is left out but what is over `mostLetters`. */
export function visibleLine(text: string, mostLetters = 4000): string {
  const cut = text.length > mostLetters ? `${text.slice(0, mostLetters)}…` : text
  return cut.replace(/\r$/, '').replace(unseen, (letter) => `\\u{${letter.codePointAt(0)?.toString(16)}}`)
}
