/** What the beginning and the end of a transcript say of its session: enough to name it, however long it is. */

import type { SessionFile } from './locate.ts'
import { type Scan, scanTranscript } from './scan.ts'
import { sizeInLines } from './session-file.ts'

/** So much of each end is read: half a second less for 100 MB than all of it. */
const endBytes = 512 * 1024

export interface Glance extends Omit<Scan, 'messages'> {
  /** Null when they were not counted. */
  readonly messages: number | null
}

/**
 * Whole lines up to `size` only. A title that was given in the middle and never repeated is missed, and messages are
 * counted only where nothing lies between the ends, or `previous`, a scan of the same file, knows it. Throws `failed`.
 */
export async function glanceTranscript(
  { path }: Pick<SessionFile, 'path'>,
  size: number,
  previous: Scan | null,
): Promise<Glance> {
  if (previous && size - previous.scannedTo <= 2 * endBytes) return scanTranscript(path, size, previous)
  if (size <= 2 * endBytes) return scanTranscript(path, size, null)
  const head = await scanTranscript(path, await sizeInLines(path, endBytes), previous)
  const tailStart = await sizeInLines(path, size - endBytes)
  if (tailStart <= head.scannedTo) return scanTranscript(path, size, head)
  const both = await scanTranscript(path, size, { ...head, scannedTo: tailStart })
  return { ...both, messages: null }
}
