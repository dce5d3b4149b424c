/** Edits the known path fields of one JSON document. Pure. */

import type { SessionId } from '../model.ts'
import { spanText, type Tracked, trackedFiles, trackedPath } from './checkpoints.ts'
import { type Edits, replace } from './edits.ts'
import { decodeString, encodeString, type Spans } from './json-spans.ts'
import { tag } from './path-fields.ts'
import { pathRules } from './platform-path.ts'
import type { Relocation } from './relocation.ts'

export interface SessionChange {
  readonly from: SessionId
  readonly to: SessionId
}

/** Adds the edits that a scanned document needs; what they do not cover stays byte for byte. */
export type FieldEditor = (bytes: Buffer, spans: Spans, edits: Edits) => void

export function fieldEditor(relocation: Relocation, session: SessionChange | undefined): FieldEditor {
  const mappings = new Map<number, Mapping>([
    [tag.path, rememberedMapping((text) => relocation.path(text))],
    [tag.command, rememberedMapping((text) => relocation.text(text))],
    [tag.session, rememberedMapping((text) => (text === session?.from ? session.to : text))],
  ])
  return (bytes, spans, edits) => {
    let checkpoint = false
    for (let index = 0; index < spans.count; index++) {
      const kind = spans.tags[index] ?? -1
      const mapping = mappings.get(kind)
      if (mapping) editSpan(bytes, spans, index, edits, mapping)
      checkpoint ||= kind >= tag.trackedEntry && kind <= tag.deltaBackup
    }
    if (!checkpoint) return
    for (const file of trackedFiles(spans)) editTracked(bytes, spans, file, edits, relocation)
  }
}

/** The new content of a string whose content is `bytes[start, end)`, or `undefined` for "as it is". */
type Mapping = (bytes: Buffer, start: number, end: number) => Buffer | undefined

/** The same few paths come again on every row, so each is decoded, mapped and encoded once. */
function rememberedMapping(map: (text: string) => string): Mapping {
  const known = new Map<string, Buffer | undefined>()
  return (bytes, start, end) => {
    const raw = bytes.toString('latin1', start, end)
    if (known.has(raw)) return known.get(raw)
    const text = decodeString(bytes, start, end)
    const mapped = text === undefined ? text : map(text)
    const result = mapped === undefined || mapped === text ? undefined : encodeString(mapped)
    if (known.size >= 4096) known.clear()
    if (raw.length <= 4096) known.set(raw, result)
    return result
  }
}

function editSpan(bytes: Buffer, spans: Spans, index: number, edits: Edits, mapping: Mapping): void {
  const [start, end] = [spans.starts[index] ?? 0, spans.ends[index] ?? 0]
  const text = mapping(bytes, start, end)
  if (text) replace(edits, start, end, text)
}

function editTracked(bytes: Buffer, spans: Spans, file: Tracked, edits: Edits, relocation: Relocation): void {
  const key = spanText(bytes, spans, file.key)
  const parent = spanText(bytes, spans, file.parent)
  const backup = spanText(bytes, spans, file.backup)
  const path = trackedPath(key, parent, relocation.origin)
  const absolute = key !== undefined && pathRules(relocation.origin).isAbsolute(key)
  const change = (index: number, from: string | undefined, to: (text: string) => string) => {
    if (from === undefined) return
    const mapped = to(from)
    if (mapped !== from)
      replace(edits, spans.starts[index] ?? 0, spans.ends[index] ?? 0, encodeString(mapped))
  }
  change(file.key, key, (text) => (absolute ? relocation.path(text) : relocation.relative(text)))
  change(file.parent, parent, (text) => relocation.path(text))
  change(file.backup, backup, (text) => relocation.backupName(text, path))
}
