/** Replaces spans of a buffer. Pure. */

/** Replacements collected for one buffer, in any order; where two overlap, the one that begins first wins. */
export interface Edits {
  readonly list: Edit[]
}

interface Edit {
  readonly start: number
  readonly end: number
  readonly text: Uint8Array
}

/** Pieces from this size on are handed on as they lie; smaller ones are copied together. */
const largePieceBytes = 64 * 1024
const nothing = new Uint8Array(0)

export function replace(edits: Edits, start: number, end: number, text: Uint8Array): void {
  edits.list.push({ start, end, text })
}

export function cut(edits: Edits, start: number, end: number): void {
  edits.list.push({ start, end, text: nothing })
}

export interface Span {
  readonly start: number
  readonly end: number
}

/** Cuts members out of one object or array with the commas that held them. */
export function cutMembers(members: readonly Span[], isCut: (index: number) => boolean, edits: Edits): void {
  const firstKept = members.findIndex((_, index) => !isCut(index))
  const [first, last] = [members[0], members.at(-1)]
  if (!first || !last) return
  if (firstKept < 0) {
    cut(edits, first.start, last.end)
    return
  }
  const kept = members[firstKept]
  if (kept && firstKept > 0) cut(edits, first.start, kept.start)
  for (let index = firstKept + 1; index < members.length; index++) {
    const [before, member] = [members[index - 1], members[index]]
    if (before && member && isCut(index)) cut(edits, before.end, member.end)
  }
}

/** The edited content. Pieces may share memory with `bytes`. */
export function applyEdits(bytes: Buffer, edits: Edits): readonly Buffer[] {
  if (edits.list.length === 0) return [bytes]
  const pieces: Uint8Array[] = []
  let done = 0
  for (const edit of sorted(edits.list)) {
    if (edit.start < done) continue
    if (edit.start > done) pieces.push(bytes.subarray(done, edit.start))
    if (edit.text.length > 0) pieces.push(edit.text)
    done = edit.end
  }
  if (done < bytes.length) pieces.push(bytes.subarray(done))
  return joinSmall(pieces)
}

function joinSmall(pieces: readonly Uint8Array[]): readonly Buffer[] {
  const joined: Buffer[] = []
  let small: Uint8Array[] = []
  const flush = () => {
    if (small.length > 0) joined.push(Buffer.concat(small))
    small = []
  }
  let smallBytes = 0
  for (const piece of pieces) {
    if (piece.length >= largePieceBytes || smallBytes > 8 * largePieceBytes) {
      flush()
      smallBytes = 0
    }
    if (piece.length >= largePieceBytes) {
      joined.push(Buffer.from(piece.buffer, piece.byteOffset, piece.length))
      continue
    }
    small.push(piece)
    smallBytes += piece.length
  }
  flush()
  return joined
}

function sorted(list: Edit[]): readonly Edit[] {
  const ordered = list.every((edit, index) => index === 0 || (list[index - 1]?.start ?? 0) < edit.start)
  return ordered ? list : list.toSorted((a, b) => a.start - b.start || b.end - a.end)
}
