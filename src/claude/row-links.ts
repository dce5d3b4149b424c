/** Remembers which rows were left out, so that later rows can be tied to what came before them. Pure. */

/** Rows that are left out keep their chain together: uuid of each, and the row that it hung on. */
export interface RowLinks {
  readonly removed: Map<string, string | null>
}

/** Rows hang on near ones, so old entries may go: this bounds the memory at some 30 MB. */
const mostRemembered = 200_000
/** What is kept from one pull to the next. */
const mostSaved = 500

/** @param saved what `saveRowLinks` returned after the part before; anything else begins anew */
export function newRowLinks(saved?: unknown): RowLinks {
  const removed = new Map<string, string | null>()
  if (!Array.isArray(saved)) return { removed }
  for (const pair of saved.slice(-mostSaved)) {
    if (!Array.isArray(pair)) continue
    const [uuid, parent]: unknown[] = pair
    if (typeof uuid === 'string' && (typeof parent === 'string' || parent === null)) removed.set(uuid, parent)
  }
  return { removed }
}

/** Plain data for a state file: the next part of the same transcript may hang on rows left out of this one. */
export function saveRowLinks(links: RowLinks): readonly (readonly [string, string | null])[] {
  return [...links.removed].slice(-mostSaved)
}

export function leaveOut(links: RowLinks, uuid: string, parent: string | null): void {
  links.removed.delete(uuid)
  links.removed.set(uuid, parent === null ? null : resolveLink(links, parent))
  if (links.removed.size <= mostRemembered) return
  const oldest = links.removed.keys().next()
  if (!oldest.done) links.removed.delete(oldest.value)
}

/** The nearest row that is still there: `uuid` itself, or what it hung on; `null` is the beginning. */
export function resolveLink(links: RowLinks, uuid: string): string | null {
  const seen = new Set<string>()
  let current: string | null = uuid
  while (current !== null && !seen.has(current)) {
    const next: string | null | undefined = links.removed.get(current)
    if (next === undefined) return current
    seen.add(current)
    current = next
  }
  return null
}
