/** What a background session has said so far, and as it says more. */

import { open, stat } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import type { RunRecord } from '../bundle/run-record.ts'
import { errnoOf, fileError } from '../errors.ts'
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
  return work({ session, log, raw: chunksOf(log, ended) })
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
  return takeFigures(splitLines(chunksOf(runLog(place, session), async () => true)))
}

const lookedAtBytes = 8192

/** The last line of what was said on stderr, not made safe; empty when nothing was. */
export async function lastErrorOf(place: RunPlace, { session }: Pick<RunRecord, 'session'>): Promise<string> {
  const file = runErrors(place, session)
  const size = (await stat(file).catch(() => undefined))?.size ?? 0
  const chunks: Uint8Array[] = []
  for await (const chunk of readFrom(file, Math.max(0, size - lookedAtBytes))) chunks.push(chunk)
  const lines = Buffer.concat(chunks).toString().split('\n')
  return (
    lines
      .findLast((line) => line.trim() !== '')
      ?.trim()
      .slice(0, 400) ?? ''
  )
}

const lookEveryMs = 200
const chunkBytes = 256 * 1024

/** From the start to the end, which is the end only once `ended` says so. A file that is not there yet is empty. */
async function* chunksOf(file: string, ended: () => Promise<boolean>): AsyncGenerator<Uint8Array> {
  let at = 0
  for (;;) {
    // Asked first: what is written before the end is read after the answer.
    const last = await ended()
    for await (const chunk of readFrom(file, at)) {
      at += chunk.byteLength
      yield chunk
    }
    if (last) return
    await setTimeout(lookEveryMs)
  }
}

async function* readFrom(file: string, start: number): AsyncGenerator<Uint8Array> {
  const handle = await open(file, 'r').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined
    throw fileError(error, `reading ${file}`)
  })
  if (!handle) return
  try {
    for (let at = start; ; ) {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(chunkBytes), 0, chunkBytes, at)
      if (bytesRead === 0) return
      at += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  } catch (error) {
    throw fileError(error, `reading ${file}`)
  } finally {
    await handle.close()
  }
}
