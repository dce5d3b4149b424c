/** Finds what is to be edited in one JSON document, such as a row of a transcript: in its strings only. Pure. */

import { TeleportError } from '../errors.ts'
import { walkLeaves } from './json-leaves.ts'
import { thinkingLabel } from './label.ts'
import { leafText } from './leaf-text.ts'
import { isOpaque, namesSecret } from './opaque.ts'
import { type Edit, type Scanner, scanLeaf } from './scan-leaf.ts'

/** `unreadable`: not JSON. */
export type RowEdits = { readonly edits: readonly Edit[]; readonly type: string } | 'unreadable'

/** An object or array that is being walked. */
interface Frame {
  readonly kind: 'object' | 'array'
  /** How many edits there were when it began. */
  readonly editsBefore: number
  thinking: boolean
  /** Of an array, the first members. */
  readonly members: Member[]
}

interface Member {
  readonly start: number
  readonly end: number
  /** A block of thinking with a finding. Its edit is there already. */
  readonly gone: boolean
}

/** No message has more; where one is in an array with more, it is replaced. */
const mostMembers = 10_000
/** Keys shorter than any secret are not looked at. */
const shortestKey = 16
/** Longer values are told by themselves. */
const longestKeyed = 4096

/**
 * Edits of the document in `bytes[start, end)`, ascending. A thinking block with a finding goes whole, since an edited one is
 * refused by the API; where no other block is left, a text block takes its place, so that the row stays in its chain.
 * Throws `secret-found` for what is nested too deep to be looked at.
 */
export function editsOfDocument(bytes: Buffer, start: number, end: number, scanner: Scanner): RowEdits {
  const edits: Edit[] = []
  const frames: Frame[] = []
  let type = ''
  let bad = false
  /** The object that was closed last is a block of thinking that goes. */
  let goneNow = false

  const take = (found: readonly Edit[] | undefined) => {
    for (const edit of found ?? []) edits.push(edit)
    if (!found) bad = true
  }
  const walked = walkLeaves(bytes, start, end, {
    string(from, to, keyStart, keyEnd) {
      const key = bytes.toString('latin1', keyStart, keyEnd)
      const frame = frames.at(-1)
      if (key === 'type' && frame?.kind === 'object') {
        const value = leafText(bytes, from, to)
        if (value === 'thinking' || value === 'redacted_thinking') frame.thinking = true
        if (frames.length === 1) type = value ?? ''
      }
      if (to === from || isSkipped(key, frame, from, to)) return
      const keyed = to - from <= longestKeyed && namesSecret(key)
      take(scanLeaf(bytes, from, to, keyed ? `"${key}": "` : '', scanner))
    },
    key(from, to) {
      if (to - from >= shortestKey) take(scanLeaf(bytes, from, to, '', scanner))
    },
    open(kind) {
      frames.push({ kind, editsBefore: edits.length, thinking: false, members: [] })
    },
    close(kind, from, to) {
      const frame = frames.pop()
      if (!frame) return
      if (kind === 'array') dropMembers(frame, edits)
      goneNow = frame.thinking && edits.length > frame.editsBefore
      if (goneNow) replaceSince(edits, frame.editsBefore, from, to)
    },
    member(from, to) {
      const members = frames.at(-1)?.members
      if (members && members.length < mostMembers) members.push({ start: from, end: to, gone: goneNow })
      goneNow = false
    },
  })

  function isSkipped(key: string, frame: Frame | undefined, from: number, to: number): boolean {
    // Thinking that is encrypted already; its type stands before it in every row of the client.
    if (frame?.thinking && key === 'data') return true
    return mayBeOpaque(key, bytes, from, to) && isOpaque(key, bytes.toString('latin1', from, to))
  }

  if (walked === 'too-deep') throw tooDeep()
  return walked === 'not-json' || bad ? 'unreadable' : { edits, type }
}

const thinkingBlock = `{"type":"text","text":"${thinkingLabel}"}`

/** Spares most long strings the copy. */
function mayBeOpaque(key: string, bytes: Buffer, from: number, to: number): boolean {
  if (to - from <= 64 || /ignature|ncrypted/.test(key)) return true
  return [105, 47, 82, 85, 74].includes(bytes[from] ?? 0)
}

/** All edits since `before` become one, which remembers why. */
function replaceSince(edits: Edit[], before: number, start: number, end: number): void {
  const rules = edits.splice(before).flatMap((edit) => edit.rules)
  edits.push({ start, end, text: thinkingBlock, rules: [...rules, 'thinking-block'] })
}

/** Cuts the members that go, with the commas that held them, unless none is left. */
function dropMembers({ members, editsBefore }: Frame, edits: Edit[]): void {
  const firstKept = members.findIndex(({ gone }) => !gone)
  members.forEach(({ start, end, gone }, index) => {
    if (!gone || (firstKept < 0 && index === 0)) return
    const leads = index < firstKept
    const cut = leads
      ? { start, end: members[index + 1]?.start ?? end }
      : { start: members[index - 1]?.end ?? start, end }
    const place = edits.findIndex((edit, at) => at >= editsBefore && edit.start === start)
    const edit = edits[place]
    if (edit) edits[place] = { ...edit, ...cut, text: '' }
  })
}

export function tooDeep(): TeleportError {
  return new TeleportError('secret-found', 'a row is nested too deep to be looked through for secrets')
}
