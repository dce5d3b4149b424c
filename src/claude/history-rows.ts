/** Adds a session's prompt-history rows to the file that all sessions and running clients share. */

import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { fileError, TeleportError } from '../errors.ts'
import { eachLine, lineBatches } from '../json/line-batches.ts'
import type { SessionId } from '../model.ts'
import { at, type FieldNode } from './field-tree.ts'
import { newSpans, spanScanner } from './json-spans.ts'
import { plainSize, readRange } from './session-file.ts'

/** Prompts of one session do not come to more. */
const mostBytes = 64 * 1024 * 1024

/**
 * Appends those of the session's `rows` that `file` does not have yet (same session, same timestamp), with one write.
 * Rows of other sessions are left out. Returns how many were added. Throws `foreign-file` when `file` is a link.
 */
export async function appendMissingRows(file: string, session: SessionId, rows: string): Promise<number> {
  const known = new Set<string>()
  const size = await plainSize(file)
  if (size !== undefined) {
    await eachOwnRow(readRange(file, 0, size), session, (timestamp) => known.add(timestamp))
  }
  const missing: Buffer[] = []
  const rowsSize = (await plainSize(rows)) ?? 0
  await eachOwnRow(readRange(rows, 0, rowsSize), session, (timestamp, line) => {
    if (known.has(timestamp)) return
    known.add(timestamp)
    missing.push(Buffer.from(line))
  })
  if (missing.length > 0) await appendOnce(file, missing)
  return missing.length
}

/** Calls `visit` for each row of `session`, its line without the line feed. */
async function eachOwnRow(
  content: AsyncIterable<Uint8Array>,
  session: SessionId,
  visit: (timestamp: string, line: Buffer) => void,
): Promise<void> {
  const root: FieldNode = {}
  at(root, 'sessionId').whole = 0
  at(root, 'timestamp').whole = 1
  const scan = spanScanner(root)
  const spans = newSpans()
  for await (const { bytes, whole } of lineBatches(content, mostBytes)) {
    if (!whole) continue
    eachLine(bytes, (start, end) => {
      if (!scan(bytes, start, end, spans) || spans.count !== 2) return
      const text = (index: number) => bytes.toString('latin1', spans.starts[index], spans.ends[index])
      const [own, time] = spans.tags[0] === 0 ? [text(0), text(1)] : [text(1), text(0)]
      if (spans.tags[0] !== spans.tags[1] && own === `"${session}"`) visit(time, bytes.subarray(start, end))
    })
  }
}

async function appendOnce(file: string, lines: readonly Buffer[]): Promise<void> {
  const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0)
  try {
    const handle = await open(file, flags, 0o600)
    try {
      const { size } = await handle.stat()
      const last = Buffer.alloc(1)
      if (size > 0) await handle.read(last, 0, 1, size - 1)
      // A client may have died in the middle of its last row: ours must not be glued to it.
      const lead = size > 0 && last[0] !== 10 ? [Buffer.from('\n')] : []
      const bytes = Buffer.concat([...lead, ...lines.flatMap((line) => [line, Buffer.from('\n')])])
      const { bytesWritten } = await handle.write(bytes)
      if (bytesWritten < bytes.length)
        throw new TeleportError('disk-full', `no space left while writing ${file}`)
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw fileError(error, `writing ${file}`)
  }
}
