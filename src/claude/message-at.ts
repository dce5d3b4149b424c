/** Which message of a transcript was the last one at a moment. */

import { eachLine, lineBatches } from '../json/line-batches.ts'
import { at, type FieldNode, wantStrings } from './field-tree.ts'
import { decodeString, newSpans, spanScanner } from './json-spans.ts'
import type { SessionFile } from './locate.ts'
import { readRange } from './session-file.ts'

export interface MessageAt {
  readonly uuid: string
  readonly timeMs: number
}

/** Most moments are recent, and most transcripts long: looked through from the end. */
const firstLookBytes = 1024 * 1024

/**
 * For each moment (milliseconds) the newest row of the main conversation that is not younger; null when there is none.
 * Throws `failed` when the file cannot be read.
 */
export async function messagesAt(
  file: Pick<SessionFile, 'path' | 'sizeBytes'>,
  momentsMs: readonly number[],
): Promise<readonly (MessageAt | null)[]> {
  const earliest = Math.min(...momentsMs)
  for (let bytes = firstLookBytes; ; bytes *= 8) {
    const start = Math.max(0, file.sizeBytes - bytes)
    const seen = await lookThrough(file, start, momentsMs)
    if (start === 0 || seen.firstMs <= earliest) return seen.found
  }
}

async function lookThrough(
  file: Pick<SessionFile, 'path' | 'sizeBytes'>,
  start: number,
  momentsMs: readonly number[],
): Promise<{ readonly found: readonly (MessageAt | null)[]; readonly firstMs: number }> {
  const found: (MessageAt | null)[] = momentsMs.map(() => null)
  const readMessage = messageReader()
  let firstMs = Number.POSITIVE_INFINITY
  let cut = start > 0
  for await (const batch of lineBatches(readRange(file.path, start, file.sizeBytes))) {
    if (!batch.whole) continue
    eachLine(batch.bytes, (from, to, next) => {
      // The first line of a look from the middle began before; one without its line feed is still being written.
      const whole = !cut && next !== to
      cut = false
      const message = whole ? readMessage(batch.bytes, from, to) : undefined
      if (!message) return
      firstMs = Math.min(firstMs, message.timeMs)
      for (const [index, moment] of momentsMs.entries()) if (message.timeMs <= moment) found[index] = message
    })
  }
  return { found, firstMs }
}

const tag = { type: 1, uuid: 2, timestamp: 3, sidechain: 4, meta: 5 } as const

function messageReader(): (bytes: Buffer, start: number, end: number) => MessageAt | undefined {
  const root: FieldNode = {}
  wantStrings(root, tag.type, ['type'])
  wantStrings(root, tag.uuid, ['uuid'])
  wantStrings(root, tag.timestamp, ['timestamp'])
  at(root, 'isSidechain').whole = tag.sidechain
  at(root, 'isMeta').whole = tag.meta
  const scan = spanScanner(root)
  const spans = newSpans()
  return (bytes, start, end) => {
    if (!scan(bytes, start, end, spans)) return undefined
    const text = (wanted: number) => {
      const index = spans.tags.indexOf(wanted)
      if (index < 0 || index >= spans.count) return ''
      return decodeString(bytes, spans.starts[index] ?? 0, spans.ends[index] ?? 0) ?? ''
    }
    const holds = (wanted: number) => {
      const index = spans.tags.indexOf(wanted)
      return index >= 0 && index < spans.count && bytes[spans.starts[index] ?? 0] === 0x74
    }
    if (!['user', 'assistant'].includes(text(tag.type)) || holds(tag.sidechain) || holds(tag.meta)) return
    const [uuid, timeMs] = [text(tag.uuid), Date.parse(text(tag.timestamp))]
    return isUuid(uuid) && !Number.isNaN(timeMs) ? { uuid, timeMs } : undefined
  }
}

/** As a manifest takes it. */
const isUuid = (text: string) => /^[\x21-\x7e]{1,64}$/.test(text)
