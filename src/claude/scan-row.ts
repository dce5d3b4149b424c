/** Reads one row of a transcript for what a scan notes. Pure. */

import { at, type FieldNode, wantStrings } from './field-tree.ts'
import { decodeString, newSpans, type Spans, spanScanner } from './json-spans.ts'
import { addCheckpointFields } from './path-fields.ts'

/** Tags of a scan; checkpoints keep theirs, which are smaller. */
export const scanTag = {
  type: 50,
  uuid: 51,
  sidechain: 52,
  meta: 53,
  cwd: 54,
  version: 55,
  branch: 56,
  slug: 57,
  customTitle: 58,
  aiTitle: 59,
  summary: 60,
  lastPrompt: 61,
  text: 62,
  planFile: 63,
  plan: 64,
  resultPath: 65,
} as const
const firstTag = 50
const tagCount = 16

/** One row: where its noted values lie. The next row overwrites it. */
export interface ScannedRow {
  readonly bytes: Buffer
  readonly spans: Spans
  /** Whether it names tracked files. */
  readonly checkpoint: boolean
  /** Where the first value under a tag begins and ends; -1 when there is none. */
  start(kind: number): number
  end(kind: number): number
}

/** Follows one line; `undefined` when it cannot be followed. */
export function rowScanner(): (bytes: Buffer, start: number, end: number) => ScannedRow | undefined {
  const scan = spanScanner(scanFields())
  const spans = newSpans()
  const starts = new Int32Array(tagCount)
  const ends = new Int32Array(tagCount)
  const start = (kind: number) => starts[kind - firstTag] ?? -1
  const end = (kind: number) => ends[kind - firstTag] ?? -1
  return (bytes, from, to) => {
    if (!scan(bytes, from, to, spans)) return undefined
    starts.fill(-1)
    let checkpoint = false
    for (let index = 0; index < spans.count; index++) {
      const kind = spans.tags[index] ?? 0
      if (kind < firstTag) checkpoint = true
      else if (starts[kind - firstTag] === -1) {
        starts[kind - firstTag] = spans.starts[index] ?? 0
        ends[kind - firstTag] = spans.ends[index] ?? 0
      }
    }
    return { bytes, spans, checkpoint, start, end }
  }
}

function scanFields(): FieldNode {
  const root: FieldNode = {}
  addCheckpointFields(root)
  wantStrings(root, scanTag.type, ['type'])
  wantStrings(root, scanTag.uuid, ['uuid'])
  wantStrings(root, scanTag.cwd, ['cwd'])
  wantStrings(root, scanTag.version, ['version'])
  wantStrings(root, scanTag.branch, ['gitBranch'])
  wantStrings(root, scanTag.slug, ['slug'])
  wantStrings(root, scanTag.customTitle, ['customTitle'])
  wantStrings(root, scanTag.aiTitle, ['aiTitle'])
  wantStrings(root, scanTag.summary, ['summary'])
  wantStrings(root, scanTag.lastPrompt, ['lastPrompt'])
  wantStrings(root, scanTag.text, ['message.content', 'message.content[].text'])
  wantStrings(root, scanTag.planFile, ['planFilePath', 'attachment.planFilePath'])
  wantStrings(root, scanTag.resultPath, ['toolUseResult.filePath'])
  at(root, 'toolUseResult.plan').whole = scanTag.plan
  at(root, 'isSidechain').whole = scanTag.sidechain
  at(root, 'isMeta').whole = scanTag.meta
  return root
}

export const hasTag = (row: ScannedRow, kind: number) => row.start(kind) >= 0

/** Whether the row's value under `kind` is the literal `true`. */
export const isTrue = (row: ScannedRow, kind: number) =>
  hasTag(row, kind) && row.bytes[row.start(kind)] === 116

/** The first text under `kind`, at most its first few thousand characters. */
export function textOf(row: ScannedRow, kind: number): string | undefined {
  return hasTag(row, kind) ? beginning(row.bytes, row.start(kind), row.end(kind)) : undefined
}

const mostDecoded = 4096

/** The text of a string, cut after some thousand bytes: into an escape or a character, so a few bytes less may do. */
export function beginning(bytes: Buffer, start: number, end: number): string | undefined {
  if (end - start <= mostDecoded) return decodeString(bytes, start, end)
  for (let back = 0; back < 12; back++) {
    const text = decodeString(bytes, start, start + mostDecoded - back)
    if (text !== undefined) return text
  }
  return undefined
}
