/** What a transcript says about its session, read once and continued from where the last scan ended. */

import { createReadStream } from 'node:fs'
import { fileError } from '../errors.ts'
import { eachLine, lineBatches } from '../json/line-batches.ts'
import type { Platform } from '../model.ts'
import { spanText, trackedFiles, trackedPath } from './checkpoints.ts'
import { sameBytes } from './json-spans.ts'
import { promptLine } from './prompt-text.ts'
import { isBackupOf } from './relocation.ts'
import { beginning, hasTag, isTrue, rowScanner, type ScannedRow, scanTag, textOf } from './scan-row.ts'
import { emptyScan, mostNames, mostTracked, type Scan } from './scan-state.ts'

export { parseScan, type Scan } from './scan-state.ts'

/**
 * Scans bytes `[0, size)`, which should end behind a line feed, and only what `previous` has not seen. A `previous`
 * that reaches past `size`, or to the middle of a line, is not used. Lines that cannot be read count for nothing.
 * Throws `failed` when the file cannot be read.
 */
export async function scanTranscript(path: string, size: number, previous: Scan | null): Promise<Scan> {
  const usable = previous !== null && (await endsAtLine(path, previous.scannedTo, size))
  const scan = newNotes(usable && previous ? previous : emptyScan)
  if (scan.scannedTo >= size) return finished(scan)
  const scanRow = rowScanner()
  try {
    const stream = createReadStream(path, {
      start: scan.scannedTo,
      end: size - 1,
      highWaterMark: 256 * 1024,
    })
    for await (const batch of lineBatches(stream)) {
      let lines = 0
      eachLine(batch.bytes, (start, end, next) => {
        // Without a line feed the line is still being written, unless it is one over the cap.
        if (next === end && batch.whole) return
        const row = batch.whole ? scanRow(batch.bytes, start, end) : undefined
        if (row) noteRow(scan, row)
        lines = next
      })
      scan.scannedTo += batch.whole ? lines : batch.bytes.length
      settle(scan)
    }
  } catch (error) {
    throw fileError(error, `reading ${path}`)
  }
  return finished(scan)
}

async function endsAtLine(path: string, offset: number, size: number): Promise<boolean> {
  if (offset === 0) return true
  if (offset > size) return false
  try {
    for await (const chunk of createReadStream(path, { start: offset - 1, end: offset - 1 }))
      return chunk[0] === 10
  } catch (error) {
    throw fileError(error, `reading ${path}`)
  }
  return false
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] }

interface Notes extends Mutable<Omit<Scan, 'slugs' | 'planFiles' | 'tracked'>> {
  readonly slugs: Set<string>
  readonly planFiles: Set<string>
  readonly tracked: Map<string, string>
  /** The bytes last seen under a tag that has the same value on most rows. */
  readonly last: Map<number, Buffer>
  /** Of the batch at hand: texts that may be prompts, and the last message's uuid. Decoded when it is through. */
  prompts: Place[]
  lastPrompts: Place[]
  uuid: Place | undefined
}

interface Place {
  readonly bytes: Buffer
  readonly start: number
  readonly end: number
}

const newNotes = (scan: Scan): Notes => ({
  ...scan,
  slugs: new Set(scan.slugs),
  planFiles: new Set(scan.planFiles),
  tracked: new Map(Object.entries(scan.tracked)),
  last: new Map(),
  prompts: [],
  lastPrompts: [],
  uuid: undefined,
})

function finished(notes: Notes): Scan {
  const { last: _last, prompts: _prompts, lastPrompts: _lastPrompts, uuid: _uuid, ...scan } = notes
  return {
    ...scan,
    slugs: [...notes.slugs],
    planFiles: [...notes.planFiles],
    tracked: Object.fromEntries(notes.tracked),
  }
}

function noteRow(scan: Notes, row: ScannedRow): void {
  scan.cwd ??= textOf(row, scanTag.cwd) ?? null
  scan.lastCwd = changedText(scan, row, scanTag.cwd) ?? scan.lastCwd
  scan.client = changedText(scan, row, scanTag.version) ?? scan.client
  scan.branch = changedText(scan, row, scanTag.branch) || scan.branch
  const slug = changedText(scan, row, scanTag.slug)
  if (slug !== undefined && scan.slugs.size < mostNames) scan.slugs.add(slug)
  const type = textOf(row, scanTag.type)
  if (type === 'user' || type === 'assistant') noteMessage(scan, row, type)
  else if (type !== undefined) noteTitle(scan, row, type)
  notePlan(scan, row)
  if (!row.checkpoint) return
  for (const file of trackedFiles(row.spans)) noteTracked(scan, row, file)
}

