/** The one order of sessions in lists. Pure. */

interface Dated {
  readonly session: string
  /** As `formatTime` writes it: in whole seconds. */
  readonly updated: string | null
}

/** For `sort`. What was touched within one second comes by its id. */
export function newestFirst(a: Dated, b: Dated): number {
  const [before, after] = [a.updated ?? '', b.updated ?? '']
  if (before !== after) return before < after ? 1 : -1
  return a.session < b.session ? -1 : 1
}
