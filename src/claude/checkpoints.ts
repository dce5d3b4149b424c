/** The tracked files that a checkpoint row names, read from its spans. Pure. */

import type { Platform } from '../model.ts'
import { decodeString, type Spans } from './json-spans.ts'
import { tag } from './path-fields.ts'
import { pathRules } from './platform-path.ts'

/** One tracked file of a checkpoint row. Indexes are into the spans; -1 when the row does not have the part. */
export interface Tracked {
  readonly entry: number
  readonly key: number
  readonly parent: number
  readonly backup: number
  /** A part is there twice, so that readers may disagree on which one counts. */
  readonly repeated: boolean
}

interface Collecting {
  entry: number
  key: number
  parent: number
  backup: number
  repeated: boolean
}

const parts = new Map<number, 'key' | 'parent' | 'backup'>([
  [tag.trackedKey, 'key'],
  [tag.trackedParent, 'parent'],
  [tag.trackedBackup, 'backup'],
  [tag.deltaKey, 'key'],
  [tag.deltaParent, 'parent'],
  [tag.deltaBackup, 'backup'],
])

/** The tracked files of a row; for all rows but checkpoints, none. */
export function trackedFiles(spans: Spans): readonly Tracked[] {
  const found: Collecting[] = []
  let delta: Collecting | undefined
  for (let index = 0; index < spans.count; index++) {
    const kind = spans.tags[index] ?? -1
    if (kind < tag.trackedEntry || kind > tag.deltaBackup) continue
    if (kind === tag.trackedEntry) {
      found.push(emptyTracked(index))
      continue
    }
    const isDelta = kind >= tag.deltaKey
    if (isDelta && !delta) {
      delta = emptyTracked(-1)
      found.push(delta)
    }
    const file = isDelta ? delta : found.findLast((one) => one !== delta)
    const part = parts.get(kind)
    if (!file || !part) continue
    file.repeated ||= file[part] >= 0
    file[part] = index
  }
  return found
}

const emptyTracked = (entry: number): Collecting => ({
  entry,
  key: -1,
  parent: -1,
  backup: -1,
  repeated: false,
})

/** The text of a span, or `undefined` when it is absent or not valid. */
export function spanText(bytes: Buffer, spans: Spans, index: number): string | undefined {
  const [start, end] = [spans.starts[index], spans.ends[index]]
  return start === undefined || end === undefined ? undefined : decodeString(bytes, start, end)
}

/** The tracked file's absolute path on the machine that wrote the row. */
export function trackedPath(
  key: string | undefined,
  parent: string | undefined,
  platform: Platform,
): string | undefined {
  if (key === undefined) return undefined
  const rules = pathRules(platform)
  if (rules.isAbsolute(key)) return key
  return parent === undefined ? undefined : rules.join(parent, rules.basename(key))
}
