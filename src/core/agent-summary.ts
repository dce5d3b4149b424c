/** What the SDK wants to know of a session for its lists: folded from the rows by its own function, and kept. */

import {
  type AgentHome,
  readAgentRows,
  readSummary,
  transcriptStamp,
  writeSummary,
} from '../claude/agent-home.ts'
import type { AgentRow } from '../claude/append-rows.ts'
import type { SessionId } from '../model.ts'

/** `data` belongs to the SDK: kept as it is, and read by nobody else. */
export interface SessionSummary {
  sessionId: string
  /** Milliseconds since 1970, by the clock of `listSessions`. */
  mtime: number
  data: Record<string, unknown>
}

export type FoldSummary = (
  previous: SessionSummary | undefined,
  key: { projectKey: string; sessionId: string },
  entries: AgentRow[],
  options?: { mtime?: number },
) => SessionSummary

interface Kept {
  readonly inode: number
  readonly size: number
  readonly rows: number
  readonly summary: SessionSummary
}

/** Only rows that were added since the last time are folded in; a transcript that was replaced is folded anew. */
export async function summaryOf(
  home: AgentHome,
  fold: FoldSummary,
  {
    projectKey,
    session,
    mtimeMs,
  }: { readonly projectKey: string; readonly session: SessionId; readonly mtimeMs: number },
): Promise<SessionSummary | undefined> {
  const stamp = await transcriptStamp(home, session)
  if (!stamp) return undefined
  const kept = parseKept(await readSummary(home, session))
  const goesOn = kept !== undefined && kept.inode === stamp.inode && kept.size <= stamp.size
  if (goesOn && kept.size === stamp.size) return { ...kept.summary, mtime: mtimeMs }
  const rows = (await readAgentRows(home, session)) ?? []
  const before = goesOn ? kept.rows : 0
  const key = { projectKey, sessionId: session }
  const summary = fold(goesOn ? kept.summary : undefined, key, rows.slice(before), { mtime: mtimeMs })
  const now: Kept = { inode: stamp.inode, size: stamp.size, rows: rows.length, summary }
  await writeSummary(home, session, now)
  return summary
}

function parseKept(value: unknown): Kept | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (!('inode' in value && 'size' in value && 'rows' in value && 'summary' in value)) return undefined
  const { inode, size, rows, summary } = value
  if (typeof inode !== 'number' || typeof size !== 'number' || typeof rows !== 'number') return undefined
  return isSummary(summary) ? { inode, size, rows, summary } : undefined
}

function isSummary(value: unknown): value is SessionSummary {
  if (typeof value !== 'object' || value === null) return false
  if (!('sessionId' in value && 'mtime' in value && 'data' in value)) return false
  const { sessionId, mtime, data } = value
  return (
    typeof sessionId === 'string' && typeof mtime === 'number' && typeof data === 'object' && data !== null
  )
}
