/** What decides whether a row is kept and what it hangs on. Pure. */

import { at, type FieldNode } from './field-tree.ts'
import { decodeString, type Spans } from './json-spans.ts'

const [firstSingle, pastSingles] = [20, 31]

/** Tags of whole values. All but `hidden` may occur once in an honest row. */
const singles = {
  type: 20,
  uuid: 21,
  parent: 22,
  logicalParent: 23,
  leaf: 24,
  attachment: 25,
  message: 26,
  role: 27,
  snapshot: 28,
  tracked: 29,
  backup: 30,
} as const
const attachmentType = 31
const hidden = 32

export function addFactFields(root: FieldNode): void {
  const whole = (path: string, kind: number) => {
    at(root, path).whole = kind
  }
  whole('type', singles.type)
  whole('uuid', singles.uuid)
  whole('parentUuid', singles.parent)
  whole('logicalParentUuid', singles.logicalParent)
  whole('leafUuid', singles.leaf)
  whole('attachment', singles.attachment)
  whole('attachment.type', attachmentType)
  whole('message', singles.message)
  whole('message.role', singles.role)
  whole('snapshot', singles.snapshot)
  whole('snapshot.trackedFileBackups', singles.tracked)
  whole('backup', singles.backup)
  for (const path of ['rendered', 'renderedRole', 'attachment.rendered', 'attachment.renderedRole']) {
    whole(path, hidden)
  }
  whole('permissionMode', hidden)
}

export interface Link {
  readonly start: number
  readonly end: number
  readonly uuid: string
}

export interface RowFacts {
  readonly type: string | undefined
  readonly attachmentType: string | undefined
  readonly role: string | undefined
  readonly uuid: string | undefined
  /** `parentUuid`, when it is a string. */
  readonly parent: string | null
  /** Every reference to another row, with the span of its value. */
  readonly links: readonly Link[]
  /** Spans of values that would speak to the model or the client in the sender's name. */
  readonly hidden: readonly { readonly start: number; readonly end: number }[]
  /** A deciding member is there twice: readers may disagree on which one counts. */
  readonly ambiguous: boolean
}

export function readFacts(bytes: Buffer, spans: Spans): RowFacts {
  const first = new Map<number, string | undefined>()
  const links: Link[] = []
  const concealed: { start: number; end: number }[] = []
  let ambiguous = false
  for (let index = 0; index < spans.count; index++) {
    const kind = spans.tags[index] ?? -1
    if (kind < firstSingle) continue
    const [start, end] = [spans.starts[index] ?? 0, spans.ends[index] ?? 0]
    if (kind === hidden) {
      concealed.push({ start, end })
      continue
    }
    ambiguous ||= first.has(kind) && (kind < pastSingles || kind === attachmentType)
    const text = shortText(bytes, start, end)
    first.set(kind, text)
    if (kind >= singles.parent && kind <= singles.leaf && text !== undefined)
      links.push({ start, end, uuid: text })
  }
  return {
    type: first.get(singles.type),
    attachmentType: first.get(attachmentType),
    role: first.get(singles.role),
    uuid: first.get(singles.uuid),
    parent: first.get(singles.parent) ?? null,
    links,
    hidden: concealed,
    ambiguous,
  }
}

/** The text of a whole value that is a short string, else `undefined`. */
function shortText(bytes: Buffer, start: number, end: number): string | undefined {
  const isShortString = bytes[start] === 34 && end - start <= 512
  return isShortString ? decodeString(bytes, start + 1, end - 1) : undefined
}
