/** The known word that was probably meant. Pure. */

/** The one of `known` that differs from `typed` by the fewest letters, by at most `most`; the first of several. */
export function nearest(typed: string, known: readonly string[], most = 2): string | undefined {
  const scored = known.map((word) => ({ word, steps: distance(typed, word) }))
  const [best] = scored.sort((a, b) => a.steps - b.steps)
  return best && best.steps <= most ? best.word : undefined
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      next.push(Math.min((next[j - 1] ?? 0) + 1, (row[j] ?? 0) + 1, (row[j - 1] ?? 0) + same))
    }
    row = next
  }
  return row[b.length] ?? 0
}