/** The text under `kind`, or `undefined` when there is none or it is the same as on the row before. */
function changedText(scan: Notes, row: ScannedRow, kind: number): string | undefined {
  const [start, end] = [row.start(kind), row.end(kind)]
  if (start < 0) return undefined
  const last = scan.last.get(kind)
  if (last && last.length === end - start && sameBytes(last, row.bytes, start)) return undefined
  scan.last.set(kind, Buffer.from(row.bytes.subarray(start, end)))
  return beginning(row.bytes, start, end)
}

function noteMessage(scan: Notes, row: ScannedRow, type: 'user' | 'assistant'): void {
  if (isTrue(row, scanTag.sidechain) || isTrue(row, scanTag.meta)) return
  scan.messages++
  scan.uuid = placeOf(row, scanTag.uuid) ?? scan.uuid
  const text = type === 'user' ? placeOf(row, scanTag.text) : undefined
  if (!text) return
  scan.prompts.push(text)
  scan.lastPrompts.push(text)
}

function placeOf(row: ScannedRow, kind: number): Place | undefined {
  return hasTag(row, kind) ? { bytes: row.bytes, start: row.start(kind), end: row.end(kind) } : undefined
}

/** Of all texts of a batch only the first and the last that are prompts are wanted. */
function settle(scan: Notes): void {
  const { uuid, prompts, lastPrompts } = scan
  if (uuid) scan.lastMessage = beginning(uuid.bytes, uuid.start, uuid.end) ?? scan.lastMessage
  const line = (place: Place) => promptLine(beginning(place.bytes, place.start, place.end) ?? '')
  const firstOf = (places: readonly Place[]) => {
    for (const place of places) if (line(place) !== '') return line(place)
    return null
  }
  scan.firstPrompt ??= firstOf(prompts)
  scan.lastPrompt = firstOf(lastPrompts.reverse()) ?? scan.lastPrompt
  if (scan.firstPrompt !== null) setTitle(scan, 'prompt', scan.firstPrompt)
  scan.prompts = []
  scan.lastPrompts = []
  scan.uuid = undefined
}

function noteTitle(scan: Notes, row: ScannedRow, type: string): void {
  if (type === 'custom-title') setTitle(scan, 'custom', textOf(row, scanTag.customTitle))
  else if (type === 'ai-title') setTitle(scan, 'ai', textOf(row, scanTag.aiTitle))
  else if (type === 'summary') setTitle(scan, 'summary', textOf(row, scanTag.summary))
  else if (type === 'last-prompt') {
    const text = placeOf(row, scanTag.lastPrompt)
    if (text) scan.lastPrompts.push(text)
  }
}

const ranks = { prompt: 0, summary: 1, ai: 2, custom: 3 } as const

/** Within one kind the last counts; what a person chose beats what the client made up. */
function setTitle(scan: Notes, from: keyof typeof ranks, text: string | undefined): void {
  const title = promptLine(text ?? '')
  if (title === '' || (scan.titleFrom !== null && ranks[from] < ranks[scan.titleFrom])) return
  scan.title = title
  scan.titleFrom = from
}

function notePlan(scan: Notes, row: ScannedRow): void {
  const file =
    textOf(row, scanTag.planFile) ?? (hasTag(row, scanTag.plan) ? textOf(row, scanTag.resultPath) : undefined)
  if (file !== undefined && scan.planFiles.size < mostNames) scan.planFiles.add(file)
}

/** The name holds a hash of the path, so what does not fit is not a tracked file of this machine. */
function noteTracked(
  scan: Notes,
  { bytes, spans }: ScannedRow,
  file: ReturnType<typeof trackedFiles>[number],
): void {
  const name = spanText(bytes, spans, file.backup)
  if (name === undefined || scan.tracked.has(name) || scan.tracked.size >= mostTracked) return
  const [key, parent] = [spanText(bytes, spans, file.key), spanText(bytes, spans, file.parent)]
  for (const platform of ['posix', 'win32'] satisfies Platform[]) {
    const path = trackedPath(key, parent, platform)
    if (path === undefined || !isBackupOf(name, path)) continue
    scan.tracked.set(name, path)
    return
  }
}
