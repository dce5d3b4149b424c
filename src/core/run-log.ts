/** What a background session has said so far, and as it says more. */

import type { RunRecord } from '../bundle/run-record.ts'
import { lastLineOf, readGrowing } from '../git-store/growing-file.ts'
import { runErrors, runLog } from '../git-store/run-files.ts'
import type { SessionId } from '../model.ts'
import { splitLines } from '../review/lines.ts'
import { asTranscript, type RunFigures, takeFigures } from '../review/run-stream.ts'
import { getRun, isAtWork, type RunPlace } from './run-records.ts'
import { withWorkspace } from './workspace.ts'
import type { World } from './world.ts'

export interface LogOptions {
  /** Otherwise the one that was started last. */
  readonly session?: string | undefined
  /** Waits for more until the session has ended and all was seen to. */
  readonly follow: boolean
  readonly remote?: string | undefined
}

export interface RunLog {
  readonly session: SessionId
  readonly log: string
  /** The stream as it is, in pieces of any size. */
  readonly raw: AsyncIterable<Uint8Array>
}

/** Hands the log to `work`. Throws `no-session`, `ambiguous-session`. */
export async function readLog<T>(
  world: World,
  options: LogOptions,
  work: (log: RunLog) => Promise<T>,
): Promise<T> {
  const { place, record } = await withWorkspace(world, options, async (ws) => {
    return { place: { path: ws.store.path } satisfies RunPlace, record: await getRun(ws, options.session) }
  })
  const { session } = record
  const log = runLog(place, session)
  const ended = async () =>
    !options.follow || world.signal.aborted || !(await isAtWork(world, place, session))
  return work({ session, log, raw: readGrowing(log, ended) })
}

/** Rows of a transcript, for whoever shows one. */
export function transcriptOf({ raw }: RunLog): AsyncIterable<Uint8Array> {
  return asTranscript(splitLines(raw))
}

/** Of what it has said so far. */
export async function figuresOf(
  place: RunPlace,
  { session }: Pick<RunRecord, 'session'>,
): Promise<RunFigures> {
  return takeFigures(splitLines(readGrowing(runLog(place, session), async () => true)))
}

/** The last line of what was said on stderr, not made safe; empty when nothing was. */
export async function lastErrorOf(place: RunPlace, { session }: Pick<RunRecord, 'session'>): Promise<string> {
  return (await lastLineOf(runErrors(place, session))).slice(0, 400)
}
