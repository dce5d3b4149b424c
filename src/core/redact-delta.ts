/** Redacts what a push adds: its pieces, spooled since their sizes come before them, and how to undo it. */

import { createHash } from 'node:crypto'
import { isCode } from '../bundle/names.ts'
import { type Delta, type PieceSource, replaceSources } from '../bundle/plan.ts'
import type { Spool } from '../git-store/spool.ts'
import { asSha256, type FileRecord, type Progress } from '../model.ts'
import {
  encodeEdit,
  encodePatchHead,
  encodePieceEnd,
  encodePieceStart,
  type PatchSubject,
} from '../redact/patch.ts'
import type { Redactor } from '../redact/redactor.ts'

export interface RedactTo {
  /** The redacted bytes of the pieces that were changed. The sources read from it. */
  readonly output: Spool
  /** What was taken out, as docs/format.md has it, of the segment `subject`. */
  readonly list: Spool
  readonly subject: PatchSubject
  /** Told each finding of what is sent. */
  found(rule: string): void
  readonly progress: Progress
}

export interface Redacted {
  readonly delta: Delta
  /** Pieces that the list holds. */
  readonly changed: number
}

/**
 * @param record what `delta` was planned with
 * Throws `secret-found`, and what the sources throw.
 */
export async function redactDelta(
  delta: Delta,
  record: Readonly<Record<string, FileRecord>>,
  redactor: Redactor,
  to: RedactTo,
): Promise<Redacted> {
  to.progress.step('redacting', delta.bytes)
  await to.list.write(encodePatchHead(to.subject))
  const sources: PieceSource[] = []
  let changed = 0
  for (const source of delta.sources) {
    const { row } = source
    // Code is looked through elsewhere, object by object, and never altered.
    const done =
      row.op === 'gone' || isCode(row.name) ? source : await redactPiece(source, sources.length, redactor, to)
    if (done) sources.push(done)
    if (done && done !== source) changed += 1
  }
  return { delta: replaceSources(delta, record, sources), changed }
}

/** The source itself when nothing was found in it; null for an `append` of which nothing is left, which waits for more. */
async function redactPiece(
  source: PieceSource,
  index: number,
  redactor: Redactor,
  { output, list, found, progress }: RedactTo,
): Promise<PieceSource | null> {
  const { row } = source
  const [start, listStart] = [output.size(), list.size()]
  const hash = createHash('sha256')
  const rules: string[] = []
  let edits = 0
  const redacted = redactor.redactPiece(row.name, source.read(), {
    async edit(edit) {
      if (edits === 0) await list.write(encodePieceStart(index))
      edits += 1
      await list.write(encodeEdit(edit))
    },
    finding: (rule) => void rules.push(rule),
  })
  for await (const chunk of redacted) {
    hash.update(chunk)
    await output.write(chunk)
    progress.advance(chunk.length)
  }
  const end = output.size()
  if (edits === 0) {
    output.cut(start)
    return source
  }
  if (end === start && row.op === 'append') {
    list.cut(listStart)
    return null
  }
  for (const rule of rules) found(rule)
  await list.write(encodePieceEnd({ piece: index, edits, size: row.size, sha256: row.sha256 }))
  return {
    row: { ...row, size: end - start, sha256: asSha256(hash.digest('hex')) },
    read: () => output.read(start, end),
  }
}
