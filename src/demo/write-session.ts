/** Writes a told session to a configuration folder. */

import { type FileHandle, mkdir, open as openFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileError } from '../errors.ts'
import {
  appendTurns,
  generateSession,
  type Part,
  type SessionCursor,
  type SessionOptions,
  transcriptPath,
} from './generate-session.ts'

export interface WrittenSession {
  /** Absolute. */
  readonly transcript: string
  readonly cursor: SessionCursor
}

/**
 * Writes a new session below `options.config`. Files of other sessions stay; rows are added to
 * `history.jsonl`. Throws `disk-full` or `failed`.
 */
export async function writeSession(options: SessionOptions): Promise<WrittenSession> {
  return writeParts(options, generateSession(options))
}

/**
 * Lets the session that was written there, or that was brought there, go on by about `bytes` more.
 * Throws `disk-full` or `failed`.
 */
export async function continueSession(
  options: SessionOptions,
  cursor: SessionCursor,
  bytes: number,
): Promise<WrittenSession> {
  return writeParts(options, appendTurns(options, cursor, { bytes }))
}

async function writeParts(
  options: SessionOptions,
  parts: Generator<Part, SessionCursor, undefined>,
): Promise<WrittenSession> {
  const open = new Map<string, FileHandle>()
  try {
    for (;;) {
      const step = parts.next()
      if (step.done) {
        return { transcript: path.join(options.config, transcriptPath(options)), cursor: step.value }
      }
      await writePart(options.config, step.value, open)
    }
  } catch (error) {
    throw fileError(error, 'writing an invented session')
  } finally {
    await Promise.all([...open.values()].map((handle) => handle.close()))
  }
}

async function writePart(config: string, part: Part, open: Map<string, FileHandle>): Promise<void> {
  const file = path.join(config, part.path)
  if (!part.append) {
    await mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
    await writeFile(file, part.bytes, { mode: 0o600 })
    return
  }
  const handle = open.get(file) ?? (await openToAppend(file))
  open.set(file, handle)
  await handle.appendFile(part.bytes)
}

async function openToAppend(file: string): Promise<FileHandle> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o700 })
  return openFile(file, 'a', 0o600)
}
