/**
 * A session's conversation while it is decrypted: what its first segment holds is read before the next one is opened.
 * The tables of all segments are held against the signed manifest before anything is handed over, and each segment
 * against its digest before anything of it is.
 */

import { checkLog, type FileProgress } from '../bundle/apply.ts'
import { codeNames } from '../bundle/code-state.ts'
import { TeleportError } from '../errors.ts'
import { withSpools } from '../git-store/spool.ts'
import { type PieceRow, silentProgress } from '../model.ts'
import type { Agents } from '../review/conversation.ts'
import { splitLines } from '../review/lines.ts'
import { handed } from './handed.ts'
import { emptyBase } from './materialise.ts'
import type { Place } from './place.ts'
import { checkSegment, readTable } from './read-segment.ts'
import { noConversation } from './reading.ts'
import { streamedAgents } from './streamed-agents.ts'
import type { TrustedTip } from './trusted-tip.ts'
import { checkTotals, walkLog } from './walk-log.ts'
import type { Workspace } from './workspace.ts'

export interface StreamedLog {
  /** Decrypted anew each time. Throws `damaged-bundle`, `unsafe-bundle` where the log is damaged, behind what is before. */
  lines(): AsyncIterable<Uint8Array>
  readonly agents: Agents
  /** It was pushed with its code changes. */
  readonly changes: boolean
}

/** Throws `damaged-bundle`, `unsafe-bundle`, `empty-session`, and what `work` throws. Nothing named is written. */
export async function withStreamedLog<T>(
  ws: Workspace,
  tip: TrustedTip,
  place: Place,
  work: (log: StreamedLog) => Promise<T>,
): Promise<T> {
  const tables: (readonly PieceRow[])[] = []
  for (const segment of tip.manifest.segments) tables.push(await readTable(ws, tip, segment))
  const files = checkLog(tables)
  checkTotals(tip, files)
  const transcript = files.get('session.jsonl')
  if (!transcript) throw noConversation(tip.session)
  // Nothing may be drawn between what is printed.
  const silent = { ...ws, world: { ...ws.world, progress: silentProgress } }
  const reached = { segment: 0 }
  const code = files.get(codeNames.state)
  return withSpools(ws.store, (open) =>
    work({
      lines: () => splitLines(handed((give) => tell(silent, tip, place, transcript, reached, give))),
      agents: streamedAgents(silent, tip, place, tables, reached, open),
      changes: code !== undefined && !code.gone,
    }),
  )
}

/** What a later generation of the transcript replaces is never told. */
async function tell(
  ws: Workspace,
  tip: TrustedTip,
  place: Place,
  { gen }: FileProgress,
  reached: { segment: number },
  give: (bytes: Uint8Array) => Promise<void>,
): Promise<void> {
  let told = false
  const walk = walkLog(ws, tip, emptyBase, place, {
    wanted: (row) => row.name === 'session.jsonl' && row.gen === gen,
    async take(_row, content) {
      for await (const bytes of content) {
        told = true
        await give(bytes)
      }
    },
  })
  try {
    for (const [at, segment] of tip.manifest.segments.entries()) {
      await checkSegment(ws, tip, segment)
      reached.segment = at
      await walk.apply(segment)
    }
    walk.finish()
    if (!told) throw noConversation(tip.session)
  } catch (error) {
    throw told && error instanceof TeleportError ? partly(error) : error
  }
}

function partly(cause: TeleportError): TeleportError {
  const { hint } = cause
  return new TeleportError(cause.code, `${cause.message}; what was read before it is not all of it`, {
    cause,
    ...(hint === undefined ? {} : { hint }),
  })
}
