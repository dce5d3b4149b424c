/** How many columns text takes on a terminal: two for East Asian wide letters and emoji, none for marks. Pure. */

/** East Asian Width W and F, in blocks; what has emoji looks by itself is asked of the regular expression engine. */
const wide =
  /^[\u1100-\u115f\u2329\u232a\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18df2}\u{1aff0}-\u{1b2ff}\u{1d300}-\u{1d376}\u{1f200}-\u{1f2ff}\u{20000}-\u{3fffd}\p{Emoji_Presentation}]$/u
/** Half of a flag each. */
const regionalIndicator = /^\p{Regional_Indicator}$/u
const zeroWidth = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}\u1160-\u11ff]$/u
const asciiOnly = /^[\x20-\x7e]*$/
/** Asks for the emoji look of the letter before it. */
const emojiSelector = '\ufe0f'
/** More marks than this on one letter are no language but a tower of ink. */
const maxMarks = 8

/** Columns of one line. Counts letters as terminals do, so a family of joined emoji is as wide as its members. */
export function textWidth(line: string): number {
  if (asciiOnly.test(line)) return line.length
  let width = 0
  for (const { columns } of measured(line)) width += columns
  return width
}

/** The line if it fits, else as much of it as fits before a `…`. Marks that pile up are left out. */
export function cutToWidth(line: string, maxColumns: number): string {
  if (asciiOnly.test(line)) {
    return line.length <= maxColumns
      ? line
      : `${line.slice(0, Math.max(0, maxColumns - 1))}${dots(maxColumns)}`
  }
  let kept = ''
  let fitting = ''
  let width = 0
  let marks = 0
  for (const { letter, columns } of measured(line)) {
    marks = columns === 0 ? marks + 1 : 0
    if (marks > maxMarks) continue
    width += columns
    if (width > maxColumns) return fitting + dots(maxColumns)
    kept += letter
    if (width < maxColumns) fitting = kept
  }
  return kept
}

/** The line with spaces after it up to `columns`. */
export function padToWidth(line: string, columns: number): string {
  return line + ' '.repeat(Math.max(0, columns - textWidth(line)))
}

function dots(maxColumns: number): string {
  return maxColumns >= 1 ? '…' : ''
}

/** An emoji selector widens the letter before it. */
function* measured(line: string): Generator<{ letter: string; columns: number }> {
  let before = 0
  for (const letter of line) {
    const columns = letter === emojiSelector && before === 1 ? 1 : letterWidth(letter)
    yield { letter, columns }
    before = columns
  }
}

function letterWidth(letter: string): number {
  if (asciiOnly.test(letter)) return 1
  if (zeroWidth.test(letter)) return 0
  if (regionalIndicator.test(letter)) return 1
  return wide.test(letter) ? 2 : 1
}
